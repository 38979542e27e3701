"""The decision log: rows are appended, never changed.

A decision is *live* until a newer row takes it back (undo) or supersedes it (relabel); undoing a relabel brings the earlier
answer back.
"""

from __future__ import annotations

import functools
import math
import time
import uuid as uuids
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.errors import DecisionError
from db.models import Answer, Clip, Decision, Lease, Run, Source
from db.records.labels import label_by_name


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
    first_id: int | None = None
    """Id of the first label that the annotator gave the clip, where there were several."""

    @property
    def since(self) -> int:
        """Where in the log it counts from: a label that was mended was always so."""
        return self.first_id or self.id

    @property
    def blind(self) -> bool:
        """Whether it was given without a hint of what the classifier expects: no suggestion on screen, no grid."""
        return is_blind(self)


def is_blind(decision: Decision | LiveDecision) -> bool:
    """Whether an answer was given without a hint; `db.serving.random_slice.given_blind` says the same in SQL."""
    return not decision.suggestion_shown and decision.source != Source.GRID


def append_decision(
    session: Session,
    *,
    uuid: str,
    clip_id: int,
    annotator_id: int,
    answer: Answer,
    label: str | None = None,
    source: Source,
    queued_as: Source | None = None,
    seconds: float | None = None,
    plays: int | None = None,
    reason: str | None = None,
    suggestion_shown: bool = False,
    gold: bool = False,
    replaces_id: int | None = None,
    lease_id: int | None = None,
    run_id: int | None = None,
    circumstances: dict[str, Any] | None = None,
) -> Decision:
    """Record an answer; the annotator's own live answer for the clip is superseded.

    A UUID that is there already is the same answer sent again: the stored row is returned and nothing is written. Without a
    `run_id` the newest run is taken to be the live one. A review of answers none of which was blind is not blind either.

    Raises:
        DecisionError: the UUID is none or belongs to somebody else, the clip is unknown, or a number is out of range.
        LabelError: the label is not in the label set.
    """
    uuid = checked_uuid(uuid)
    stored = session.scalars(select(Decision).where(Decision.uuid == uuid)).first()
    if stored is not None:
        if stored.annotator_id != annotator_id or stored.clip_id != clip_id or stored.answer == Answer.UNDO:
            raise DecisionError(f"The decision {uuid} is stored for another clip or annotator; make a new UUID for each answer.")
        return stored
    if session.get(Clip, clip_id) is None:
        raise DecisionError(f"There is no clip {clip_id}; reload the page.")
    if (answer == Answer.LABEL) != (label is not None) or answer == Answer.UNDO:
        raise DecisionError(
            f"The answer {answer.value!r} does not go with the label {label!r}; give a label exactly when labelling."
        )
    if replaces_id is None:
        own = own_answer(session, clip_id=clip_id, annotator_id=annotator_id)
        replaces_id = None if own is None else own.id
    replaced = None if replaces_id is None else session.get(Decision, replaces_id)
    if source == Source.REVIEW and lease_id is None:
        suggestion_shown = suggestion_shown or _hinted(session, clip_id, replaced)
    if replaced is not None and queued_as is None and source != Source.RANDOM and _is_random(replaced):
        # A mended label of the random slice is still one: the query strategy must not learn from it.
        queued_as = Source.RANDOM
    row = Decision(
        uuid=uuid,
        clip_id=clip_id,
        annotator_id=annotator_id,
        answer=answer,
        label_id=None if label is None else label_by_name(session, label).id,
        replaces_id=replaces_id,
        source=source,
        queued_as=queued_as,
        seconds=_checked_number(seconds, "seconds"),
        plays=None if plays is None else int(_checked_number(plays, "plays") or 0),
        reason=reason,
        suggestion_shown=suggestion_shown,
        gold=gold,
        run_id=run_id if run_id is not None else session.scalar(select(func.max(Run.id))),
        lease_id=_release(session, clip_id=clip_id, annotator_id=annotator_id, lease_id=lease_id),
        created_at=time.time(),
        circumstances=circumstances or None,
    )
    session.add(row)
    session.flush()
    return row


def own_answer(session: Session, *, clip_id: int, annotator_id: int) -> Decision | None:
    """The annotator's standing answer for a clip."""
    query = live_query().where(Decision.clip_id == clip_id, Decision.annotator_id == annotator_id)
    return session.scalars(query.order_by(Decision.id.desc()).limit(1)).first()


def undo_decision(session: Session, *, uuid: str, annotator_id: int, decision_uuid: str | None = None) -> Decision | None:
    """Take back the annotator's newest live answer, or the one named; idempotent by `uuid`.

    Returns:
        The undo row, or None when nothing is left to take back.

    Raises:
        DecisionError: the named answer is unknown, somebody else's, or already taken back; or the UUID is that of another row.
    """
    uuid = checked_uuid(uuid)
    stored = session.scalars(select(Decision).where(Decision.uuid == uuid)).first()
    if stored is not None:
        if stored.annotator_id != annotator_id or stored.answer != Answer.UNDO:
            raise DecisionError(f"The UUID {uuid} is that of another decision; make a new one for each answer.")
        return stored
    query = live_query().where(Decision.annotator_id == annotator_id).order_by(Decision.id.desc()).limit(1)
    if decision_uuid is not None:
        query = query.where(Decision.uuid == checked_uuid(decision_uuid))
    target = session.scalars(query).first()
    if target is None:
        if decision_uuid is None:
            return None
        raise DecisionError(
            f"The decision {decision_uuid} cannot be taken back: it is not a standing answer of this annotator; reload the page."
        )
    row = Decision(
        uuid=uuid,
        clip_id=target.clip_id,
        annotator_id=annotator_id,
        answer=Answer.UNDO,
        replaces_id=target.id,
        source=target.source,
        queued_as=target.queued_as,
        suggestion_shown=False,
        gold=False,
        created_at=time.time(),
    )
    session.add(row)
    session.flush()
    return row


@functools.cache
def live_query() -> Select[Decision]:
    """The decisions that stand: no undo points at them, and no row that itself was not undone supersedes them."""
    undo, later, undo_of_later = aliased(Decision), aliased(Decision), aliased(Decision)
    undone = select(undo.id).where(undo.replaces_id == Decision.id, undo.answer == Answer.UNDO)
    later_undone = select(undo_of_later.id).where(undo_of_later.replaces_id == later.id, undo_of_later.answer == Answer.UNDO)
    superseded = select(later.id).where(later.replaces_id == Decision.id, later.answer != Answer.UNDO, ~later_undone.exists())
    return select(Decision).where(Decision.answer != Answer.UNDO, ~undone.exists(), ~superseded.exists())


def live_decisions(session: Session, *, up_to: int | None = None) -> list[LiveDecision]:
    """The decisions that stand today, by id; with `up_to`, those whose row is no newer than that."""
    columns = live_query().with_only_columns(
        Decision.id,
        Decision.uuid,
        Decision.clip_id,
        Decision.annotator_id,
        Decision.answer,
        Decision.label_id,
        Decision.source,
        Decision.queued_as,
        Decision.gold,
        Decision.suggestion_shown,
        Decision.created_at,
    )
    if up_to is not None:
        columns = columns.where(Decision.id <= up_to)
    rows = session.execute(columns.order_by(Decision.id)).mappings().all()
    firsts = _first_answers(session)
    return [LiveDecision(**row, first_id=firsts.get((row["clip_id"], row["annotator_id"]))) for row in rows]


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
    """How many decisions stand, of everybody or of one annotator."""
    query = live_query().with_only_columns(func.count())
    if annotator_id is not None:
        query = query.where(Decision.annotator_id == annotator_id)
    return session.scalar(query) or 0


def checked_uuid(text: str) -> str:
    """The UUID in its usual form.

    Raises:
        DecisionError: it is none.
    """
    try:
        return str(uuids.UUID(text))
    except (ValueError, AttributeError, TypeError) as error:
        raise DecisionError(f"{text!r} is not a UUID; make one for each answer.") from error


def _checked_number(value: float | None, name: str) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 <= value < 1e7):
        raise DecisionError(f"{name} cannot be {value!r}; give a number from 0 to ten million.")
    return value


def _is_random(decision: Decision) -> bool:
    return Source.RANDOM in (decision.source, decision.queued_as)


def _hinted(session: Session, clip_id: int, replaced: Decision | None) -> bool:
    """Whether a reviewer hears the clip next to nothing but hinted answers, whose hints come with them.

    One's own answer counts more than all others: what it was given with cannot be unseen.
    """
    standing = [replaced] if replaced else session.scalars(live_query().where(Decision.clip_id == clip_id)).all()
    return bool(standing) and not any(is_blind(decision) for decision in standing)


def _release(session: Session, *, clip_id: int, annotator_id: int, lease_id: int | None) -> int | None:
    """Hand back every lease of the annotator on this clip; an unknown or foreign lease id is dropped, not believed."""
    query = select(Lease).where(Lease.clip_id == clip_id, Lease.annotator_id == annotator_id)
    mine = session.scalars(query).all()
    for lease in mine:
        lease.released_at = lease.released_at or time.time()
    return lease_id if any(lease.id == lease_id for lease in mine) else None
