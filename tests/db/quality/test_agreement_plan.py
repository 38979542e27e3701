"""How many doubly labelled clips a wished interval needs, against what simulated annotators give."""

from __future__ import annotations

import numpy as np
import pytest

from db.quality.agreement_plan import Expected, clips_needed, half_width_of, plans, spread
from db.quality.shared_clips import agreement_of


def simulated(*, agreed_with: float, labels: int, annotators: int, clips: int, seed: int) -> tuple[float, float]:
    """Share alike and agreement beyond chance of people who are right with a probability, and otherwise give any other label."""
    rng = np.random.default_rng(seed)
    true = rng.integers(labels, size=(clips, 1))
    wrong = rng.random((clips, annotators)) > agreed_with
    given = np.where(wrong, (true + rng.integers(1, labels, size=wrong.shape)) % labels, true)
    found = agreement_of(given.tolist())
    assert found is not None
    assert found.kappa is not None
    return found.agreed, found.kappa


@pytest.mark.parametrize(("annotators", "labels", "right"), [(2, 4, 0.9), (3, 4, 0.8), (5, 7, 0.7)])
@pytest.mark.parametrize("beyond_chance", [False, True])
def test_the_planned_interval_is_the_one_that_simulated_people_give(
    annotators: int, labels: int, right: float, beyond_chance: bool
) -> None:
    agreed = right**2 + (1 - right) ** 2 / (labels - 1)
    expected = Expected(agreed=agreed, labels=labels)
    clips = clips_needed(expected, annotators=annotators, half_width=0.08, beyond_chance=beyond_chance)
    drawn = [
        simulated(agreed_with=right, labels=labels, annotators=annotators, clips=clips, seed=seed)[beyond_chance]
        for seed in range(300)
    ]
    assert 1.96 * np.std(drawn) == pytest.approx(0.08, rel=0.15)


def test_two_people_are_a_yes_or_no_for_each_clip() -> None:
    assert spread(Expected(agreed=0.8, labels=4), annotators=2) == pytest.approx(0.4)
    assert clips_needed(Expected(agreed=0.8, labels=4), annotators=2, half_width=0.05, beyond_chance=False) == 246
    half = half_width_of(Expected(agreed=0.8, labels=2), annotators=2, clips=246, beyond_chance=True)
    assert half == pytest.approx(0.1, abs=1e-3), "with two labels chance leaves half of it"


def test_more_people_need_fewer_clips() -> None:
    found = plans(Expected(agreed=0.8, labels=4), half_width=0.05, beyond_chance=True)
    assert [plan.annotators for plan in found] == [2, 3, 4, 5]
    assert [plan.clips for plan in found] == [438, 275, 202, 160]
    assert [plan.answers for plan in found] == [876, 825, 808, 800]


@pytest.mark.parametrize("agreed", [0.0, 0.2, 0.999999])
def test_what_cannot_be_expected_still_gives_a_plan(agreed: float) -> None:
    assert all(plan.clips >= 10 for plan in plans(Expected(agreed=agreed, labels=2), half_width=0.5, beyond_chance=True))


def test_the_interval_of_the_agreement_so_far_is_never_without_width() -> None:
    found = agreement_of([[1, 1], [2, 2], [1, 1]])
    assert found is not None
    assert (found.agreed, found.kappa, found.clips, found.annotators) == (1.0, 1.0, 3, 2.0)
    assert found.half_width > 0.2
    only_one = agreement_of([[1, 1], [1, 1]])
    assert only_one is not None
    assert only_one.kappa is None
    assert agreement_of([]) is None
