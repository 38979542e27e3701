"""Clips whose file was moved or replaced: an earlier export stays what it was, and no label goes to wrong audio."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest

from db.exports.choice import AudioAs, ExportChoice, RowsOf
from db.exports.registry import Written
from db.project import OpenProject, create_project
from db.records.audio_files import relink
from db.records.clips import mark_broken
from learner.handover.export import export_project
from learner.imports.source import import_source
from tests.filled_projects import answer
from tests.learner.audio_files import tone, written

FORMS = {"consensus": ("csv", RowsOf.CONSENSUS), "decisions": ("csv", RowsOf.DECISIONS), "log": ("log", RowsOf.DECISIONS)}


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    folder = tmp_path / "audio"
    folder.mkdir()
    for number in range(3):
        written(folder / f"{number}.wav", tone(200.0 + 10 * number, 0.2))
    return folder


@pytest.fixture
def filled(audio: Path, tmp_path: Path) -> OpenProject:
    """Three labelled clips."""
    project = create_project(tmp_path / "project", labels=["angry", "sad"])
    import_source(project, audio, seed=1)
    for clip in (1, 2, 3):
        answer(project, clip, "sad")
    return project


def exported(project: OpenProject, folder: Path, *, as_of: float | None = None) -> tuple[dict[str, bytes], Written]:
    folder.mkdir()
    for name, (format, rows) in FORMS.items():
        last = export_project(project, format, folder / name, choice=ExportChoice(rows=rows, as_of=as_of))
    while time.time() <= last.time:
        pass  # What follows must be stored later: the time of an export is rounded up to a millisecond.
    return {name: (folder / name).read_bytes() for name in FORMS}, last


def replace_the_first(project: OpenProject, audio: Path) -> None:
    (audio / "moved").mkdir()
    (audio / "0.wav").rename(audio / "moved" / "0.wav")
    written(audio / "0.wav", tone(900.0, 0.2))
    import_source(project, audio, seed=2)


def names(path: Path) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        return [row["file_name"] for row in csv.DictReader(file)]


def test_an_export_as_of_then_names_the_files_where_they_were(filled: OpenProject, audio: Path, tmp_path: Path) -> None:
    before, then = exported(filled, tmp_path / "then")
    replace_the_first(filled, audio)
    with filled.write() as session:
        relink(session, 2, path="/elsewhere/1.wav", size=1, mtime_ns=1)
    assert exported(filled, tmp_path / "again", as_of=then.time)[0] == before
    assert b"/elsewhere/1.wav" in exported(filled, tmp_path / "now")[0]["consensus"]
    filled.close()


def test_the_audio_of_then_is_taken_from_where_it_is_now(filled: OpenProject, audio: Path, tmp_path: Path) -> None:
    _, then = exported(filled, tmp_path / "then")
    first = (audio / "0.wav").read_bytes()
    replace_the_first(filled, audio)
    choice = ExportChoice(audio=AudioAs.COPY, as_of=then.time)
    export_project(filled, "csv", tmp_path / "again", choice=choice)
    assert (tmp_path / "again" / "audio" / "0.wav").read_bytes() == first
    filled.close()


class TestAReplacedClip:
    @pytest.fixture
    def replaced(self, filled: OpenProject, audio: Path) -> OpenProject:
        written(audio / "0.wav", tone(900.0, 0.2))
        import_source(filled, audio, seed=2)
        return filled

    @pytest.mark.parametrize("format", ["csv", "audiofolder", "audformat", "kaldi"])
    def test_is_no_row_with_the_new_audio(self, replaced: OpenProject, tmp_path: Path, format: str) -> None:
        done = export_project(replaced, format, tmp_path / "out", with_data_sheet=True)
        assert (done.rows, done.left_out) == (2, (1,))
        sheet = tmp_path / ("out.README.md" if format == "csv" else "out/README.md")
        assert "1 clip is left out, because the file held other audio" in sheet.read_text()
        replaced.close()

    def test_keeps_its_answers_where_rows_are_answers(self, replaced: OpenProject, tmp_path: Path) -> None:
        found, done = exported(replaced, tmp_path / "out")
        assert names(tmp_path / "out" / "consensus") == ["1.wav", "2.wav"]
        assert names(tmp_path / "out" / "decisions") == ["0.wav", "1.wav", "2.wav"]
        assert (found["log"].count(b"\n"), done.left_out) == (3, ())
        choice = ExportChoice(rows=RowsOf.DECISIONS, audio=AudioAs.COPY)
        assert export_project(replaced, "csv", tmp_path / "audio-out", choice=choice).rows == 2
        replaced.close()

    def test_was_none_before(self, filled: OpenProject, audio: Path, tmp_path: Path) -> None:
        before, then = exported(filled, tmp_path / "then")
        written(audio / "0.wav", tone(900.0, 0.2))
        import_source(filled, audio, seed=2)
        assert exported(filled, tmp_path / "again", as_of=then.time)[0] == before
        filled.close()


def test_a_clip_that_is_broken_keeps_the_others_audio(filled: OpenProject, audio: Path, tmp_path: Path) -> None:
    (audio / "0.wav").write_bytes(b"RIFF")
    with filled.write() as session:
        mark_broken(session, 1, "it cannot be decoded")
    done = export_project(filled, "emonet", tmp_path / "out")
    assert (done.rows, done.left_out) == (2, (1,))
    assert names_of(tmp_path / "then", filled) == ["0.wav", "1.wav", "2.wav"], "without audio it is a row like others"
    filled.close()


def names_of(output: Path, project: OpenProject) -> list[str]:
    export_project(project, "csv", output)
    return names(output)
