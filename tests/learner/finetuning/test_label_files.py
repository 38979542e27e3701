"""Label files with Train, Val and Test: one is read as a single fold, and one is written for each fold and run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from db.errors import FormatError
from learner.corpora.clips import ProbeClip
from learner.finetuning.label_files import fold_of_parts, read_label_file, write_label_file


def written(folder: Path, content: object) -> Path:
    """A label file."""
    path = folder / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_test_is_held_out_and_all_else_is_learned_from(tmp_path: Path) -> None:
    path = written(tmp_path, {"Train": {"a.wav": "calm", "c.wav": 1}, "Val": {"b.wav": "sad"}, "Test": {"c.wav": "sad"}})
    labelled, part_of = read_label_file(path)
    assert [(clip.file_name, clip.label) for clip in labelled.clips] == [("a.wav", "calm"), ("c.wav", "sad"), ("b.wav", "sad")]
    assert labelled.clips[0].path == str(tmp_path / "a.wav")
    (fold,) = fold_of_parts(labelled.clips, part_of)
    assert (fold.train.tolist(), fold.test.tolist()) == ([0, 2], [1])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    clips = [ProbeClip(f"{name}.wav", str(tmp_path / f"{name}.wav"), 0.0, None, "calm", "anna") for name in "ab"]
    write_label_file(tmp_path / "labels.json", clips, train=np.array([1]), test=np.array([0]))
    labelled, part_of = read_label_file(tmp_path / "labels.json")
    (fold,) = fold_of_parts(labelled.clips, part_of)
    assert [labelled.clips[row].file_name for row in fold.test] == ["a.wav"]


@pytest.mark.parametrize("content", ["{", "[]", '{"Train": {}}', '{"Train": [], "Test": {}}', "[" * 100_000])
def test_what_is_no_label_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FormatError, match=r"is not a label file: it must be JSON of the form"):
        read_label_file(written(tmp_path, content))


def test_labels_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    labelled, _ = read_label_file(written(tmp_path, {"Train": {"a.wav": ["x"], "\0": "y", "b.wav": "z"}, "Test": {}}))
    assert [clip.file_name for clip in labelled.clips] == ["b.wav"]
    assert [clip.file_name for clip in labelled.left_out] == ["a.wav", "\0"]


def test_a_fold_without_clips_is_refused(tmp_path: Path) -> None:
    labelled, part_of = read_label_file(written(tmp_path, {"Train": {"a.wav": "x"}, "Test": {}}))
    with pytest.raises(FormatError, match=r"No usable clip is listed under 'Test'"):
        fold_of_parts(labelled.clips, part_of)
