"""Folds of a probe, and the nested score that pays for having chosen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from learner.probing import scoring
from learner.probing.scoring import HeldOutPredictions, Scorer, all_predictions, best_of, fits, held_out_predictions, nested
from learner.probing.splits import Splits, splits_of


def nowhere(_position: int, _made: HeldOutPredictions) -> None:
    """Nothing is kept."""


def labels(clips: int, classes: int = 3) -> NDArray[np.int64]:
    return (np.arange(clips) % classes).astype(np.int64)


def test_up_to_twelve_speakers_are_held_out_one_by_one() -> None:
    speakers = [f"s{number % 12}" for number in range(60)]
    splits = splits_of(speakers, labels(60))
    assert (splits.count, splits.speakers, splits.grouped) == (12, 12, True)
    assert len({(speaker, int(fold)) for speaker, fold in zip(speakers, splits.fold_of, strict=True)}) == 12


def test_more_speakers_are_dealt_into_six_folds_as_scikit_learn_deals_them() -> None:
    speakers = [f"s{number % 24:02d}" for number in range(240)]
    splits = splits_of(speakers, labels(240))
    assert (splits.count, splits.speakers) == (6, 24)
    for fold, (_, held_out) in enumerate(GroupKFold(6).split(speakers, groups=speakers)):
        assert np.array_equal(np.flatnonzero(splits.fold_of == fold), held_out)


@pytest.mark.parametrize("speakers", [[None] * 40, ["one"] * 40])
def test_without_two_speakers_every_fold_has_its_share_of_every_label(speakers: list[str | None]) -> None:
    y = np.array([0] * 30 + [1] * 10)
    splits = splits_of(speakers, y)
    assert (splits.count, splits.grouped) == (6, False)
    shares = np.array([np.bincount(y[splits.fold_of == fold], minlength=2) for fold in range(6)])
    assert shares[:, 0].tolist() == [5] * 6
    assert set(shares[:, 1].tolist()) <= {1, 2}


def test_a_clip_without_a_speaker_among_others_with_one_is_a_group_of_its_own() -> None:
    splits = splits_of(["a", "a", "b", "b", None, None], labels(6, 2))
    assert splits.count == 4
    assert splits.speakers == 2
    assert len(set(splits.group_of.tolist())) == 4


@pytest.mark.parametrize("count", [3, 6, 7, 12])
def test_partners_are_mutual(count: int) -> None:
    splits = Splits(np.arange(count), np.arange(count), count, count, grouped=True)
    for fold in range(count):
        partners = splits.partners(fold)
        assert fold not in partners
        assert len(partners) == (count - 1 if count <= 6 else 4)
        assert all(fold in splits.partners(other) for other in partners)


def test_every_prediction_is_made_without_its_fold_and_choices_without_two(monkeypatch: pytest.MonkeyPatch) -> None:
    y = labels(35, 7)
    splits = splits_of([f"s{number // 5}" for number in range(35)], y)
    seen: list[tuple[set[int], set[int]]] = []

    def spy(_X: object, _y: object, *, train: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.int64]:
        seen.append((set(splits.fold_of[train].tolist()), set(splits.fold_of[test].tolist())))
        return np.zeros(len(test), dtype=np.int64)

    monkeypatch.setattr(scoring, "predictions", spy)
    found = held_out_predictions(np.zeros((35, 2), np.float32), y, splits, after_each=lambda: None)

    assert len(seen) == fits(splits)
    assert all(not train & test and len(train | test) == 7 for train, test in seen)
    assert (found.outer == 0).all()
    for fold in range(7):
        tested = set(splits.fold_of[found.inner[fold] == 0].tolist())
        assert tested == set(splits.partners(fold))


def test_of_noise_the_best_looks_good_and_its_nested_score_does_not() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 72)
    splits = splits_of([f"s{number % 6}" for number in range(72)], y)
    noise = [rng.normal(size=(72, 4)).astype(np.float32) for _ in range(60)]
    makers = [lambda X=X: X for X in noise]
    found = all_predictions(makers, y, splits, keep=nowhere, progress=lambda done, total: None)
    scorer = Scorer(y, splits, labels=2)
    widths = [4] * len(noise)

    best = scorer.interval(found[best_of(found, widths, scorer)].outer)
    honest = nested(found, widths, scorer, splits)

    assert honest is not None
    assert best.value > 0.6
    assert honest.value < 0.58
    assert honest.low < 0.5 < honest.high


def test_of_equals_the_narrowest_is_best() -> None:
    y = labels(12, 2)
    splits = splits_of([f"s{number % 4}" for number in range(12)], y)
    same = HeldOutPredictions(y, np.tile(y, (4, 1)))
    scorer = Scorer(y, splits, labels=2)
    assert best_of([same, same, same], [9, 3, 3], scorer) == 1
    assert best_of([same, same], [9, 3], scorer, without=2) == 1


def test_two_speakers_leave_nothing_to_choose_on() -> None:
    y = labels(20, 2)
    splits = splits_of([f"s{number // 10}" for number in range(20)], y)
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    found = held_out_predictions(X, y, splits, after_each=lambda: None)
    assert fits(splits) == 2
    assert nested([found], [3], Scorer(y, splits, labels=2), splits) is None


def test_progress_reaches_its_end_with_any_number_of_threads() -> None:
    y = labels(30)
    splits = splits_of([f"s{number % 5}" for number in range(30)], y)
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    moved: list[tuple[int, int]] = []
    kept: dict[int, HeldOutPredictions] = {}
    found = all_predictions(
        [lambda: X] * 4, y, splits, keep=kept.__setitem__, progress=lambda done, total: moved.append((done, total))
    )
    assert moved == [(number + 1, 4 * fits(splits)) for number in range(4 * fits(splits))]
    assert [kept[position] for position in range(4)] == found


def test_ctrl_c_does_not_wait_for_the_rest() -> None:
    y = labels(30)
    splits = splits_of([f"s{number % 5}" for number in range(30)], y)
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    done: list[int] = []

    def interrupt(now: int, _total: int) -> None:
        done.append(now)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        all_predictions([lambda: X] * 40, y, splits, keep=nowhere, progress=interrupt)
    assert len(done) < 40
