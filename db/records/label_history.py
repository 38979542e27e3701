"""The label set at any time, and what the answers of a label count as then: labels are renamed, merged and retired after the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from db.models import Decision, Label, LabelChange, LabelChangeKind

_MOVES = (LabelChangeKind.ADD, LabelChangeKind.MERGE, LabelChangeKind.RETIRE, LabelChangeKind.RESTORE)
"""The changes after which a label is offered, merged or retired, whatever it was before."""


@dataclass(frozen=True)
class LabelThen:
    """A label as it was at one moment."""

    id: int
    name: str
    active: bool
    """Whether it was offered."""
    merged_into_id: int | None
    """The label that its answers counted as; None for its own, or none at all (see `effective_label`)."""


def labels_as_of(session: Session, time: float | None = None) -> list[LabelThen]:
    """The labels that there were, retired and merged ones too, in the order of their keys.

    Args:
        time: seconds since 1970; None for now.
    """
    labels = session.scalars(select(Label).order_by(Label.position, Label.id)).all()
    changes: dict[int, list[LabelChange]] = {}
    for change in session.scalars(select(LabelChange).order_by(LabelChange.id)):
        changes.setdefault(change.label_id, []).append(change)
    found = [_then(label, changes.get(label.id, ()), time) for label in labels]
    return [label for label in found if label is not None]


def effective_label(labels: Iterable[LabelThen]) -> dict[int, int | None]:
    """What an answer with each label counts as, by label id: a label, or None (no answer) where it was retired."""
    labels = list(labels)
    offered = {label.id for label in labels if label.active}
    counts_as = {label.id: label.id if label.merged_into_id is None else label.merged_into_id for label in labels}
    return {label: target if target in offered else None for label, target in counts_as.items()}


def effective_now(session: Session) -> Mapping[int, int | None]:
    """What an answer with each label counts as today."""
    return effective_label(labels_as_of(session))


def newest_change_id(session: Session) -> int:
    """It changes with the label set; 0 before the first change."""
    return session.scalar(select(func.max(LabelChange.id))) or 0


def label_counts() -> ColumnElement[bool]:
    """SQL condition on `Decision`: it has no label, or one that is not retired (itself, or what it was merged into)."""
    target = aliased(Label)
    gone = select(Label.id).outerjoin(target, target.id == Label.merged_into_id)
    gone = gone.where(~func.coalesce(target.active, Label.active))
    return Decision.label_id.is_(None) | Decision.label_id.not_in(gone)


def _then(label: Label, changes: Iterable[LabelChange], time: float | None) -> LabelThen | None:
    """The label at that time; None before it was added."""
    if time is None:
        return LabelThen(label.id, label.name, label.active, label.merged_into_id)
    changes = list(changes)
    later = [change for change in changes if change.created_at > time]
    moves = [change for change in changes if change.kind in _MOVES]
    before = [change for change in moves if change.created_at <= time]
    renamed = [change for change in later if change.kind == LabelChangeKind.RENAME]
    name = (renamed[0].name_before if renamed else None) or label.name
    if before:
        active = before[-1].kind in (LabelChangeKind.ADD, LabelChangeKind.RESTORE)
        merged = before[-1].into_id if before[-1].kind == LabelChangeKind.MERGE else None
        return LabelThen(label.id, name, active, merged)
    if not moves:
        return LabelThen(label.id, name, label.active, label.merged_into_id)
    return None if moves[0].kind == LabelChangeKind.ADD else LabelThen(label.id, name, active=True, merged_into_id=None)
