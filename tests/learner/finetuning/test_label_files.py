"""Label files with Train, Val and Test: one is taken as a single fold, and one is written for each fold and run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from db.errors import FormatError
from learner.corpora.clips import LabelledClips, ProbeClip, manifest_clips
from learner.finetuning.folds import Fold
from learner.finetuning.label_files import fold_of_parts, parts_of, write_label_file
from tests.learner.audio_files import tone, written


def fold_of(path: Path) -> tuple[LabelledClips, Fold]:
    """The clips of a label file that is there, and its fold."""
    labelled, part_of = manifest_clips(path), parts_of(path)
    assert part_of is not None
    (fold,) = fold_of_parts(labelled.clips, part_of)
    return labelled, fold


def label_file(folder: Path, **parts: dict[str, str]) -> Path:
    """A label file beside the clips that it lists."""
    for name in (name for part in parts.values() for name in part):
        written(folder / name, tone(200, 0.1))
    (folder / "labels.json").write_text(json.dumps(parts))
    return folder / "labels.json"


def test_test_is_held_out_and_all_else_is_learned_from(tmp_path: Path) -> None:
    path = label_file(tmp_path, Train={"a.wav": "calm"}, Val={"b.wav": "sad"}, Test={"c.wav": "sad"})
    labelled, fold = fold_of(path)
    assert [(clip.file_name, clip.label) for clip in labelled.clips] == [("a.wav", "calm"), ("b.wav", "sad"), ("c.wav", "sad")]
    assert (fold.train.tolist(), fold.test.tolist()) == ([0, 1], [2])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    clips = [ProbeClip(f"{name}.wav", str(tmp_path / f"{name}.wav"), 0.0, None, "calm", "anna") for name in "ab"]
    for clip in clips:
        written(Path(clip.path), tone(200, 0.1))
    write_label_file(tmp_path / "labels.json", clips, train=np.array([1]), test=np.array([0]))
    labelled, fold = fold_of(tmp_path / "labels.json")
    assert [labelled.clips[row].file_name for row in fold.test] == ["a.wav"]


def test_another_manifest_has_no_parts_and_a_fold_needs_clips(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("file_name,label\na.wav,calm\n")
    assert parts_of(tmp_path / "clips.csv") is None
    with pytest.raises(FormatError, match=r"No usable clip is listed under 'Test'"):
        fold_of(label_file(tmp_path, Train={"a.wav": "calm"}, Test={}))
