"""The decision log: reading it, and appending a finished row; rows are never changed.

A decision stands until a newer row takes it back (undo) or supersedes it (relabel); undoing a relabel brings the earlier answer
back. It is *live* while it stands and its label is not retired.
"""

from __future__ import annotations

import functools
import time
import uuid as uuids
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.decisions.conditions import first_id, given_at, is_blind, source_column
from db.errors import DecisionError
from db.models import Answer, Clip, ClipState, Decision, Source, Withdrawal
from db.records.label_history import effective_label, label_counts, labels_as_of


@dataclass(frozen=True)
class LiveDecision:
    """An answer that stands."""

    id: int
    uuid: str
    clip_id: int
    annotator_id: int
    answer: Answer
    label_id: int | None
    source: Source
    queued_as: Source | None
    gold: bool
    suggestion_shown: bool
    created_at: float
    """When it was stored first, in seconds since 1970."""
    first_id: int | None = None
    """Id of the first label that the annotator gave the clip, where there were several."""
    given_as: int | None = None
    """Id of the row that first gave this very answer, where it was taken back and brought back since; else None or its own."""

    @property
    def since(self) -> int:
        """Where in the log it counts from: a label that was mended was always so."""
        return self.first_id or self.id

    @property
    def order(self) -> int:
        """Its place among the answers of a clip: an answer that was brought back is no newer than before."""
        return self.given_as or self.id

    @property
    def blind(self) -> bool:
        """Whether it was given without a hint of what the classifier expects: no suggestion on screen, no grid."""
        return is_blind(self)


def append_row(session: Session, row: Decision) -> Decision:
    """Add a finished row (needs a write session). Which rows may be added is for `db.decisions.taking` to decide."""
    row.created_at = time.time()
    session.add(row)
    session.flush()
    return row


def row_of(session: Session, uuid: str) -> Decision | None:
    """The row with this UUID (in its usual form), undo rows too."""
    return session.scalars(select(Decision).where(Decision.uuid == uuid)).first()


def own_answer(session: Session, *, clip_id: int, annotator_id: int) -> Decision | None:
    """The annotator's standing answer for a clip, also where its label was retired."""
    query = standing_query().where(Decision.clip_id == clip_id, Decision.annotator_id == annotator_id)
    return session.scalars(query.order_by(Decision.id.desc()).limit(1)).first()


@functools.cache
def standing_query() -> Select[Decision]:
    """The decisions that stand: no undo points at them, and no row that itself was not undone supersedes them.

    Those of withdrawn clips are no longer anybody's.
    """
    return _standing(None)


@functools.cache
def live_query() -> Select[Decision]:
    """The decisions that stand and count: those whose label was retired do not. `counted_label` is what their label counts as."""
    return standing_query().where(label_counts())


def standing_query_at(as_of: float | None) -> Select[Decision]:
    """The decisions that stood at a time (seconds since 1970), by the rows that were stored until then; None means today.

    Those of clips that were withdrawn by today are not among them.
    """
    return standing_query() if as_of is None else _standing(as_of)


def _standing(as_of: float | None) -> Select[Decision]:
    undo, later, undo_of_later = aliased(Decision), aliased(Decision), aliased(Decision)
    undone = select(undo.id).where(undo.replaces_id == Decision.id, undo.answer == Answer.UNDO)
    later_undone = select(undo_of_later.id).where(undo_of_later.replaces_id == later.id, undo_of_later.answer == Answer.UNDO)
    if as_of is not None:
        undone, later_undone = undone.where(undo.created_at <= as_of), later_undone.where(undo_of_later.created_at <= as_of)
    superseded = select(later.id).where(later.replaces_id == Decision.id, later.answer != Answer.UNDO, ~later_undone.exists())
    withdrawn = select(Withdrawal.id).where(Withdrawal.clip_id == Decision.clip_id)
    standing = select(Decision).where(Decision.answer != Answer.UNDO, ~undone.exists(), ~withdrawn.exists())
    if as_of is None:
        return standing.where(~superseded.exists())
    return standing.where(~superseded.where(later.created_at <= as_of).exists(), Decision.created_at <= as_of)


def live_decisions(session: Session, *, up_to: int | None = None) -> list[LiveDecision]:
    """The decisions that stand and count today, by id, each with the label that its own counts as today.

    With `up_to`, only those whose row is no newer than that.
    """
    columns = live_query().with_only_columns(
        Decision.id,
        Decision.uuid,
        Decision.clip_id,
        Decision.annotator_id,
        Decision.answer,
        Decision.label_id,
        source_column().label("source"),
        Decision.queued_as,
        Decision.gold,
        Decision.suggestion_shown,
        given_at().label("created_at"),
        first_id().label("given_as"),
    )
    if up_to is not None:
        columns = columns.where(Decision.id <= up_to)
    rows = session.execute(columns.order_by(Decision.id)).mappings().all()
    firsts, counts_as = _first_answers(session), effective_label(labels_as_of(session))
    return [
        LiveDecision(
            **{**row, "label_id": row["label_id"] and counts_as[row["label_id"]]},
            first_id=firsts.get((row["clip_id"], row["annotator_id"])),
        )
        for row in rows
    ]


def _first_answers(session: Session) -> dict[tuple[int, int], int]:
    """Id of the oldest label by clip and annotator, where there were several."""
    pair = Decision.clip_id, Decision.annotator_id
    labels = select(*pair, func.min(Decision.id)).where(Decision.answer == Answer.LABEL)
    several = labels.group_by(*pair).having(func.count() > 1)
    return {(clip, annotator): first for clip, annotator, first in session.execute(several)}


def newest_decision_id(session: Session) -> int:
    """The id of the newest row, undo rows too; 0 in an empty log."""
    return session.scalar(select(func.max(Decision.id))) or 0


def decision_counts(session: Session, annotator_id: int | None = None) -> int:
    """How many decisions stand and count, of everybody or of one annotator."""
    query = live_query().with_only_columns(func.count())
    if annotator_id is not None:
        query = query.where(Decision.annotator_id == annotator_id)
    return session.scalar(query) or 0


def answers_by_label(session: Session) -> dict[int, int]:
    """How many decisions stand with each label itself, whether or not it is retired or merged by now."""
    query = standing_query().where(Decision.label_id.is_not(None)).with_only_columns(Decision.label_id, func.count())
    return {label: count for label, count in session.execute(query.group_by(Decision.label_id)) if label is not None}


def refuse_gone(session: Session, clip_id: int) -> None:
    """Nothing is noted of a clip that there is not, or that was withdrawn.

    Raises:
        DecisionError: it is such a clip.
    """
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise DecisionError(f"There is no clip {clip_id}; reload the page.")
    if clip.state == ClipState.WITHDRAWN:
        raise DecisionError(f"The clip {clip_id} was withdrawn, so nothing can be noted of it; reload the page.")


def checked_uuid(text: str) -> str:
    """The UUID in its usual form.

    Raises:
        DecisionError: it is none.
    """
    try:
        return str(uuids.UUID(text))
    except (ValueError, AttributeError, TypeError) as error:
        raise DecisionError(f"{text!r} is not a UUID; make one for each answer.") from error
