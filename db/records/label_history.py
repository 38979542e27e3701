"""The label set at any time, what a label's answers count as then, and which label a name from an older page or file means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session, aliased

from db.models import Decision, Label, LabelChange, LabelChangeKind

MOVES = (LabelChangeKind.ADD, LabelChangeKind.MERGE, LabelChangeKind.RETIRE, LabelChangeKind.RESTORE)
"""The changes after which a label is offered, merged or retired, whatever it was before."""


@dataclass(frozen=True)
class LabelThen:
    """A label as it was at one moment."""

    id: int
    name: str
    active: bool
    """Whether it was offered."""
    merged_into_id: int | None
    """The label that its answers counted as; None for its own, or for none at all (see `effective_label`)."""


def labels_as_of(session: Session, time: float | None = None) -> list[LabelThen]:
    """The labels that there were, retired and merged ones too, in the order of their keys.

    Args:
        time: seconds since 1970; None for now.
    """
    labels = session.scalars(select(Label).order_by(Label.position, Label.id)).all()
    if time is None:
        return [LabelThen(label.id, label.name, label.active, label.merged_into_id) for label in labels]
    changes: dict[int, list[LabelChange]] = {}
    for change in session.scalars(select(LabelChange).order_by(LabelChange.id)):
        changes.setdefault(change.label_id, []).append(change)
    found = [_then(label, changes.get(label.id, []), time) for label in labels]
    return [label for label in found if label is not None]


def effective_label(labels: Iterable[LabelThen]) -> dict[int, int | None]:
    """What an answer with each label counts as, by label id: a label, or None (no answer at all) where it was retired."""
    labels = list(labels)
    offered = {label.id for label in labels if label.active}
    counts_as = {label.id: label.id if label.merged_into_id is None else label.merged_into_id for label in labels}
    return {label: target if target in offered else None for label, target in counts_as.items()}


def newest_change_id(session: Session) -> int:
    """It grows with every change of the label set; 0 before the first."""
    return session.scalar(select(func.max(LabelChange.id))) or 0


def label_counts() -> ColumnElement[bool]:
    """SQL condition on `Decision`: it has no label, or one that is not retired (neither itself nor what it was merged into)."""
    target = aliased(Label)
    gone = select(Label.id).outerjoin(target, target.id == Label.merged_into_id)
    gone = gone.where(~func.coalesce(target.active, Label.active))
    return Decision.label_id.is_(None) | Decision.label_id.not_in(gone)


def counted_label() -> ScalarSelect[int]:
    """SQL expression on `Decision`: the id of the label that its label counts as, retired or not; NULL without one."""
    given = aliased(Label)
    counted = select(func.coalesce(given.merged_into_id, given.id)).where(given.id == Decision.label_id)
    return counted.correlate(Decision).scalar_subquery()


def name_meanings(session: Session) -> dict[str, LabelThen]:
    """By every name that a label has or had: the label that an answer with this name counts as today.

    It is not active where the label was retired. Names are never given to another label (see `db.changes.label_set`), so a page
    that was opened before a change, or a file written before it, is understood.
    """
    labels = {label.id: label for label in labels_as_of(session)}
    renames = select(LabelChange).where(LabelChange.kind == LabelChangeKind.RENAME)
    names = {change.name_before: labels[change.label_id] for change in session.scalars(renames)}
    names |= {label.name: label for label in labels.values()}
    return {name: _counted(label, labels) for name, label in names.items() if name is not None}


def _counted(label: LabelThen, labels: dict[int, LabelThen]) -> LabelThen:
    return label if label.merged_into_id is None else labels[label.merged_into_id]


def _then(label: Label, changes: list[LabelChange], time: float) -> LabelThen | None:
    """The label at that time; None before it was added."""
    moves = [change for change in changes if change.kind in MOVES]
    before = [change for change in moves if change.created_at <= time]
    renamed = [change for change in changes if change.kind == LabelChangeKind.RENAME and change.created_at > time]
    name = (renamed[0].name_before if renamed else None) or label.name
    if before:
        active = before[-1].kind in (LabelChangeKind.ADD, LabelChangeKind.RESTORE)
        merged = before[-1].into_id if before[-1].kind == LabelChangeKind.MERGE else None
        return LabelThen(label.id, name, active, merged)
    if not moves:
        return LabelThen(label.id, name, label.active, label.merged_into_id)
    return None if moves[0].kind == LabelChangeKind.ADD else LabelThen(label.id, name, active=True, merged_into_id=None)
