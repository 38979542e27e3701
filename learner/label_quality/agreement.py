"""How well annotators agree beyond chance: Cohen's kappa of each two, Fleiss' kappa and Krippendorff's alpha of all.

Cohen 1960, *A coefficient of agreement for nominal scales*; Fleiss 1971, *Measuring nominal scale agreement among many raters*
(with a number of raters that may differ between clips, each clip weighing the same); Krippendorff 2011, *Computing
Krippendorff's alpha-reliability*, for nominal labels, with a 95% interval by resampling clips. None of them is
defined where everybody always gives the same label.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from learner.arrays import Float64Array
from learner.evaluation.intervals import Interval
from learner.evaluation.kappa import cohen_kappa
from learner.label_quality.crowdlab import Opinions
from learner.progress import Progress, unseen

RESAMPLES, _PART = 1000, 50
SEED = 1970
_ALIKE = 1e-12


@dataclass(frozen=True)
class PairAgreement:
    """Two annotators: how many clips both labelled, on which share they agree, and Cohen's kappa (None where undefined)."""

    annotators: tuple[int, int]
    clips: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """Of all annotators: Krippendorff's alpha with its interval, Fleiss' kappa, and every pair that shares clips."""

    clips: int
    """Clips that two annotators or more labelled."""
    alpha: Interval | None
    fleiss: float | None
    pairs: list[PairAgreement]


def agreement(given: Opinions, *, labels: int, progress: Progress = unseen) -> Agreement:
    """The agreement on these labels.

    Args:
        labels: how many there are to choose from.
        progress: called with samples of clips drawn and to draw.
    """
    counts = counts_of(given, labels=labels)
    shared = given.labels[given.several]
    labelled = (~np.isnan(shared)).astype(np.float64)
    together = labelled.T @ labelled
    pairs = [
        _pair(given.annotator_ids, shared, (first, second))
        for first, second in combinations(range(len(given.annotator_ids)), 2)
        if together[first, second]
    ]
    return Agreement(len(counts), krippendorff_alpha(counts, progress=progress), fleiss_kappa(counts), pairs)


def counts_of(given: Opinions, *, labels: int) -> Float64Array:
    """How often each label was given, [clips, labels], for the clips that two annotators or more labelled."""
    shared = given.labels[given.several]
    rows, columns = np.nonzero(~np.isnan(shared))
    cells = rows * labels + shared[rows, columns].astype(np.int64)
    return np.bincount(cells, minlength=len(shared) * labels).astype(np.float64).reshape(len(shared), labels)


def fleiss_kappa(counts: Float64Array) -> float | None:
    """From label counts [clips, labels] with at least two labels a clip."""
    if not len(counts):
        return None
    raters = counts.sum(axis=1)
    alike = float(((np.square(counts).sum(axis=1) - raters) / (raters * (raters - 1))).mean())
    chance = float(np.square(counts.sum(axis=0) / raters.sum()).sum())
    return None if 1 - chance < _ALIKE else (alike - chance) / (1 - chance)


def krippendorff_alpha(counts: Float64Array, *, progress: Progress = unseen) -> Interval | None:
    """From label counts [clips, labels] with at least two labels a clip; the interval may reach below 0."""
    if not len(counts):
        return None
    raters = counts.sum(axis=1)
    disagreed = (np.square(raters) - np.square(counts).sum(axis=1)) / (raters - 1)
    sums = np.column_stack([disagreed, counts])
    value = float(_alphas(sums.sum(axis=0)[None])[0])
    if not np.isfinite(value):
        return None
    rng = np.random.default_rng(SEED)
    # Clips with the same counts are drawn together: with very many clips there are few kinds.
    kinds, of_kind = np.unique(sums, axis=0, return_counts=True)
    share = of_kind / len(counts)
    parts = []
    # In parts: all draws at once would take much memory with very many clips.
    for done in range(_PART, RESAMPLES + 1, _PART):
        parts.append(_alphas(rng.multinomial(len(counts), share, size=_PART) @ kinds))
        progress(done, RESAMPLES)
    drawn = np.concatenate(parts)
    drawn = drawn[np.isfinite(drawn)]
    low, high = (value, value) if not len(drawn) else np.quantile(drawn, [0.025, 0.975])
    return Interval(value, min(float(low), value), max(float(high), value))


def _alphas(sums: Float64Array) -> Float64Array:
    """Alpha of each row: disagreement within clips, then the count of each label; NaN where only one label occurs."""
    counts = sums[:, 1:]
    total = counts.sum(axis=1)
    expected = (np.square(total) - np.square(counts).sum(axis=1)) / (total - 1)
    found = np.full(len(sums), np.nan)
    there = expected > _ALIKE
    found[there] = 1 - sums[there, 0] / expected[there]
    return found


def _pair(annotator_ids: list[int], shared: Float64Array, columns: tuple[int, int]) -> PairAgreement:
    labels = shared[:, columns]
    both = labels[~np.isnan(labels).any(axis=1)].astype(np.int64)
    return PairAgreement(
        annotators=(annotator_ids[columns[0]], annotator_ids[columns[1]]),
        clips=len(both),
        agreed=float((both[:, 0] == both[:, 1]).mean()),
        kappa=cohen_kappa(both[:, 0], both[:, 1]),
    )
