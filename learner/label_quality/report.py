"""The report on labels: computed from one snapshot of decisions, as JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision
from db.reports import DoubtedLabel
from learner.arrays import Float64Array, Int64Array
from learner.dataset.pool import Pool
from learner.heads.linear import LinearHead
from learner.label_quality.activelab import NextAnswer, worth_asking
from learner.label_quality.agreement import Agreement, agreement
from learner.label_quality.crowdlab import Merged, Opinions, merged, opinions
from learner.label_quality.out_of_fold import out_of_fold
from learner.label_quality.suspects import STRENGTH, Suspect, suspects
from learner.progress import Progress, unseen

LEAST_LABELS = 20
"""With fewer labels no head can judge a label."""
KEPT = 500
"""At most so many suspects, and so many clips to label again, are reported."""
NEW = 5000
"""At most so many unlabelled clips compete with labelled ones for an answer; from a larger pool they are drawn at random."""


@dataclass(frozen=True)
class Quality:
    """All findings on the labels of a snapshot; lists are complete, best first."""

    suspects: list[Suspect]
    worth_asking: list[NextAnswer]
    merged: Merged | None
    agreement: Agreement
    judged: int
    """How many labels could be judged, without those that a reviewer fixed."""


def quality_of(
    pool: Pool,
    live: Sequence[LiveDecision],
    label_ids: Sequence[int],
    *,
    head: LinearHead | None,
    progress: Progress = unseen,
) -> Quality:
    """Judge the labels that stand.

    Args:
        head: the one in use, for clips without a label; none leaves them out.
        progress: called with heads trained and to train.
    """
    given = opinions(live, label_ids)
    agreed = agreement(given, labels=len(label_ids))
    settled = {decision.clip_id for decision in live if decision.gold}
    judged = _judged(pool, live, label_ids, progress)
    if judged is None:
        return Quality([], [], None, agreed, judged=0)
    ids, y, probabilities = judged
    doubted = [suspect for suspect in suspects(ids, y, probabilities, label_ids) if suspect.clip_id not in settled]
    known, rows = _known(given, ids)
    open_ids, open_probabilities = _open(pool, live, label_ids, head)
    asked = worth_asking(known, probabilities[rows], open_ids, open_probabilities)
    return Quality(
        doubted,
        [each for each in asked if each.clip_id not in settled],
        merged(known, probabilities[rows], label_ids),
        agreed,
        judged=sum(clip not in settled for clip in ids.tolist()),
    )


def doubted_labels(pool: Pool, live: Sequence[LiveDecision], label_ids: Sequence[int], *, most: int) -> list[DoubtedLabel]:
    """The labels that the heads contradict, most suspicious first.

    What the heads predict instead is for the Dashboard: the page Review leaves it out, since whoever decides on the clip should
    hear it without a hint. Clips that a reviewer has fixed are left out here.
    """
    judged = _judged(pool, live, label_ids)
    if judged is None:
        return []
    settled = {decision.clip_id for decision in live if decision.gold}
    found = [each for each in suspects(*judged, label_ids) if each.likely_id != each.label_id and each.clip_id not in settled]
    return [
        DoubtedLabel(clip=each.clip_id, label=each.label_id, likely=each.likely_id, score=each.score) for each in found[:most]
    ]


def _judged(
    pool: Pool, live: Sequence[LiveDecision], label_ids: Sequence[int], progress: Progress = unseen
) -> tuple[Int64Array, Int64Array, Float64Array] | None:
    """Labelled clips with features, their labels, and their probabilities out of fold; None if too few."""
    labels = {clip: label for clip, label in consensus_labels(live).items() if label in label_ids}
    ids = np.array(sorted(labels), dtype=np.int64)
    ids = ids[pool.features.has(ids)]
    y = np.array([labels[clip] for clip in ids.tolist()], dtype=np.int64)
    if len(ids) < LEAST_LABELS or len(np.unique(y)) < 2 or len(np.unique(pool.folds.folds(ids))) < 2:
        return None
    return ids, y, out_of_fold(pool, ids, y, label_ids, C=STRENGTH, progress=progress)


def _known(given: Opinions, ids: Int64Array) -> tuple[Opinions, Int64Array]:
    """The opinions on clips that have probabilities, and the rows of these; annotators without any are left out."""
    kept = np.isin(given.clip_ids, ids)
    labels = given.labels[kept]
    columns = np.flatnonzero((~np.isnan(labels)).any(axis=0))
    known = Opinions(given.clip_ids[kept], [given.annotator_ids[column] for column in columns], labels[:, columns])
    return known, np.searchsorted(ids, known.clip_ids)


def _open(
    pool: Pool, live: Sequence[LiveDecision], label_ids: Sequence[int], head: LinearHead | None
) -> tuple[Int64Array, Float64Array]:
    """Clips in service that nobody answered, and their probabilities by the head."""
    rows = pool.unanswered(live)
    if head is None or not rows.any():
        return np.zeros(0, dtype=np.int64), np.zeros((0, len(label_ids)))
    if rows.sum() > NEW:
        chosen = np.random.default_rng(len(live)).choice(np.flatnonzero(rows), NEW, replace=False)
        rows = np.zeros_like(rows)
        rows[chosen] = True
    chunks = [head.probabilities(chunk, label_ids) for chunk in pool.input_chunks(rows, head.normalisation, words=head.words)]
    return pool.features.clip_ids[rows], np.concatenate(chunks).astype(np.float64)


def quality_report(found: Quality, *, names: Mapping[int, str], annotators: Mapping[int, str]) -> dict[str, Any]:
    """The report as JSON values.

    Keys: `judged` (labels), `suspects` (those that are contradicted: clip, label, likely, score), `ask_again` (labelled clips,
    first those where another answer is worth most), `relabel_share` (of the hundred answers that are worth most, the share that
    are re-labels; None without any), `annotators` (quality by name, CROWDLAB), `agreement` (see `agreement_report`).
    """
    again = [each.clip_id for each in found.worth_asking if each.again]
    first = found.worth_asking[:100]
    contradicted = [each for each in found.suspects if each.likely_id != each.label_id]
    return {
        "judged": found.judged,
        "suspects": [
            {"clip": each.clip_id, "label": names[each.label_id], "likely": names[each.likely_id], "score": round(each.score, 6)}
            for each in contradicted[:KEPT]
        ],
        "ask_again": again[:KEPT],
        "relabel_share": round(sum(each.again for each in first) / len(first), 3) if first else None,
        "annotators": {}
        if found.merged is None
        else {annotators[number]: round(score, 4) for number, score in found.merged.annotators.items()},
        "agreement": agreement_report(found.agreement, annotators),
    }


def agreement_report(found: Agreement, annotators: Mapping[int, str]) -> dict[str, Any]:
    """The agreement as JSON values: `clips` with several annotators, `alpha`, `alpha_low`, `alpha_high`, `fleiss`, `pairs`."""
    alpha = found.alpha
    return {
        "clips": found.clips,
        "alpha": None if alpha is None else round(alpha.value, 4),
        "alpha_low": None if alpha is None else round(alpha.low, 4),
        "alpha_high": None if alpha is None else round(alpha.high, 4),
        "fleiss": None if found.fleiss is None else round(found.fleiss, 4),
        "pairs": [
            {
                "annotators": [annotators[number] for number in pair.annotators],
                "clips": pair.clips,
                "agreed": round(pair.agreed, 4),
                "kappa": None if pair.kappa is None else round(pair.kappa, 4),
            }
            for pair in found.pairs
        ],
    }
