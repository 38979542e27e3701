"""Several tests at once: Holm's correction on published examples, and the counts."""

from __future__ import annotations

import pytest

from db.errors import LearnerError
from learner.evaluation.significance.family import Verdict, Verdicts, holm, verdict


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Four hypotheses, the example of the Wikipedia article on Holm-Bonferroni: at 5% H1 and H4 are rejected.
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        # Wright 1992, Adjusted p-values for simultaneous inference: what R's p.adjust gives for such a list.
        ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
        ([0.6, 0.5], [1.0, 1.0]),
    ],
)
def test_holm(given: list[float], expected: list[float]) -> None:
    corrected = holm({str(number): value for number, value in enumerate(given)})
    assert list(corrected.values()) == pytest.approx(expected)


def test_what_was_not_tested_is_no_test() -> None:
    assert holm({"a": 0.02, "b": None, "c": 0.04}) == {"a": 0.04, "b": None, "c": 0.04}
    with pytest.raises(LearnerError, match="'b' is 1.5; give values from 0 to 1"):
        holm({"a": 0.5, "b": 1.5})


def test_counts_of_a_family() -> None:
    shown = [(0.01, 1), (0.01, 1), (0.04, -1), (0.05, 1), (None, 1), (1.0, 0)]
    verdicts = [verdict(p, sign) for p, sign in shown]
    assert verdicts == [Verdict.BETTER, Verdict.BETTER, Verdict.WORSE, *[Verdict.LEVEL] * 3]
    assert Verdicts.of(verdicts).sentence == "significantly better on 2, worse on 1, no difference on 3"
