"""How many clips several people must label, so that their agreement is known well enough.

The agreement of a clip is the share of its pairs of labels that are alike. Over clips it is a mean, whose 95% interval has the
half width `1.96 * spread / sqrt(clips)`. With two people a clip, the spread is that of a yes or no, `sqrt(p (1 - p))` (Cochran
1977, *Sampling Techniques*). With more, it is that of a U-statistic of pairs (Hoeffding 1948, *A class of statistics with
asymptotically normal distribution*), under a model in which all clips are equally hard and a wrong label is any other one (Dawid
and Skene 1979, one coin for all). Real clips differ, so that further people on a clip help somewhat less than this says.
Agreement beyond chance (kappa, alpha) divides it by what chance leaves (Cohen 1960, *A coefficient of agreement for nominal
scales*).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from db.quality.shared_clips import AgreementNow
from db.quality.shares import Z

MOST_ANNOTATORS = 5
USUAL_AGREEMENT = 0.8
"""Assumed where nobody knows better."""
_LEAST_CLIPS = 10
"""Fewer would not bear a normal interval."""


@dataclass(frozen=True)
class Expected:
    """What is assumed of the answers."""

    agreed: float
    """Share of pairs of labels that are alike, below 1."""
    labels: int
    """How many labels there are to choose from, from 2."""
    by_chance: float | None = None
    """The share that would be alike by chance; None where all labels are equally frequent."""

    @property
    def left_by_chance(self) -> float:
        """The share of pairs that chance alone would leave different."""
        return 1 - (1 / self.labels if self.by_chance is None else self.by_chance)


@dataclass(frozen=True)
class Plan:
    """One way to reach the wished interval."""

    annotators: int
    """People who label each of the clips."""
    clips: int

    @property
    def answers(self) -> int:
        """Labels to collect on these clips."""
        return self.annotators * self.clips


def expected_from(now: AgreementNow | None, *, labels: int) -> Expected:
    """What the answers so far lead one to expect: a little less than they show, as they are few."""
    labels = max(labels, 2)
    if now is None:
        return Expected(agreed=USUAL_AGREEMENT, labels=labels)
    return Expected(agreed=(now.agreed * now.clips + 2) / (now.clips + 4), labels=labels, by_chance=min(now.by_chance, 0.95))


def plans(expected: Expected, *, half_width: float, beyond_chance: bool) -> list[Plan]:
    """The clips needed with 2 to 5 people on each.

    Args:
        expected: what is assumed of the answers.
        half_width: the wished 95% interval is this much on both sides, 0.005 to 0.5.
        beyond_chance: whether the interval is that of kappa or alpha, and not that of the plain share.
    """
    return [
        Plan(annotators, clips_needed(expected, annotators=annotators, half_width=half_width, beyond_chance=beyond_chance))
        for annotators in range(2, MOST_ANNOTATORS + 1)
    ]


def clips_needed(expected: Expected, *, annotators: int, half_width: float, beyond_chance: bool) -> int:
    """How many clips so many people must label; see `plans`."""
    scale = expected.left_by_chance if beyond_chance else 1.0
    needed = (Z * spread(expected, annotators=annotators) / (half_width * scale)) ** 2
    return max(math.ceil(needed - 1e-9), _LEAST_CLIPS)


def half_width_of(expected: Expected, *, annotators: int, clips: int, beyond_chance: bool) -> float:
    """Of the 95% interval that so many clips give."""
    scale = expected.left_by_chance if beyond_chance else 1.0
    return Z * spread(expected, annotators=annotators) / math.sqrt(clips) / scale


def spread(expected: Expected, *, annotators: int) -> float:
    """Standard deviation of one clip's share of pairs that are alike, with so many people on it."""
    right = _chance_to_be_right(expected)
    wrong = (1 - right) / (expected.labels - 1)
    squares = right**2 + (expected.labels - 1) * wrong**2
    cubes = right**3 + (expected.labels - 1) * wrong**3
    of_one, of_pair = cubes - squares**2, squares * (1 - squares)
    return math.sqrt(2 / (annotators * (annotators - 1)) * (2 * (annotators - 2) * of_one + of_pair))


def _chance_to_be_right(expected: Expected) -> float:
    """With which two people agree that often: `agreed = right^2 + (1 - right)^2 / (labels - 1)`; below chance, that of chance."""
    others = expected.labels - 1
    root = max(expected.agreed * expected.labels * others - others, 0.0)
    return min((1 + math.sqrt(root)) / expected.labels, 1.0)
