"""Labels after the start: added, renamed, merged, retired and restored. Each change is one more row of `label_change`.

A label keeps its id for ever, so no answer is ever rewritten. What its answers count as is read from the label (see
`db.records.label_history`). A name that a label has or had is never given to another label: an answer may still be on its way
from a page that was opened before the change, and must not be taken for another label.
"""

from __future__ import annotations

import time

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.errors import LabelError
from db.models import Label, LabelChange, LabelChangeKind, QueueEntry
from db.records.label_history import MOVES, name_meanings
from db.records.labels import active_labels, add_labels, checked_labels


def add_label(session: Session, name: str, *, by: str | None = None) -> Label:
    """Add a label behind the others (needs a write session).

    Args:
        name: 1 to 100 printable characters.
        by: who changes the label set.

    Raises:
        LabelError: the name cannot be one, or a label has it or had it.
    """
    name = _free_name(session, name)
    add_labels(session, [name])
    session.flush()
    label = _label(session, name)
    _note(session, label, LabelChangeKind.ADD, by=by, name_after=name)
    return label


def rename_label(session: Session, name: str, new_name: str, *, by: str | None = None) -> Label:
    """Give a label another name (needs a write session); its answers stay with it.

    Raises:
        LabelError: there is no such label, the new name cannot be one, or another label has it or had it.
    """
    label = _label(session, name)
    new_name = _free_name(session, new_name, of=label)
    if new_name != label.name:
        old, label.name = label.name, new_name
        _note(session, label, LabelChangeKind.RENAME, by=by, name_before=old, name_after=new_name)
    return label


def merge_label(session: Session, name: str, *, into: str, by: str | None = None) -> Label:
    """Let the answers of a label, and of all that were merged into it, count as those of another one (needs a write session).

    The label is no longer offered.

    Raises:
        LabelError: a label is unknown or not in use, or both are the same.
    """
    label, target = _active(session, name), _active(session, into)
    if label.id == target.id:
        raise LabelError(f"The label {label.name!r} cannot be merged into itself; name another one.")
    moved_with_it = session.scalars(select(Label).where(Label.merged_into_id == label.id).order_by(Label.id)).all()
    now = time.time()
    for each in (label, *moved_with_it):
        each.active, each.merged_into_id = False, target.id
        _note(session, each, LabelChangeKind.MERGE, by=by, into_id=target.id, now=now)
    _expected_as(session, label.id, target.id)
    return label


def retire_label(session: Session, name: str, *, by: str | None = None) -> Label:
    """Offer a label no more (needs a write session). Its answers stay in the log and count no longer: the clips are asked again.

    Raises:
        LabelError: the label is unknown or not in use, or it is the last one.
    """
    label = _active(session, name)
    if len(active_labels(session)) == 1:
        raise LabelError(f"{label.name!r} is the last label in use; add another one before you retire it.")
    label.active = False
    _note(session, label, LabelChangeKind.RETIRE, by=by)
    _expected_as(session, label.id, None)
    return label


def restore_label(session: Session, name: str, *, by: str | None = None) -> Label:
    """Offer a label again that was retired or merged (needs a write session); its answers count again, under its own name.

    What a merge had moved together with the label comes back to it.

    Raises:
        LabelError: there is no such label, or it is in use.
    """
    label = _label(session, name)
    if label.active:
        raise LabelError(f"The label {label.name!r} is in use; only a label that was retired or merged can be restored.")
    now = time.time()
    for each in _moved_together(session, label):
        each.merged_into_id = label.id
        _note(session, each, LabelChangeKind.MERGE, by=by, into_id=label.id, now=now)
    was_in, label.active, label.merged_into_id = label.merged_into_id, True, None
    _note(session, label, LabelChangeKind.RESTORE, by=by, into_id=was_in, now=now)
    return label


def _moved_together(session: Session, label: Label) -> list[Label]:
    """The labels that were part of this one when it was merged, and have not been moved since."""
    if label.merged_into_id is None:
        return []
    merged = _moves(session, label)[-1]
    others = session.scalars(select(Label).where(Label.merged_into_id == label.merged_into_id, Label.id != label.id))
    found = []
    for other in others.all():
        *before, last = _moves(session, other)
        was_part = bool(before) and before[-1].kind == LabelChangeKind.MERGE and before[-1].into_id == label.id
        if was_part and last.created_at == merged.created_at:
            found.append(other)
    return found


def _moves(session: Session, label: Label) -> list[LabelChange]:
    changes = select(LabelChange).where(LabelChange.label_id == label.id, LabelChange.kind.in_(MOVES))
    return list(session.scalars(changes.order_by(LabelChange.id)))


def _expected_as(session: Session, label_id: int, other_id: int | None) -> None:
    """Mend what the queue says of its clips; the next run expects nothing of a label that is not offered."""
    session.execute(update(QueueEntry).where(QueueEntry.predicted_id == label_id).values(predicted_id=other_id))


def _label(session: Session, name: str) -> Label:
    """The label that is called so now, in use or not."""
    label = session.scalars(select(Label).where(Label.name == name.strip())).first()
    if label is None:
        known = ", ".join(session.scalars(select(Label.name).order_by(Label.position)))
        raise LabelError(f"There is no label {name!r}; use one of: {known}.")
    return label


def _active(session: Session, name: str) -> Label:
    label = _label(session, name)
    if not label.active:
        raise LabelError(f"The label {label.name!r} is not in use; restore it first.")
    return label


def _free_name(session: Session, name: str, *, of: Label | None = None) -> str:
    """The name without surrounding space, if it is the label's own or nobody else has it or had it."""
    (name,) = checked_labels([name])
    has_it = session.scalars(select(Label).where(Label.name == name)).first()
    if has_it is not None and (of is None or has_it.id != of.id):
        if has_it.active:
            raise LabelError(f"There is a label {name!r} already; choose another name.")
        raise LabelError(f"There is a label {name!r} already, which is not in use; restore it, or choose another name.")
    if has_it is None and name in name_meanings(session) and not _was_called(session, name, of):
        raise LabelError(
            f"{name!r} was the name of another label, and answers that still carry it would be taken for the new one; "
            "choose another name."
        )
    return name


def _was_called(session: Session, name: str, label: Label | None) -> bool:
    if label is None:
        return False
    former = select(LabelChange.id).where(LabelChange.label_id == label.id, LabelChange.name_before == name)
    return session.scalars(former.limit(1)).first() is not None


def _note(
    session: Session,
    label: Label,
    kind: LabelChangeKind,
    *,
    by: str | None,
    name_before: str | None = None,
    name_after: str | None = None,
    into_id: int | None = None,
    now: float | None = None,
) -> None:
    change = LabelChange(
        label_id=label.id,
        kind=kind,
        name_before=name_before,
        name_after=name_after,
        into_id=into_id,
        changed_by=by,
        created_at=time.time() if now is None else now,
    )
    session.add(change)
    session.flush()
