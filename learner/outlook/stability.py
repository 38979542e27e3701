"""Whether the classifier's predictions still change: agreement of successive runs on clips that nobody has labelled.

As in Bloodgood, Vijay-Shanker 2009, *A method for stopping active learning based on stabilizing predictions*: Cohen's kappa
between the predictions of one run and the next on clips that enter no training. Runs that are one decision apart always agree; so
here the next run has `STEP` times as many labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from db.decisions.log import LiveDecision
from learner.arrays import Int64Array
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.dataset.sampling import scattered
from learner.dataset.trainable import trainable
from learner.evaluation.cross_fitting import FoldHeads
from learner.evaluation.kappa import cohen_kappa
from learner.progress import Progress

STEP = 1.1
COMPARED = 3
"""Pairs of successive runs."""
MOST_CLIPS = 2000


def successive_kappas(
    heads: FoldHeads,
    live: Sequence[LiveDecision],
    label_ids: Sequence[int],
    *,
    answered: frozenset[int],
    progress: Progress,
) -> list[float]:
    """Cohen's kappa of each pair, oldest first; empty while there are too few labels, or nothing is left to predict.

    Args:
        heads: keeps the heads it trained, for the next call.
        live: the decisions that stand, by id.
        answered: clips to leave out.
        progress: see `learner.progress.Progress`.
    """
    sizes = [round(len(live) / STEP**back) for back in range(COMPARED, -1, -1)]
    if sizes[0] < 2 * len(label_ids) or len(set(sizes)) <= COMPARED:
        return []
    clips = _left(heads.pool, answered)
    if not len(clips):
        return []
    found = []
    in_order = sorted(live, key=lambda decision: decision.since)
    for done, size in enumerate(sizes, start=1):
        known = {decision.id for decision in in_order[:size]}
        then = [decision for decision in live if decision.id in known]
        found.append(_predicted(heads, trainable(heads.pool, then, label_ids), clips))
        progress(done, len(sizes))
    heads.forget_unused()
    predictions = [predicted for predicted in found if predicted is not None]
    if len(predictions) < len(found):
        return []
    return [stability(one, two) for one, two in itertools.pairwise(predictions)]


def _left(pool: Pool, answered: frozenset[int]) -> Int64Array:
    """Some clips in service that nobody answered; the same ones as long as they stay unanswered."""
    left = pool.features.clip_ids[pool.ready]
    left = left[~np.isin(left, np.fromiter(answered, dtype=np.int64, count=len(answered)))]
    return np.sort(scattered(left, most=MOST_CLIPS))


def _predicted(heads: FoldHeads, labels: Mapping[int, int], clips: Int64Array) -> Int64Array | None:
    head = heads.trained(Examples.of(labels))
    if head is None:
        return None
    vectors = heads.pool.features.rows(clips)
    return head.predict(heads.pool.inputs_of(vectors, clips, head.normalisation, words=head.words))


def stability(one: Int64Array, two: Int64Array) -> float:
    """Cohen's kappa; 1 where both runs always predict the same single label."""
    kappa = cohen_kappa(one, two)
    return 1.0 if kappa is None else kappa
