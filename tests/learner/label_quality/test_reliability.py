"""How often each annotator is right, with the interval, against gold and against the others."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learner.evaluation.intervals import Interval
from learner.label_quality.crowdlab import Opinions
from learner.label_quality.reliability import judged_by_gold, judged_by_others

LABELS = 5


def answers(rates: list[float], *, clips: int, seed: int, share: float = 1.0) -> tuple[Opinions, NDArray[np.int64]]:
    """Annotators who are right at these rates and otherwise give any other label, each on this share of the clips; the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(LABELS, size=clips)
    wrong = (truth[:, None] + rng.integers(1, LABELS, size=(clips, len(rates)))) % LABELS
    labels = np.where(rng.random((clips, len(rates))) < rates, truth[:, None], wrong).astype(np.float64)
    labels[rng.random(labels.shape) > share] = np.nan
    labels[np.isnan(labels).all(axis=1), 0] = 0.0
    return Opinions(np.arange(clips) + 1, list(range(len(rates))), labels), truth


def reliabilities(given: Opinions, truth: dict[int, int] | None = None) -> list[Interval | None]:
    judged = judged_by_others(given, truth or {}, labels=LABELS)
    return [judged.where(judged.annotator == column).reliability() for column in range(len(given.annotator_ids))]


def test_against_gold_it_is_the_share_that_is_right() -> None:
    labels = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, np.nan], [3.0, 0.0]] * 5)
    given = Opinions(np.arange(20) + 1, [7, 8], labels)
    judged = judged_by_gold(given, {clip: int(labels[clip - 1, 0]) for clip in range(1, 21)})
    first, second = (judged.where(judged.annotator == column).reliability() for column in (0, 1))
    assert first is not None
    assert second is not None
    assert first.value == 1.0
    assert second.value == pytest.approx(1 / 3)
    assert first.low == pytest.approx(0.885, abs=0.01), "20 of 20"
    assert second.low == pytest.approx(0.14, abs=0.02)
    assert second.high == pytest.approx(0.58, abs=0.02), "5 of 15"


def test_an_annotator_who_is_right_in_41_of_100_clips_is_found_without_gold_or_classifier() -> None:
    given, _ = answers([0.92, 0.88, 0.41], clips=300, seed=1)
    careful, fair, careless = reliabilities(given)
    assert careful is not None
    assert fair is not None
    assert careless is not None
    assert careless.low < 0.41 < careless.high < 0.5
    assert careful.low < 0.92 < careful.high
    assert fair.low < 0.88 < fair.high


def test_the_interval_holds_the_truth_and_is_not_far_too_wide() -> None:
    """60 draws of four annotators who share half of 120 clips with one another."""
    rates, held, widths = [0.95, 0.85, 0.75, 0.45], [], []
    for seed in range(60):
        given, _ = answers(rates, clips=120, seed=seed, share=0.5)
        for rate, found in zip(rates, reliabilities(given), strict=True):
            assert found is not None
            held.append(found.low <= rate <= found.high)
            widths.append(found.high - found.low)
    assert np.mean(held) > 0.9
    assert np.mean(widths) < 0.4


def test_known_answers_make_it_more_certain() -> None:
    given, truth = answers([0.9, 0.8], clips=60, seed=3)
    alone = reliabilities(given)
    known = reliabilities(given, {clip: int(truth[clip - 1]) for clip in range(1, 61)})
    assert alone[0] is not None
    assert known[0] is not None
    right = float((given.labels[:, 0] == truth).mean())
    assert known[0].value == pytest.approx(right)
    assert known[0].high - known[0].low < alone[0].high - alone[0].low


def test_of_two_alone_nobody_is_called_worse() -> None:
    one, two = reliabilities(answers([0.95, 0.5], clips=200, seed=4)[0])
    assert one is not None
    assert two is not None
    assert one.value == pytest.approx(two.value, abs=1e-3)


def test_few_shared_clips_say_nothing() -> None:
    assert reliabilities(answers([0.9, 0.9], clips=9, seed=5)[0]) == [None, None]
    alone = Opinions(np.arange(50), [1], np.zeros((50, 1)))
    assert reliabilities(alone) == [None]
