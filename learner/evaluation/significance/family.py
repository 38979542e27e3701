"""Several tests at once: Holm's correction, and how many of them show better, worse or no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from db.errors import LearnerError

SURE = 0.05
"""Below this corrected p a difference counts."""


class Verdict(StrEnum):
    """What one comparison shows."""

    BETTER = "better"
    WORSE = "worse"
    LEVEL = "no difference"


@dataclass(frozen=True)
class Verdicts:
    """Of a family of comparisons: how many show what."""

    better: int
    worse: int
    level: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Verdicts:
        """Count them."""
        found = Counter(verdicts)
        return cls(found[Verdict.BETTER], found[Verdict.WORSE], found[Verdict.LEVEL])

    @property
    def sentence(self) -> str:
        """Such as `significantly better on 10, worse on 2, no difference on 14`."""
        return f"significantly better on {self.better}, worse on {self.worse}, no difference on {self.level}"


def verdict(p: float | None, sign: int) -> Verdict:
    """What a comparison shows.

    Args:
        p: corrected for the number of comparisons; None where there is no test.
        sign: positive if the first is better.
    """
    if p is None or p >= SURE or sign == 0:
        return Verdict.LEVEL
    return Verdict.BETTER if sign > 0 else Verdict.WORSE


def holm(p: Mapping[str, float | None]) -> dict[str, float | None]:
    """The same, corrected for their number (Holm 1979, *A simple sequentially rejective multiple test procedure*).

    Args:
        p: of each test; None where there is none, which does not count as a test.

    Raises:
        LearnerError: a p is not from 0 to 1.
    """
    wrong = [name for name, value in p.items() if value is not None and not 0 <= value <= 1]
    if wrong:
        raise LearnerError(f"The p of {wrong[0]!r} is {p[wrong[0]]}; give values from 0 to 1.")
    known = sorted((value, name) for name, value in p.items() if value is not None)
    corrected: dict[str, float | None] = dict.fromkeys(p)
    so_far = 0.0
    for place, (value, name) in enumerate(known):
        so_far = max(so_far, min(1.0, (len(known) - place) * value))
        corrected[name] = so_far
    return corrected
