"""What an answer was given for, and whether it was given blind: once in Python for a row, once in SQL for a query.

Older projects have the source `review` for two things: a reviewer's answer, and an answer of the second pass. Only the latter was
given under a lease. Both forms of each condition here read such rows as what they are, so nobody else has to know.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import ColumnElement, and_, case, func, literal, or_

from db.models import Decision, Source

REINSTATES = "reinstates"
"""Key in the circumstances of a row that brings back an answer that was taken back: the id of the row that first gave it."""


class Given(Protocol):
    """The part of an answer that says whether there was a hint."""

    @property
    def suggestion_shown(self) -> bool:
        """Whether a hint was on screen."""

    @property
    def source(self) -> Source:
        """Why the clip was answered."""


class Asked(Protocol):
    """The part of an answer that says why the clip was asked."""

    @property
    def source(self) -> Source:
        """Why the clip was answered."""

    @property
    def queued_as(self) -> Source | None:
        """What the clip was served for before, where that is not the source."""


def is_blind(answer: Given) -> bool:
    """Whether an answer was given without a hint of what the classifier expects: no suggestion on screen, no grid."""
    return not answer.suggestion_shown and answer.source != Source.GRID


def given_blind() -> ColumnElement[bool]:
    """SQL condition on `Decision`: `is_blind`."""
    return and_(Decision.suggestion_shown.is_(False), Decision.source != Source.GRID)


def is_second_pass(row: Decision) -> bool:
    """Whether the clip had a label and was asked once more."""
    return row.source == Source.SECOND_PASS or (row.source == Source.REVIEW and row.lease_id is not None)


def in_second_pass() -> ColumnElement[bool]:
    """SQL condition on `Decision`: `is_second_pass`."""
    return or_(Decision.source == Source.SECOND_PASS, and_(Decision.source == Source.REVIEW, Decision.lease_id.is_not(None)))


def is_gold_check(answer: Asked) -> bool:
    """Whether an answer only measures its annotator: the clip's gold label was known. It has no part in the consensus, in
    training, or in the random slice. An annotator's own gold check that they gave anew stays one."""
    return Source.GOLD_CHECK in (answer.source, answer.queued_as)


def given_as_gold_check() -> ColumnElement[bool]:
    """SQL condition on `Decision`: `is_gold_check`; never NULL, so that it can be negated."""
    queued = and_(Decision.queued_as.is_not(None), Decision.queued_as == Source.GOLD_CHECK)
    return or_(Decision.source == Source.GOLD_CHECK, queued)


def first_id_of(row: Decision) -> int:
    """The id of the row that first gave this answer: its own, but for an answer that was taken back and brought back."""
    return int((row.circumstances or {}).get(REINSTATES) or row.id)


def first_id() -> ColumnElement[int]:
    """SQL expression on `Decision`: `first_id_of`."""
    return func.coalesce(Decision.circumstances[REINSTATES].as_integer(), Decision.id)


def came_back() -> ColumnElement[bool]:
    """SQL condition on `Decision`: nobody gave it when it was stored; it was taken back before, and brought back."""
    found: ColumnElement[bool] = Decision.circumstances[REINSTATES].as_integer().is_not(None)
    return found


def given_at() -> ColumnElement[float]:
    """SQL expression on `Decision`: when it was stored, in seconds since 1970.

    For an answer that was taken back and brought back, it is when that answer was given.
    """
    return case((came_back(), func.coalesce(Decision.answered_at, Decision.created_at)), else_=Decision.created_at)


def source_of(row: Decision) -> Source:
    """Why the clip was answered, whichever version wrote the row."""
    return Source.SECOND_PASS if is_second_pass(row) else row.source


def source_column() -> ColumnElement[Source]:
    """SQL expression on `Decision`: `source_of`."""
    second_pass = literal(Source.SECOND_PASS, type_=Decision.source.type)
    return case((in_second_pass(), second_pass), else_=Decision.source)


def given_on_review() -> ColumnElement[bool]:
    """SQL condition on `Decision`: given on the Review page, whether final (gold) or one's own answer given anew."""
    return and_(Decision.source == Source.REVIEW, ~in_second_pass())


def given_in_app() -> ColumnElement[bool]:
    """SQL condition on `Decision`: given on any page of the app, neither imported nor scripted."""
    return Decision.source.not_in((Source.IMPORTED, Source.SCRIPTED))
