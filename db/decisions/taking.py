"""Taking an answer, and taking it back: all rules of an answer, wherever it comes from.

The app's pages, the command line, imports and scripts fill in a `GivenAnswer` and hand it to `take`. Its source, what it replaces
and whether it counts as blind are decided here and nowhere else. `db.decisions.log` stores the row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from db.decisions.conditions import is_blind, is_gold_check, source_of
from db.decisions.log import append_row, checked_uuid, live_query, own_answer, refuse_gone, row_of, standing_query
from db.errors import DecisionError
from db.models import Answer, Decision, Lease, Source
from db.records.labels import label_by_name, label_id_of, label_name
from db.records.leases import hand_back, lease_source, leases_on
from db.records.runs import latest_run_id


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """One annotator's answer for one clip as it was given, before any rule is applied."""

    uuid: str
    """Made by whoever gives the answer: the same answer may be sent again."""
    clip_id: int
    annotator_id: int
    answer: Answer
    """Any but `undo`; that is `undo_decision`."""
    label: str | None = None
    """Name of the label, with the answer `label` and no other."""
    lease_id: int | None = None
    """The lease under which the clip was handed out: it says why. One that is not the annotator's own on this clip is ignored."""
    source: Source = Source.REVIEW
    """Why the clip was answered, where no lease says so."""
    queued_as: Source | None = None
    """What the queue held the clip for, where that is not the source."""
    run_id: int | None = None
    """The run that was live; by default the newest."""
    suggested_id: int | None = None
    """The label that was on screen as a suggestion."""
    hinted: bool = False
    """Whether the page showed in another way what the classifier expects."""
    gold: bool = False
    """Whether it is a reviewer's, which outweighs every other answer."""
    seconds: float | None = None
    """From first sound to the answer."""
    plays: int | None = None
    reason: str | None = None
    """Why the clip was skipped."""
    heard: Mapping[str, Any] = field(default_factory=dict)
    """How the clip was heard where that was not plain, as JSON values."""
    answered_at: float | None = None
    """When it was given (seconds since 1970), where that was elsewhere and before."""


def take(session: Session, given: GivenAnswer) -> Decision | None:
    """Record an answer (needs a write session); the annotator's own standing answer for the clip is superseded.

    A UUID that is there already is the same answer sent again: the stored row is returned and nothing is written. Every lease of
    the annotator on the clip is handed back.

    Returns:
        The row. None when the grid was left open, its lease ran out, and the annotator has answered the clip blind meanwhile: the
        blind answer is worth more, and stays.

    Raises:
        DecisionError: the UUID is none or belongs to another answer, the clip is unknown or withdrawn, a number is out of range.
        LabelError: the label is not in the label set, or was retired. One that was renamed or merged is taken for what it is now.
    """
    uuid = checked_uuid(given.uuid)
    stored = row_of(session, uuid)
    if stored is not None:
        return _sent_again(stored, given)
    replaced = own_answer(session, clip_id=given.clip_id, annotator_id=given.annotator_id)
    leases = leases_on(session, clip_id=given.clip_id, annotator_id=given.annotator_id)
    lease = next((lease for lease in leases if lease.id == given.lease_id), None)
    source = given.source if lease is None else lease_source(lease.source)
    if source == Source.GRID and replaced is not None and is_blind(replaced):
        return None
    _check(session, given)
    row = _row(session, given, uuid=uuid, source=source, replaced=replaced, lease=lease)
    hand_back(leases)
    return append_row(session, row)


def undo_decision(
    session: Session,
    *,
    uuid: str,
    annotator_id: int,
    decision_uuid: str | None = None,
    among: ColumnElement[bool] | None = None,
    answered_at: float | None = None,
) -> Decision | None:
    """Take back one of the annotator's standing answers (needs a write session); idempotent by `uuid`.

    Args:
        uuid: of the undo itself.
        annotator_id: whose answer.
        decision_uuid: which answer; by default the newest.
        among: take back only an answer that fulfils this condition (see `db.decisions.conditions`).
        answered_at: when it was taken back (seconds since 1970), where that was elsewhere and before.

    Returns:
        The undo row, which points at the answer; None when there is no answer to take back.

    Raises:
        DecisionError: the named answer is unknown, somebody else's, or already taken back; or the UUID is that of another row.
    """
    uuid = checked_uuid(uuid)
    stored = row_of(session, uuid)
    if stored is not None:
        if stored.annotator_id != annotator_id or stored.answer != Answer.UNDO:
            raise DecisionError(f"The UUID {uuid} is that of another decision; make a new one for each answer.")
        return stored
    query = standing_query().where(Decision.annotator_id == annotator_id).order_by(Decision.id.desc()).limit(1)
    if among is not None:
        query = query.where(among)
    if decision_uuid is not None:
        query = query.where(Decision.uuid == checked_uuid(decision_uuid))
    target = session.scalars(query).first()
    if target is None:
        if decision_uuid is None:
            return None
        raise DecisionError(
            f"The decision {decision_uuid} cannot be taken back: it is not a standing answer of this annotator; reload the page."
        )
    return append_row(session, _undo_of(target, uuid=uuid, answered_at=answered_at))


def suggested_with(session: Session, answer: Decision) -> int | None:
    """The label that was on screen as a suggestion when the answer was given; None without one."""
    name = (answer.circumstances or {}).get("suggested") if answer.suggestion_shown else None
    return None if name is None else label_id_of(session, name)


def _sent_again(stored: Decision, given: GivenAnswer) -> Decision:
    if stored.annotator_id != given.annotator_id or stored.clip_id != given.clip_id or stored.answer == Answer.UNDO:
        raise DecisionError(
            f"The decision {stored.uuid} is stored for another clip or annotator; make a new UUID for each answer."
        )
    return stored


def _check(session: Session, given: GivenAnswer) -> None:
    refuse_gone(session, given.clip_id)
    if (given.answer == Answer.LABEL) != (given.label is not None) or given.answer == Answer.UNDO:
        raise DecisionError(
            f"The answer {given.answer.value!r} does not go with the label {given.label!r}; give a label exactly when labelling."
        )
    for name, value in (("seconds", given.seconds), ("plays", given.plays)):
        if value is not None and not (math.isfinite(value) and 0 <= value < 1e7):
            raise DecisionError(f"{name} cannot be {value!r}; give a number from 0 to ten million.")


def _row(
    session: Session, given: GivenAnswer, *, uuid: str, source: Source, replaced: Decision | None, lease: Lease | None
) -> Decision:
    """The finished row of an answer that may be stored."""
    return Decision(
        uuid=uuid,
        clip_id=given.clip_id,
        annotator_id=given.annotator_id,
        answer=given.answer,
        label_id=None if given.label is None else label_by_name(session, given.label).id,
        replaces_id=None if replaced is None else replaced.id,
        source=source,
        queued_as=_queued_as(given, source, replaced),
        seconds=given.seconds,
        plays=given.plays,
        reason=given.reason,
        suggestion_shown=_had_a_hint(session, given, source, replaced),
        gold=given.gold,
        run_id=latest_run_id(session) if given.run_id is None else given.run_id,
        lease_id=None if lease is None else lease.id,
        circumstances=_circumstances(session, given) or None,
        answered_at=given.answered_at,
    )


def _queued_as(given: GivenAnswer, source: Source, replaced: Decision | None) -> Source | None:
    """A mended label of the random slice still belongs to it: the query strategy must not learn from it. A mended answer to a
    gold check stays one."""
    if given.queued_as is not None or source in (Source.RANDOM, Source.GOLD_CHECK) or replaced is None:
        return given.queued_as
    if is_gold_check(replaced):
        return Source.GOLD_CHECK
    return Source.RANDOM if Source.RANDOM in (replaced.source, replaced.queued_as) else None


def _had_a_hint(session: Session, given: GivenAnswer, source: Source, replaced: Decision | None) -> bool:
    """Whether the annotator had a hint of what the classifier expects, now or with what they review.

    A reviewer who sees nothing but hinted answers has their hints too. One's own answer counts more than all others: what it was
    given with cannot be unseen.
    """
    if given.hinted or given.suggested_id is not None:
        return True
    if source != Source.REVIEW:
        return False
    reviewed = [replaced] if replaced else session.scalars(live_query().where(Decision.clip_id == given.clip_id)).all()
    return bool(reviewed) and not any(is_blind(answer) for answer in reviewed)


def _circumstances(session: Session, given: GivenAnswer) -> dict[str, Any]:
    if given.suggested_id is None:
        return dict(given.heard)
    return {**given.heard, "suggested": label_name(session, given.suggested_id)}


def _undo_of(answer: Decision, *, uuid: str, answered_at: float | None) -> Decision:
    return Decision(
        uuid=uuid,
        clip_id=answer.clip_id,
        annotator_id=answer.annotator_id,
        answer=Answer.UNDO,
        replaces_id=answer.id,
        source=source_of(answer),
        queued_as=answer.queued_as,
        suggestion_shown=False,
        gold=False,
        answered_at=answered_at,
    )
