"""What a run reports about the team: how reliable each annotator is and was, who agrees with whom, and how far all agree.

Reliability is measured on gold clips where enough answers allow it. An answer counts there if nobody chose the clip because of
it: the gold answer was known before (as in a silent check), or was not given on the Review page. That page leads to labels that
are probably wrong: on the clips fixed there every annotator looks worse than they are. Elsewhere the others are the measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from db.decisions.log import LiveDecision
from db.models import Answer, Source
from db.reports import AnnotatorPair, AnnotatorQuality, DriftPoint, TeamReport
from learner.arrays import BoolArray
from learner.evaluation.intervals import Interval
from learner.label_quality.agreement import Agreement, agreement
from learner.label_quality.crowdlab import Opinions, opinions
from learner.label_quality.reliability import Judged, judged_by_gold, judged_by_others

GOLD_ENOUGH = 20
"""Answers on gold clips from which they alone are the measure."""
A_STRETCH, MOST_STRETCHES = 25, 6
"""Clips in each stretch of an annotator's answers at least, and stretches at most."""
MOST_PAIRS = 200
"""Pairs that are reported: those with the most clips."""

GOLD, OTHERS, NOTHING = "gold", "other annotators", "nothing"


def team_report(live: Sequence[LiveDecision], label_ids: Sequence[int]) -> TeamReport:
    """The report on these decisions; `live` are those that stand, by id."""
    given = opinions(live, label_ids)
    agreed = agreement(given, labels=len(label_ids))
    alpha = agreed.alpha
    return TeamReport(
        annotators=_qualities(live, given, label_ids),
        pairs=_pairs(agreed),
        alpha=None if alpha is None else round(alpha.value, 4),
        alpha_low=None if alpha is None else round(alpha.low, 4),
        alpha_high=None if alpha is None else round(alpha.high, 4),
        clips=agreed.clips,
    )


def _pairs(agreed: Agreement) -> list[AnnotatorPair]:
    largest = sorted(agreed.pairs, key=lambda pair: -pair.clips)[:MOST_PAIRS]
    return [
        AnnotatorPair(
            first=pair.annotators[0],
            second=pair.annotators[1],
            clips=pair.clips,
            agreement=round(pair.agreed, 4),
            kappa=None if pair.kappa is None else round(pair.kappa, 4),
        )
        for pair in largest
    ]


def _qualities(live: Sequence[LiveDecision], given: Opinions, label_ids: Sequence[int]) -> list[AnnotatorQuality]:
    """Of everybody who answered, most answers first."""
    answers = Counter(decision.annotator_id for decision in live if not decision.gold)
    by_gold, by_others = _judged(live, given, label_ids)
    columns = {annotator: column for column, annotator in enumerate(given.annotator_ids)}
    times = {(decision.clip_id, decision.annotator_id): (decision.since, decision.created_at) for decision in live}
    found = []
    for annotator, count in answers.most_common():
        column = columns.get(annotator, -1)
        gold, others = (judged.where(judged.annotator == column) for judged in (by_gold, by_others))
        judged, measured_on = (gold, GOLD) if len(gold.clip_ids) >= GOLD_ENOUGH else (others, OTHERS)
        reliability = judged.reliability()
        if reliability is None:
            nothing = AnnotatorQuality(
                annotator=annotator, answers=count, reliability=None, low=0.0, high=1.0, clips=0, measured_on=NOTHING
            )
            found.append(nothing)
            continue
        in_order = sorted((*times[clip, annotator], row) for row, clip in enumerate(judged.clip_ids.tolist()))
        drift = _drift(judged.where(np.array([row for *_, row in in_order], dtype=np.int64)), [at for _, at, _ in in_order])
        quality = AnnotatorQuality(
            annotator=annotator,
            answers=count,
            **_rounded(reliability),
            clips=len(judged.clip_ids),
            measured_on=measured_on,
            drift=drift,
        )
        found.append(quality)
    return found


def _drift(judged: Judged, times: Sequence[float]) -> list[DriftPoint]:
    """Stretches of as many clips each, in the order of the answers; empty with too few for two."""
    stretches = min(len(times) // A_STRETCH, MOST_STRETCHES)
    if stretches < 2:
        return []
    found = []
    for rows in np.array_split(np.arange(len(times)), stretches):
        reliability = judged.where(rows).reliability()
        if reliability is not None:
            first, last = times[int(rows[0])], times[int(rows[-1])]
            found.append(DriftPoint(first_at=first, last_at=last, **_rounded(reliability), clips=len(rows)))
    return found


def _rounded(reliability: Interval) -> dict[str, float]:
    value = {"reliability": reliability.value, "low": reliability.low, "high": reliability.high}
    return {name: round(number, 4) for name, number in value.items()}


def _judged(live: Sequence[LiveDecision], given: Opinions, label_ids: Sequence[int]) -> tuple[Judged, Judged]:
    """The labels that gold answers judge, and those that the other annotators judge."""
    gold = {decision.clip_id: decision for decision in live if decision.gold}
    positions = {label: number for number, label in enumerate(label_ids)}
    known = {clip: row for clip, row in gold.items() if row.answer == Answer.LABEL and row.label_id in positions}
    truth = {clip: positions[row.label_id] for clip, row in known.items() if row.label_id is not None}
    by_gold = judged_by_gold(given, truth)
    if len(label_ids) < 2:
        return by_gold, by_gold.where(np.zeros(len(by_gold.clip_ids), dtype=np.bool_))
    return by_gold.where(_fair(by_gold, live, known, given)), judged_by_others(given, truth, labels=len(label_ids))


def _fair(judged: Judged, live: Sequence[LiveDecision], known: Mapping[int, LiveDecision], given: Opinions) -> BoolArray:
    """Which of these labels were not what their clip was fixed for."""
    orders = {(decision.clip_id, decision.annotator_id): decision.order for decision in live if not decision.gold}
    pairs = zip(judged.clip_ids.tolist(), judged.annotator.tolist(), strict=True)
    return np.array(
        [
            known[clip].source != Source.REVIEW or orders[clip, given.annotator_ids[column]] > known[clip].order
            for clip, column in pairs
        ],
        dtype=np.bool_,
    )
