"""The share of each label in the pool, from the random slice."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from learner.evaluation.shares import clips_in_pool, label_shares


def test_shares_are_of_all_clips_those_without_a_label_included() -> None:
    labels = {1: 7, 2: 7, 3: 8, 5: 7}
    found = label_shares([1, 2, 3, 4, 5], labels, [7, 8, 9], ["anger", "joy", "fear"], pool=1000)
    assert {name: (each.share, each.clips) for name, each in found.items()} == {
        "anger": (0.6, 3),
        "joy": (0.2, 1),
        "fear": (0.0, 0),
    }
    assert all(each.low <= each.share <= each.high for each in found.values())
    assert label_shares([], {}, [7], ["anger"], pool=1000) == {}


def test_in_a_large_pool_the_interval_is_that_of_clopper_and_pearson() -> None:
    low, high = clips_in_pool(30, drawn=100, pool=1_000_000)
    exact = stats.binomtest(30, 100).proportion_ci(method="exact")
    assert (low / 1e6, high / 1e6) == pytest.approx((exact.low, exact.high), abs=1e-4)


def test_a_label_that_was_never_seen_has_an_upper_bound() -> None:
    low, high = clips_in_pool(0, drawn=100, pool=100_000)
    assert low == 0
    assert high == pytest.approx(3620, abs=15), "1 - 0.025^(1/100) is 3.62%"


def test_the_interval_shrinks_to_a_point_as_the_slice_becomes_the_pool() -> None:
    widths = [high - low for low, high in (clips_in_pool(drawn // 5, drawn=drawn, pool=500) for drawn in (100, 250, 400, 490))]
    assert widths == sorted(widths, reverse=True)
    assert clips_in_pool(98, drawn=490, pool=500) == (98, 103), "of ten clips that are left, more than five would be unlikely"
    assert clips_in_pool(100, drawn=500, pool=500) == (100, 100)


@pytest.mark.parametrize(("pool", "drawn"), [(300, 40), (300, 150), (300, 280)])
def test_the_interval_holds_for_every_share(pool: int, drawn: int) -> None:
    """Not simulated: the coverage of every number of clips is summed over all slices that can be drawn."""
    bounds = [clips_in_pool(seen, drawn=drawn, pool=pool) for seen in range(drawn + 1)]
    coverage = []
    for clips in range(0, pool + 1, 7):
        chances = stats.hypergeom.pmf(np.arange(drawn + 1), pool, clips, drawn)
        coverage.append(sum(chance for chance, (low, high) in zip(chances, bounds, strict=True) if low <= clips <= high))
    assert min(coverage) >= 0.95
