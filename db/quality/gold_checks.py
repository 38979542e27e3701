"""What came of the gold checks: how often each annotator gave the label that a reviewer had fixed.

Only answers whose clip was served as a gold check count: the clips that somebody chose to answer say something else. They are
scored against the gold label of today.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id, given_as_gold_check
from db.decisions.log import live_query
from db.models import Annotator, Answer, Decision, Label
from db.quality.shares import Share, share_of
from db.records.label_history import counted_label


@dataclass(frozen=True)
class GoldScore:
    """One annotator's gold checks."""

    annotator_id: int
    annotator: str
    right: Share
    """Of the checks answered with a label."""
    undecided: int
    """Checks answered with *unsure* or *skip*: neither right nor wrong."""
    by_label: dict[str, Share]
    """By the gold label's name, in the order of the label set."""


def gold_scores(session: Session) -> list[GoldScore]:
    """For each annotator who answered a check that can be scored, by name."""
    gold = _gold_labels(session)
    checks = (
        live_query()
        .where(given_as_gold_check())
        .with_only_columns(Decision.clip_id, Decision.annotator_id, Decision.answer, counted_label())
    )
    asked: Counter[tuple[int, int]] = Counter()
    right: Counter[tuple[int, int]] = Counter()
    undecided: Counter[int] = Counter()
    people: set[int] = set()
    for clip, annotator, answer, label in session.execute(checks):
        if clip not in gold:
            continue
        people.add(annotator)
        if answer != Answer.LABEL:
            undecided[annotator] += 1
            continue
        asked[annotator, gold[clip]] += 1
        right[annotator, gold[clip]] += label == gold[clip]
    names = {row.id: row.name for row in session.execute(select(Annotator.id, Annotator.name).where(Annotator.id.in_(people)))}
    labels = session.execute(select(Label.id, Label.name).order_by(Label.position, Label.id)).all()
    found = [
        GoldScore(
            annotator_id=who,
            annotator=names[who],
            right=share_of(
                sum(count for (one, _), count in right.items() if one == who),
                sum(count for (one, _), count in asked.items() if one == who),
            ),
            undecided=undecided[who],
            by_label={name: share_of(right[who, label], asked[who, label]) for label, name in labels if asked[who, label]},
        )
        for who in people
    ]
    return sorted(found, key=lambda score: score.annotator)


def gold_clips(session: Session) -> int:
    """How many clips have a gold label, which is how many checks there can be for each annotator."""
    query = live_query().where(Decision.gold.is_(True), Decision.answer == Answer.LABEL)
    return session.scalar(query.with_only_columns(func.count(Decision.clip_id.distinct()))) or 0


def _gold_labels(session: Session) -> dict[int, int]:
    """The newest gold label by clip; none for a clip that a reviewer skipped since."""
    query = live_query().where(Decision.gold.is_(True)).with_only_columns(Decision.clip_id, counted_label()).order_by(first_id())
    newest: dict[int, int | None] = {row[0]: row[1] for row in session.execute(query)}
    return {clip: label for clip, label in newest.items() if label is not None}
