"""The formats that hold a label for each clip and little else: EmoNet, FT-w2v2-ser, Audacity."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import soundfile

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, RowsOf, SplitShares
from db.project import OpenProject
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF
from tests.filled_projects import add_clips, answer

WITHOUT_AUDIO = ExportChoice(audio=AudioAs.NONE)


class TestEmoNet:
    def test_has_a_line_for_each_clip_with_its_audio(self, awkward: OpenProject, tmp_path: Path) -> None:
        export_project(awkward, "emonet", tmp_path / "out")
        with open(tmp_path / "out" / "clips.csv", encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["file", "label"]
        assert [label for _, label in rows] == list(LABEL_OF.values())
        assert len({name for name, _ in rows}) == len(CLIPS)
        durations = [soundfile.info(tmp_path / "out" / name).duration for name, _ in rows]
        assert durations[-2:] == [0.25, 0.25]

    def test_without_audio_is_one_file(self, awkward_files: OpenProject, tmp_path: Path) -> None:
        assert export_project(awkward_files, "emonet", tmp_path / "out.csv", choice=WITHOUT_AUDIO).rows == 7
        with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
            assert all(Path(row["file"]).is_file() for row in csv.DictReader(file))


class TestFtW2v2Ser:
    def test_has_a_dictionary_for_each_split(self, awkward: OpenProject, tmp_path: Path) -> None:
        export_project(awkward, "ft-w2v2-ser", tmp_path / "out")
        sections = json.loads((tmp_path / "out" / "clips.json").read_text(encoding="utf-8"))
        assert {name: list(labels.values()) for name, labels in sections.items()} == {
            "Train": ["nan", "NA", "True", "validation", "nan"],
            "Val": ["1e3"],
            "Test": ["007", "NA"],
            "fold 3": ["skip"],
        }
        assert sections["Test"]["audio/train_01.wav"] == "007"
        assert all((tmp_path / "out" / name).is_file() for labels in sections.values() for name in labels)

    def test_has_the_splits_that_are_made(self, project: OpenProject, tmp_path: Path) -> None:
        for clip in add_clips(project, 20):
            answer(project, clip)
        choice = ExportChoice(audio=AudioAs.NONE, splits=SplitShares.parse("60/20/20"))
        export_project(project, "ft-w2v2-ser", tmp_path / "out.json", choice=choice)
        sections = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        assert {name: len(labels) for name, labels in sections.items()} == {"Train": 12, "Val": 4, "Test": 4}

    def test_without_splits_all_is_for_training(self, project: OpenProject, tmp_path: Path) -> None:
        (clip,) = add_clips(project, 1)
        answer(project, clip, "sad")
        export_project(project, "ft-w2v2-ser", tmp_path / "out.json", choice=WITHOUT_AUDIO)
        assert json.loads((tmp_path / "out.json").read_text()) == {"Train": {"/audio/0.wav": "sad"}, "Val": {}, "Test": {}}


class TestAudacity:
    def test_has_a_label_track_for_each_recording(self, awkward: OpenProject, tmp_path: Path) -> None:
        assert export_project(awkward, "audacity", tmp_path / "out").rows == len(CLIPS)
        tracks = {str(path.relative_to(tmp_path / "out")): path.read_text() for path in (tmp_path / "out").rglob("*.txt")}
        assert len(tracks) == 8
        assert tracks["long.txt"] == "0.250000\t0.500000\tnan\n0.500000\t0.750000\tNA\n"
        assert tracks["%41.txt"] == "0.000000\t0.100000\tNA\n"

    def test_cut_clips_are_recordings_of_their_own(self, awkward: OpenProject, tmp_path: Path) -> None:
        export_project(awkward, "audacity", tmp_path / "out", choice=ExportChoice(audio=AudioAs.CUT))
        assert (tmp_path / "out" / "long_0.500-0.750.txt").read_text() == "0.000000\t0.250000\tNA\n"
        assert (tmp_path / "out" / "audio" / "long_0.500-0.750.wav").exists()


@pytest.mark.parametrize("format", ["emonet", "ft-w2v2-ser"])
class TestOneLabelAFile:
    def test_spans_need_their_audio_cut(self, awkward: OpenProject, tmp_path: Path, format: str) -> None:
        with pytest.raises(FormatError, match=r"clip 8 is a part of 'long\.wav'; export with audio cut"):
            export_project(awkward, format, tmp_path / "out", choice=WITHOUT_AUDIO)

    def test_decisions_do_not_fit(self, project: OpenProject, tmp_path: Path, format: str) -> None:
        with pytest.raises(FormatError, match="has one label for each clip and cannot hold every decision"):
            export_project(project, format, tmp_path / "out", choice=ExportChoice(rows=RowsOf.DECISIONS))
