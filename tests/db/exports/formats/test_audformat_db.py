"""What audformat loads is what was exported: labels, splits, spans and annotators."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import soundfile

from db.exports.choice import AudioAs, ExportChoice, RowsOf
from db.project import OpenProject
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF, LABELS
from tests.filled_projects import add_clips, answer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
audformat = pytest.importorskip("audformat")
TABLES = {"train": [1, 2, 3, 8], "dev": [5], "test": [4, 9], "clips": [6], "split-1": [7]}


def loaded(folder: Path) -> Any:
    return audformat.Database.load(str(folder), load_data=True)


def given(value: Any) -> Any:
    return None if pd.isna(value) else value


def test_audformat_loads_a_table_for_each_split(awkward: OpenProject, tmp_path: Path) -> None:
    assert export_project(awkward, "audformat", tmp_path / "out").rows == len(CLIPS)
    database = loaded(tmp_path / "out")
    assert list(database.schemes["label"].labels) == list(LABELS)
    assert {name: split.type for name, split in database.splits.items()} == {
        "train": "train",
        "dev": "dev",
        "test": "test",
        "fold 3": "other",
    }
    assert {name: database[name].split_id for name in database.tables} == {
        "train": "train",
        "dev": "dev",
        "test": "test",
        "clips": None,
        "split-1": "fold 3",
    }
    for name, clips in TABLES.items():
        frame = database[name].get()
        assert [given(label) for label in frame["label"]] == [LABEL_OF[clip] for clip in clips]
        assert [given(speaker) for speaker in frame["speaker"]] == [CLIPS[clip - 1].speaker for clip in clips]
        assert list(frame["source"]) == [CLIPS[clip - 1].name for clip in clips]
        assert list(frame["transcript"]) == [f"Line {CLIPS[clip - 1].content}\nof text" for clip in clips]
    assert database["train"].is_segmented
    assert list(database["test"].index)[1] == ("audio/long.wav", pd.Timedelta(seconds=0.5), pd.Timedelta(seconds=0.75))
    assert database.is_portable
    assert all(soundfile.info(tmp_path / "out" / file).frames for file in database.files)


def test_audformat_selects_by_scheme_over_all_tables(awkward: OpenProject, tmp_path: Path) -> None:
    export_project(awkward, "audformat", tmp_path / "out")
    found = loaded(tmp_path / "out").get("label", tables=["train", "test"])
    assert sorted(found["label"]) == sorted(LABEL_OF[clip] for clip in (*TABLES["train"], *TABLES["test"]))


def test_whole_files_and_cut_clips_are_named_by_file_alone(
    awkward: OpenProject, awkward_files: OpenProject, tmp_path: Path
) -> None:
    export_project(awkward, "audformat", tmp_path / "cut", choice=ExportChoice(audio=AudioAs.CUT))
    export_project(awkward_files, "audformat", tmp_path / "files")
    assert list(loaded(tmp_path / "cut")["train"].df.index)[-1] == "audio/long_0.250-0.500.wav"
    assert loaded(tmp_path / "files")["train"].is_filewise


def test_without_audio_files_are_named_where_they_are(awkward: OpenProject, tmp_path: Path) -> None:
    export_project(awkward, "audformat", tmp_path / "out", choice=ExportChoice(audio=AudioAs.NONE))
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".yaml", ".parquet", ".md"}
    assert all(Path(file).is_file() for file in loaded(tmp_path / "out").files)


def test_decisions_have_a_column_for_each_annotator(awkward: OpenProject, tmp_path: Path) -> None:
    written = export_project(awkward, "audformat", tmp_path / "out", choice=ExportChoice(rows=RowsOf.DECISIONS))
    assert written.rows == 2 * len(CLIPS) + 4
    assert (tmp_path / "out" / "README.md").read_text().count("- 22 answers by 5 annotators.") == 1
    database = loaded(tmp_path / "out")
    assert {column: row.rater_id for column, row in database["train-answers"].columns.items()} == {
        "Ann": "Ann",
        "Bob": "Bob",
        "Rev": "Rev",
        "file_": "file",
        "nan": "nan",
    }
    frame = database["train-answers"].get()
    assert [given(value) for value in frame.iloc[0]] == ["nan", None, None, "nan", "007"]
    assert [given(value) for value in frame.iloc[1]] == ["NA", None, "NA", "NA", None]
    outcomes = database["train-outcomes"].get()
    assert [given(value) for value in outcomes.iloc[0]] == ["label", "skip", None, "label", "label"]
    assert [given(value) for value in outcomes.iloc[1]] == ["label", "unsure", "gold", "label", None]
    assert list(database["train"].df["label"])[:2] == ["nan", "NA"], "the consensus is there, too"


def test_decisions_have_their_times_in_utc(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = add_clips(project, 1)
    answer(project, clip)
    choice = ExportChoice(rows=RowsOf.DECISIONS, audio=AudioAs.NONE)
    export_project(project, "audformat", tmp_path / "out", choice=choice)
    (time,) = loaded(tmp_path / "out")["clips-times"].df["ann"]
    assert abs((time - pd.Timestamp(datetime.now().astimezone()).tz_convert(None)).total_seconds()) < 60


def test_decisions_are_filtered(awkward: OpenProject, tmp_path: Path) -> None:
    choice = ExportChoice(rows=RowsOf.DECISIONS, audio=AudioAs.NONE, labels=frozenset({"007"}))
    assert export_project(awkward, "audformat", tmp_path / "out", choice=choice).rows == 3
    database = loaded(tmp_path / "out")
    assert set(database.raters) == {"Ann", "file", "nan"}
    assert [given(value) for value in database["train-answers"].df.iloc[0]] == [None, None, "007"]


@pytest.mark.parametrize("batch", [1, 3])
def test_tables_are_written_in_batches(awkward: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr("db.exports.formats.audformat_db._BATCH", batch)
    export_project(awkward, "audformat", tmp_path / "out", choice=ExportChoice(audio=AudioAs.NONE))
    assert list(loaded(tmp_path / "out")["train"].df["label"]) == [LABEL_OF[clip] for clip in TABLES["train"]]


def test_an_export_of_nothing_loads(project: OpenProject, tmp_path: Path) -> None:
    assert export_project(project, "audformat", tmp_path / "out").rows == 0
    assert list(loaded(tmp_path / "out").tables) == []


def test_the_same_project_gives_the_same_bytes(awkward: OpenProject, tmp_path: Path) -> None:
    choice = ExportChoice(audio=AudioAs.NONE, rows=RowsOf.DECISIONS)
    export_project(awkward, "audformat", tmp_path / "1", choice=choice)
    export_project(awkward, "audformat", tmp_path / "2", choice=choice)
    for first in (tmp_path / "1").glob("db.*"):
        assert first.read_bytes() == (tmp_path / "2" / first.name).read_bytes()
