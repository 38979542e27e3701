"""Clips as lists of a lead's pages show them: by id, those that two annotators label differently, and those that were skipped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from db.decisions.conditions import given_as_gold_check
from db.decisions.log import live_query
from db.models import Annotator, Answer, Clip, ClipState, Decision, Label
from db.records.label_history import counted_label

_AT_A_TIME = 500
"""Clips looked up in one query."""


@dataclass(frozen=True)
class ListedClip:
    """What a list shows of a clip."""

    clip_id: int
    file_name: str
    seconds: float
    speaker: str | None


@dataclass(frozen=True)
class Disagreement:
    """A clip with the labels that two annotators gave it."""

    clip_id: int
    first: str
    second: str


@dataclass(frozen=True)
class Unlabelled:
    """A clip that somebody skipped or was unsure about."""

    clip_id: int
    annotator: str
    answer: Answer
    reason: str | None


def listed_clips(session: Session, clip_ids: Iterable[int]) -> dict[int, ListedClip]:
    """Those of these clips that are in service, by id."""
    wanted = list(dict.fromkeys(clip_ids))
    found: dict[int, ListedClip] = {}
    for first in range(0, len(wanted), _AT_A_TIME):
        block = wanted[first : first + _AT_A_TIME]
        columns = select(Clip.id, Clip.file_name, Clip.end - Clip.start, Clip.speaker)
        for row in session.execute(columns.where(Clip.id.in_(block), Clip.state == ClipState.READY)):
            found[row[0]] = ListedClip(*row)
    return found


def disagreements(session: Session, first: int, second: int, *, limit: int) -> list[Disagreement]:
    """Clips to which two annotators (ids) give different labels, newest answer of the first one first."""
    label = aliased(Label)
    columns = live_query().where(Decision.answer == Answer.LABEL).join(label, label.id == counted_label())
    named = columns.with_only_columns(Decision.clip_id, label.name.label("name"), Decision.id.label("id"))
    one, other = (named.where(Decision.annotator_id == who).subquery() for who in (first, second))
    both = select(one.c.clip_id, one.c.name, other.c.name).join(other, other.c.clip_id == one.c.clip_id)
    both = both.where(one.c.name != other.c.name).order_by(one.c.id.desc()).limit(limit)
    return [Disagreement(*row) for row in session.execute(both)]


def unlabelled(session: Session, answers: Collection[Answer], *, limit: int) -> list[Unlabelled]:
    """Clips in service that were answered with one of these, newest answer first; answers to gold checks are left out."""
    judged = live_query().where(Decision.answer.in_(answers), ~given_as_gold_check())
    query = judged.join(Annotator, Annotator.id == Decision.annotator_id)
    query = query.join(Clip, Clip.id == Decision.clip_id).where(Clip.state == ClipState.READY)
    columns = query.with_only_columns(Decision.clip_id, Annotator.name, Decision.answer, Decision.reason)
    return [Unlabelled(*row) for row in session.execute(columns.order_by(Decision.id.desc()).limit(limit))]
