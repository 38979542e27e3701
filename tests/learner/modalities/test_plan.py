"""Which clips are learned from: whole speakers are held out, and budgets fit the corpus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from db.errors import LabelError
from learner.corpora.clips import ProbeClip
from learner.modalities.material import Material
from learner.modalities.plan import Fold, budgets_of, folds_of_runs


def material(clips: int, speakers: int) -> Material:
    rows = np.arange(clips)
    return Material(
        clips=[ProbeClip(f"{row}.wav", f"{row}.wav", 0.0, None, "ab"[row % 2], None) for row in rows.tolist()],
        y=rows % 2,
        label_names=["a", "b"],
        group_of=rows // 2 % speakers if speakers > 1 else rows,
        speakers=speakers,
        audio=np.zeros((clips, 2), np.float32),
        handmade=np.zeros((clips, 2), np.float32),
        text=None,
        left_out=[],
    )


def test_each_run_tests_every_clip_once_by_heads_that_know_none_of_its_speaker() -> None:
    made = material(60, speakers=7)
    folds = folds_of_runs(made, 2)
    assert len(folds) == 10
    for run in (0, 1):
        assert sorted(np.concatenate([fold.tested for fold in folds if fold.run == run]).tolist()) == list(range(60))
    for fold in folds:
        assert not {*made.group_of[fold.tested].tolist()} & {*made.group_of[fold.order].tolist()}
    assert folds[0].tested.tolist() != folds[5].tested.tolist()


def test_without_speakers_the_folds_have_equal_shares_of_each_label() -> None:
    made = material(20, speakers=1)
    assert [np.bincount(made.y[fold.tested]).tolist() for fold in folds_of_runs(made, 1)] == [[2, 2]] * 5


def test_a_single_clip_cannot_be_held_out() -> None:
    with pytest.raises(LabelError, match="too few to hold some out"):
        folds_of_runs(replace(material(1, speakers=1)), 1)


@pytest.mark.parametrize(
    ("most", "budgets"),
    [(4000, [125, 250, 500, 1000, 2000, 4000]), (240, [15, 31, 62, 125, 240]), (60, [15, 30, 60]), (9, [9])],
)
def test_budgets_double_from_125_or_are_halved_where_there_are_fewer_clips(most: int, budgets: list[int]) -> None:
    fold = Fold(0, np.arange(most), np.arange(1))
    assert budgets_of([fold], labels=3) == budgets


def test_budgets_that_are_asked_for_are_taken_if_they_fit() -> None:
    fold = Fold(0, np.arange(50), np.arange(1))
    assert budgets_of([fold], labels=3, asked=[40, 10, 100]) == [10, 40]
    with pytest.raises(LabelError, match="ask for at most 50 labels"):
        budgets_of([fold], labels=3, asked=[100])
