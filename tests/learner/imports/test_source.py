"""Importing: every row of a source is added, known or rejected with a reason; running it again changes nothing."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import learner.imports.inspection
import learner.imports.source
from db.decisions.log import LiveDecision, live_decisions
from db.errors import DecisionError, FormatError
from db.models import Clip, ClipState, Decision, Rejection, Source
from db.project import OpenProject, create_project
from db.records.clips import find_clip
from learner.imports.source import import_source
from tests.db.exports.exported import exported_decisions
from tests.filled_projects import LABELS, undo
from tests.learner.audio_files import noise, written

NOTHING_ELSE: dict[str, Any] = {
    "rejected": [],
    "aliases": [],
    "warnings": [],
    "notes": [],
    "labels": 0,
    "annotators": [],
    "suggestions": 0,
    "labels_not_taken": [],
}


def audio(folder: Path, *names: str, seconds: float = 0.1) -> None:
    """A file of noise for each name, all different."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        written(folder / name, noise(seconds, seed=number))


def manifest(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def clips(project: OpenProject) -> list[Clip]:
    with project.read() as session:
        found = list(session.scalars(select(Clip).order_by(Clip.id)))
        session.expunge_all()
    return found


def rejections(project: OpenProject) -> list[tuple[str, str]]:
    with project.read() as session:
        return [(row.file_name, row.reason) for row in session.scalars(select(Rejection).order_by(Rejection.id))]


def live(project: OpenProject) -> list[LiveDecision]:
    with project.read() as session:
        return live_decisions(session)


def rows_in_log(project: OpenProject) -> int:
    with project.read() as session:
        return session.scalar(select(func.count()).select_from(Decision)) or 0


class TestManifest:
    def test_is_imported_and_then_known(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", "sub/b.flac")
        source = manifest(
            tmp_path / "m.csv",
            [
                {"file_name": "a.wav", "speaker": "s1", "transcript": "Hi", "split": "dev", "room": "kitchen"},
                {"file_name": "sub/b.flac"},
            ],
        )
        assert import_source(any_project, source).to_json() == {"added": 2, "known": 0, **NOTHING_ELSE}
        first, second = clips(any_project)
        assert (first.file_name, first.speaker, first.transcript, first.split) == ("a.wav", "s1", "Hi", "dev")
        assert (first.extra, first.start, round(first.end, 6)) == ({"room": "kitchen"}, 0.0, 0.1)
        assert second.file_name == "sub/b.flac"
        assert import_source(any_project, source).to_json() == {"added": 0, "known": 2, **NOTHING_ELSE}

    def test_fills_gaps_of_known_clips_and_overwrites_nothing(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path / "clips", "a.wav", "b.wav")
        import_source(any_project, tmp_path / "clips")
        columns = {"speaker": "anna", "transcript": "Hi", "room": "kitchen"}
        source = manifest(tmp_path / "m.csv", [{"file_name": "clips/a.wav", **columns}, {"file_name": "clips/b.wav"}])

        report = import_source(any_project, source)

        assert (report.added, report.known, report.rejected) == (0, 2, [])
        first, second = clips(any_project)
        assert (first.file_name, first.speaker, first.transcript, first.extra) == ("a.wav", "anna", "Hi", {"room": "kitchen"})
        assert (second.speaker, second.extra.get("room")) == (None, None)
        other = manifest(tmp_path / "other.csv", [{"file_name": "clips/a.wav", "speaker": "berta", "transcript": "Ho"}])
        report = import_source(any_project, other)
        assert (report.known, report.rejected) == (1, [])
        [kept] = report.warnings
        assert (kept["file_name"], "stays 'anna'" in kept["warning"]) == ("clips/a.wav", True)
        assert (clips(any_project)[0].speaker, clips(any_project)[0].transcript) == ("anna", "Hi")

    def test_spans_are_clips_of_their_own(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "long.wav", seconds=3.0)
        spans = [("0", "1"), ("1", "2"), ("2", ""), ("", "0.5"), ("", ""), ("2.5", "3.004"), ("0", "1")]
        source = manifest(tmp_path / "m.csv", [{"file_name": "long.wav", "start": start, "end": end} for start, end in spans])
        report = import_source(project, source)
        assert (report.added, report.known, report.rejected, report.aliases) == (6, 1, [], [])
        assert [(clip.start, clip.end) for clip in clips(project)] == [(0, 1), (1, 2), (2, 3), (0, 0.5), (0, 3), (2.5, 3)]
        assert import_source(project, source).known == 7

    def test_spans_outside_the_file_are_rejected(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", seconds=1.0)
        spans = [("0", "9"), ("2", "3"), ("1", ""), ("0", "1"), ("0.5", "0.501")]
        source = manifest(tmp_path / "m.csv", [{"file_name": "a.wav", "start": start, "end": end} for start, end in spans])
        report = import_source(any_project, source)
        assert (report.added, len(report.rejected)) == (1, 4)
        assert len(rejections(any_project)) == 1
        again = import_source(any_project, source)
        assert (again.known, len(again.rejected)) == (1, 4)

    def test_rejects_by_name_what_is_no_file(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        (tmp_path / "folder.wav").mkdir()
        (tmp_path / "loop.wav").symlink_to("loop.wav")
        os.mkfifo(tmp_path / "pipe.wav")
        names = [
            "a.wav",
            "gone.wav",
            "folder.wav",
            "loop.wav",
            "pipe.wav",
            "/dev/zero",
            "x" * 300 + ".wav",
            "../../../../proc/self/mem",
        ]
        report = import_source(any_project, manifest(tmp_path / "m.csv", [{"file_name": name} for name in names]))
        assert report.added == 1
        assert [rejected["file_name"] for rejected in report.rejected] == names[1:]
        words = ("does not exist", "a folder", "symbolic links", "a pipe", "a device", "name too long", "")
        assert all(word.lower() in rejected["reason"].lower() for word, rejected in zip(words, report.rejected, strict=True))

    def test_with_bad_lines_keeps_the_rest_and_forgets_them_once_mended(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", "b.wav", "c.wav")
        source = tmp_path / "m.csv"
        source.write_text("file_name,start\na.wav,0\nb.wav,soon\n,0\nc.wav\n")
        report = import_source(any_project, source)
        assert (report.added, [rejected["file_name"] for rejected in report.rejected]) == (
            1,
            ["b.wav", "line 4 of m.csv", "c.wav"],
        )
        assert len(rejections(any_project)) == 3
        source.write_text("file_name,start\na.wav,0\nb.wav,0\nc.wav,0\n")
        report = import_source(any_project, source)
        assert (report.added, report.known, report.rejected, rejections(any_project)) == (2, 1, [], [])

    def test_names_longer_than_an_index_are_rejected(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        names = ["./" * 3000 + "a.wav", "a.wav", "".join(chr(0x4E00 + number) for number in range(3000))]
        source = manifest(
            tmp_path / "m.csv", [*({"file_name": name} for name in names), {"file_name": "a.wav", "speaker": "s" * 3000}]
        )
        report = import_source(any_project, source)
        assert (report.added, len(report.rejected)) == (1, 3)

    def test_hostile_names_are_just_names(self, any_project: OpenProject, tmp_path: Path) -> None:
        names = [
            "two words.wav",
            'say "hi".wav',
            "two\nlines.wav",
            "🐦.wav",
            "a\u202ewva.exe.wav",
            "<b>bold<b>.wav",
            "'; DROP TABLE clip;--.wav",
            " lead.wav",
            "%s{0}.wav",
            "-rf.wav",
        ]
        audio(tmp_path, *names)
        assert import_source(any_project, manifest(tmp_path / "m.csv", [{"file_name": name} for name in names])).added == len(
            names
        )
        assert [clip.file_name for clip in clips(any_project)] == names
        folder = import_source(any_project, tmp_path)
        assert (folder.known, folder.rejected, folder.aliases) == (len(names), [], [])

    def test_of_no_use_is_an_error_and_changes_nothing(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        (tmp_path / "m.csv").write_text("name\na.wav\n")
        for source in (tmp_path / "m.csv", tmp_path / "none.csv", tmp_path / "a.wav", tmp_path / ("x" * 300)):
            with pytest.raises(FormatError):
                import_source(project, source)
        with pytest.raises(FormatError, match="--labels-from-folders"):
            import_source(project, tmp_path / "m.csv", labels_from_folders=True)
        assert clips(project) == []


class TestSameBytes:
    def test_are_one_clip_and_an_alias(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        shutil.copy(tmp_path / "a.wav", tmp_path / "copy.wav")
        source = manifest(tmp_path / "m.csv", [{"file_name": "a.wav"}, {"file_name": "copy.wav"}])
        for added, known in ((1, 1), (0, 2)):
            report = import_source(any_project, source)
            assert (report.added, report.known) == (added, known)
            assert report.aliases == [{"file_name": "copy.wav", "alias_of": "a.wav"}]
        with any_project.read() as session:
            assert find_clip(session, file_name="copy.wav").file_name == "a.wav"

    def test_changed_under_the_same_path_are_a_new_clip(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        import_source(any_project, tmp_path)
        written(tmp_path / "a.wav", noise(0.3, seed=9))
        report = import_source(any_project, tmp_path)
        assert (report.added, report.known) == (1, 0)
        assert [clip.state for clip in clips(any_project)] == [ClipState.REPLACED, ClipState.READY]

    def test_known_files_are_not_read_again(self, project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        audio(tmp_path, "a.wav", "b.wav")
        import_source(project, tmp_path)

        def refuse(path: str, **_: Any) -> None:
            raise AssertionError(f"{path} is read")

        monkeypatch.setattr(learner.imports.inspection, "validate", refuse)
        monkeypatch.setattr(learner.imports.inspection, "content_hash", refuse)
        assert import_source(project, tmp_path).known == 2

    def test_a_file_that_grows_while_it_is_read_is_rejected(
        self, project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        audio(tmp_path, "a.wav")

        def growing(path: str) -> str:
            with open(path, "ab") as file:
                file.write(b"more")
            return "0" * 64

        monkeypatch.setattr(learner.imports.inspection, "content_hash", growing)
        (rejected,) = import_source(project, tmp_path).rejected
        assert "changed while it was read" in rejected["reason"]


class TestLabels:
    def test_become_decisions_only_when_asked(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", "b.wav")
        source = manifest(tmp_path / "m.csv", [{"file_name": "a.wav", "label": "happy"}, {"file_name": "b.wav", "label": ""}])
        import_source(any_project, source)
        assert live(any_project) == []
        assert import_source(any_project, source, labels_as="gold").labels == 1
        (decision,) = live(any_project)
        assert (decision.source, decision.queued_as) == (Source.IMPORTED, None)
        assert import_source(any_project, source, labels_as="gold").labels == 0
        assert rows_in_log(any_project) == 1

    def test_come_from_folders(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "happy/1.wav", "sad/2.wav", "3.wav")
        assert import_source(project, tmp_path, labels_from_folders=True).labels == 0
        report = import_source(project, tmp_path, labels_from_folders=True, labels_as="folders")
        assert (report.known, report.labels, report.rejected) == (3, 2, [])

    def test_that_contradict_each_other_are_named(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        shutil.copy(tmp_path / "a.wav", tmp_path / "b.wav")
        rows = [{"file_name": "a.wav", "label": "happy"}, {"file_name": "b.wav", "label": "sad"}]
        report = import_source(project, manifest(tmp_path / "m.csv", rows), labels_as="gold")
        assert (report.labels, report.rejected, report.warnings[0]["file_name"]) == (1, [], "b.wav")
        assert "the same audio is labelled 'happy' above" in report.warnings[0]["warning"]

    def test_never_override_what_the_annotator_said_or_took_back(self, any_project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", "b.wav")
        source = manifest(tmp_path / "m.csv", [{"file_name": "a.wav", "label": "happy"}, {"file_name": "b.wav", "label": "sad"}])
        import_source(any_project, source, labels_as="ann")
        assert undo(any_project, annotator="ann")
        rows = [{"file_name": "a.wav", "label": "angry"}, {"file_name": "b.wav", "label": "sad"}]
        relabelled = manifest(tmp_path / "n.csv", rows)
        assert import_source(any_project, relabelled, labels_as="ann").labels == 0
        assert len(live(any_project)) == 1

    def test_need_a_name(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        with pytest.raises(DecisionError):
            import_source(project, tmp_path, labels_as=" ")
        assert clips(project) == []


class TestRun:
    def test_is_resumed_where_it_was_interrupted(
        self, project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(learner.imports.source, "BATCH", 3)
        audio(tmp_path, *(f"{number}.wav" for number in range(10)))

        def interrupt(done: int, total: int) -> None:
            assert total == 10
            if done >= 6:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            import_source(project, tmp_path, progress=interrupt)
        assert len(clips(project)) == 6
        report = import_source(project, tmp_path)
        assert (report.added, report.known) == (4, 6)

    def test_reports_progress_to_the_end(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav", "b.wav")
        source = manifest(tmp_path / "m.csv", [{"file_name": "a.wav"}, {"file_name": "b.wav"}, {"file_name": "gone.wav"}])
        moved: list[tuple[int, int]] = []
        import_source(project, source, progress=lambda done, total: moved.append((done, total)))
        assert moved[-1] == (3, 3)

    def test_slice_keys_are_repeatable_only_when_seeded(self, tmp_path: Path) -> None:
        audio(tmp_path / "audio", "a.wav", "b.wav")
        keys = []
        for number, seed in enumerate([7, 7, None]):
            project = create_project(tmp_path / f"p{number}", labels=LABELS)
            import_source(project, tmp_path / "audio", seed=seed)
            keys.append([clip.slice_key for clip in clips(project)])
            project.close()
        assert keys[0] == keys[1] != keys[2]

    def test_of_very_many_rows_for_one_file_is_quick(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path, "a.wav")
        (tmp_path / "m.csv").write_text("file_name\n" + "a.wav\n" * 5000 + "gone.wav\n" * 500)
        report = import_source(project, tmp_path / "m.csv")
        assert (report.added, report.known, len(report.rejected)) == (1, 4999, 500)

    def test_of_an_export_brings_clips_and_labels_to_another_project(self, project: OpenProject, tmp_path: Path) -> None:
        audio(tmp_path / "audio", "happy/1 é.wav", "sad/2,\n3.wav")
        import_source(project, tmp_path / "audio", labels_from_folders=True, labels_as="folders")
        for format in ("csv", "jsonl"):
            exported_decisions(project, format, tmp_path / f"out.{format}")
            other = create_project(tmp_path / format, labels=LABELS)
            report = import_source(other, tmp_path / f"out.{format}", labels_as="imported")
            assert (report.added, report.labels, report.rejected) == (2, 2, [])
            assert [clip.file_name for clip in clips(other)] == ["happy/1 é.wav", "sad/2,\n3.wav"]
            json.dumps(report.to_json())
            other.close()
