"""What `datasets` loads is what was exported, whichever way it is asked."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind, SplitShares
from db.models import Clip
from db.project import OpenProject
from db.records.labels import label_by_name
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF
from tests.filled_projects import add_clips, answer

SPLITS = {"train": {1, 2, 3, 6, 7, 8}, "validation": {5}, "test": {4, 9}}

Load = Callable[[Path], dict[str, list[dict[str, Any]]]]


@pytest.fixture(params=["audiofolder", "folder"])
def load(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads with `datasets`: the rows of each split. It reads the card if it is given the folder alone."""
    datasets = pytest.importorskip("datasets")
    # The environment is read when these modules are loaded, which an earlier test may have done.
    for setting in ("huggingface_hub.constants.HF_HUB_OFFLINE", "datasets.config.HF_HUB_OFFLINE"):
        monkeypatch.setattr(setting, True)
    monkeypatch.setattr("datasets.config.HF_UPDATE_DOWNLOAD_COUNTS", False)
    # Decoding and encoding audio needs torchcodec; that files are named by their paths does not.
    stub = types.ModuleType("torchcodec.encoders")
    stub.AudioEncoder = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchcodec", types.ModuleType("torchcodec"))
    monkeypatch.setitem(sys.modules, "torchcodec.encoders", stub)
    datasets.disable_progress_bars()

    def loaded(folder: Path) -> dict[str, list[dict[str, Any]]]:
        cache = str(tmp_path / "cache")
        if request.param == "audiofolder":
            found = datasets.load_dataset("audiofolder", data_dir=str(folder), cache_dir=cache)
        else:
            found = datasets.load_dataset(str(folder), cache_dir=cache)
        found = found.cast_column("audio", datasets.Audio(decode=False))
        return {name: list(split) for name, split in found.items()}

    return loaded


def test_datasets_loads_labels_splits_and_audio(awkward: OpenProject, tmp_path: Path, load: Load) -> None:
    export_project(awkward, "audiofolder", tmp_path / "out")
    found = load(tmp_path / "out")
    assert set(found) == set(SPLITS)
    for split, rows in found.items():
        assert [row["label"] for row in rows] == [LABEL_OF[clip] for clip in sorted(SPLITS[split])]
        assert [row["source"] for row in rows] == [CLIPS[clip - 1].name for clip in sorted(SPLITS[split])]
        assert all(row["audio"]["path"].startswith(str(tmp_path / "out" / split / "audio")) for row in rows)
        assert {row["kind"] for row in rows} <= {"consensus", "gold"}
        assert [row["speaker"] for row in rows] == [CLIPS[clip - 1].speaker or "" for clip in sorted(SPLITS[split])]
        assert [json.loads(row["extra"]) for row in rows] == [{"room": "1e3"}] * len(rows)
    (long,) = (row for row in found["train"] if row["source"] == "long.wav")
    assert soundfile.info(long["audio"]["path"]).duration == 0.25
    assert (long["source_start"], long["source_end"]) == (0.25, 0.5)
    answers = json.loads(found["train"][0]["answers"])
    assert [(each["annotator"], each["answer"], each.get("label")) for each in answers] == [
        ("file", "label", "nan"),
        ("Ann", "label", "nan"),
        ("nan", "label", "007"),
        ("Bob", "skip", None),
    ]
    assert [row["split"] for row in found["train"]] == ["train", "train", "train", "", "fold 3", "train"]


def test_whole_files_are_copied_with_the_spans_beside_them(awkward: OpenProject, tmp_path: Path, load: Load) -> None:
    export_project(awkward, "audiofolder", tmp_path / "out", choice=ExportChoice(audio=AudioAs.COPY))
    found = load(tmp_path / "out")
    assert [(row["start"], row["end"]) for row in found["train"] if row["source"] == "long.wav"] == [(0.25, 0.5)]
    assert "source_start" not in found["train"][0]


def test_made_splits_hold_no_speaker_twice(awkward: OpenProject, tmp_path: Path, load: Load) -> None:
    choice = ExportChoice(splits=SplitShares.parse("50/25/25"))
    assert export_project(awkward, "audiofolder", tmp_path / "out", choice=choice).rows == len(CLIPS)
    found = load(tmp_path / "out")
    speakers = [{row["speaker"] or row["source"] for row in rows} for rows in found.values()]
    assert len(set.union(*speakers)) == sum(map(len, speakers))


def test_clips_without_label_have_an_empty_one(awkward_files: OpenProject, tmp_path: Path) -> None:
    choice = ExportChoice(kinds=frozenset(LabelKind))
    assert export_project(awkward_files, "audiofolder", tmp_path / "out", choice=choice).rows == 7


def test_the_card_is_the_beginning_of_the_data_sheet(awkward_files: OpenProject, tmp_path: Path) -> None:
    export_project(awkward_files, "audiofolder", tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text()
    assert text.startswith("---\ntask_categories:\n- audio-classification\n")
    assert "  - name: label\n    dtype: string\n" in text
    assert "  - split: validation\n    path: validation/**\n" in text
    assert "\n---\n\n# project\n" in text


def test_labels_that_datasets_would_take_for_times_are_refused(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = add_clips(project, 1)
    with project.write() as session:
        label_by_name(session, "sad").name = "2026-01-01"
    answer(project, clip, "2026-01-01")
    with pytest.raises(FormatError, match="All labels of a split read like dates"):
        export_project(project, "audiofolder", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_column_of_dates_is_left_out(awkward_files: OpenProject, tmp_path: Path) -> None:
    choice = ExportChoice(labels=frozenset({"validation"}))
    export_project(awkward_files, "audiofolder", tmp_path / "out", choice=choice)
    (line,) = (tmp_path / "out" / "train" / "metadata.jsonl").read_text().splitlines()
    assert "speaker" not in json.loads(line), "the only speaker is called 2026-01-01"
    assert json.loads(line)["label"] == "validation"


def test_without_audio_it_is_refused(project: OpenProject, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="audiofolder holds its audio; export with audio cut or copied"):
        export_project(project, "audiofolder", tmp_path / "out", choice=ExportChoice(audio=AudioAs.NONE))


def test_of_no_clip_is_a_card(project: OpenProject, tmp_path: Path) -> None:
    assert export_project(project, "audiofolder", tmp_path / "out").rows == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["README.md"]


def test_audio_that_has_changed_names_the_file(tmp_path: Path, project: OpenProject) -> None:
    (clip,) = add_clips(project, 1)
    answer(project, clip)
    with project.read() as session:
        assert session.get_one(Clip, clip).file.path == "/audio/0.wav"
    with pytest.raises(Exception, match="'/audio/0.wav' does not exist"):
        export_project(project, "audiofolder", tmp_path / "out")
