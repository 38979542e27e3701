"""The result that a project keeps: its sentence, and what a file of a stranger may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.finetuned.document import FINETUNED_FILE, Accuracy, Finetuned, read_finetuned, write_finetuned
from db.project import OpenProject

FOUND = Finetuned(
    at=1.8e9,
    method="v-ft",
    encoder="bundled",
    frozen_encoder="bundled",
    labels=212,
    per_label={"angry": 112, "sad": 100},
    last_decision_id=300,
    slice_clips=140,
    groups=12,
    folds=10,
    runs=1,
    tuned=Accuracy(ua=0.81, ua_low=0.74, ua_high=0.87, wa=0.8),
    frozen=Accuracy(ua=0.78, ua_low=0.71, ua_high=0.84, wa=0.77),
    difference=0.03,
    difference_low=-0.01,
    difference_high=0.07,
    seconds=600.0,
)


def test_one_sentence_says_what_came_out(tmp_path: Path) -> None:
    assert FOUND.sentence == (
        "fine-tuned 0.81 (0.74-0.87), frozen 0.78 (0.71-0.84); difference +0.03 (-0.01 to +0.07): not shown to be better"
    )
    assert FOUND.line.startswith("Fine-tuned (v-ft, 212 labels): fine-tuned 0.81")
    better = FOUND.model_copy(update={"difference_low": 0.01, "frozen_encoder": "logmel"})
    assert better.sentence.endswith("(+0.01 to +0.07): better")
    assert better.sentence.startswith("fine-tuned bundled 0.81 (0.74-0.87), frozen logmel 0.78")
    assert FOUND.model_copy(update={"difference_high": -0.002}).verdict == "worse"
    of_model = FOUND.model_copy(update={"method": "adapters", "encoder": "cries"})
    assert of_model.line.startswith(
        "Model for many corpora (adapters, 212 labels): adapter of cries 0.81 (0.74-0.87), linear head on bundled 0.78"
    )
    write_finetuned(tmp_path, FOUND)
    assert read_finetuned(tmp_path) == FOUND


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 2},
        {"difference": 7},
        {"encoder": ["bundled"]},
        {"encoder": "x" * 8193},
        {"method": "magic"},
        {"tuned": None},
        {"labels": -1},
    ],
)
def test_a_file_that_makes_no_sense_counts_for_nothing(tmp_path: Path, changed: dict[str, Any]) -> None:
    (tmp_path / FINETUNED_FILE).write_text(json.dumps({**FOUND.as_document(), **changed}))
    assert read_finetuned(tmp_path) is None


def test_no_file_a_large_one_and_one_of_a_stranger(tmp_path: Path) -> None:
    assert read_finetuned(tmp_path) is None
    for content in ("[" * 100_000, "NaN", "\udc80", json.dumps(FOUND.as_document()) + " " * (1 << 20)):
        (tmp_path / FINETUNED_FILE).write_text(content, errors="surrogatepass")
        assert read_finetuned(tmp_path) is None
    hostile = {**FOUND.as_document(), "encoder": "a\x1b[2J\nb", "sentence": "all is well"}
    (tmp_path / FINETUNED_FILE).write_text(json.dumps(hostile))
    found = read_finetuned(tmp_path)
    assert found is not None
    assert found.encoder == "a [2J b"
    assert "all is well" not in found.line


def test_a_backup_brings_it_back(project: OpenProject, tmp_path: Path) -> None:
    write_finetuned(project.heads_dir, FOUND)
    back_up(project, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "again")
    assert read_finetuned(tmp_path / "again" / "heads") == FOUND
