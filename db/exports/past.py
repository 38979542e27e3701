"""The project as it was at a time: label names, and what clips were before imports changed their details."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import AudioFile, Clip, ClipChange, ClipState, Decision, LabelChange, Run, Suggestion, Withdrawal
from db.records.label_history import LabelThen, effective_label, labels_as_of


class LabelNames:
    """What each label was called, and which label its answers counted as."""

    def __init__(self, session: Session, as_of: float | None) -> None:
        self.states: list[LabelThen] = labels_as_of(session, as_of)
        self._names = {label.id: label.name for label in self.states}
        self._effective = effective_label(self.states)

    def effective(self, label_id: int | None) -> int | None:
        """The label that an answer counts as; None for no label, or one that was retired."""
        return None if label_id is None else self._effective.get(label_id)

    def name(self, label_id: int | None) -> str | None:
        """A label's name then."""
        return None if label_id is None else self._names.get(label_id)

    def in_use(self) -> list[str]:
        """The names of the labels that were offered, in the order of their keys."""
        return [label.name for label in self.states if label.active]


def details_before(session: Session, clip_ids: Sequence[int], as_of: float | None) -> dict[int, dict[str, Any]]:
    """By clip, the old values of the columns that were changed after `as_of`; with `path`, where the clip's file lay."""
    if as_of is None or not clip_ids:
        return {}
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    later = select(ClipChange.clip_id, ClipChange.before).where(ClipChange.clip_id.in_(clip_ids), ClipChange.created_at > as_of)
    changes = session.execute(later.order_by(ClipChange.id.desc())).all()
    files = {before["file_id"] for _, before in changes if "file_id" in before}
    query = select(AudioFile).where(AudioFile.id.in_(files))
    paths = {file.id: file.path for file in session.scalars(query)} if files else {}
    # The oldest change after that time holds what was there at that time.
    for clip_id, before in changes:
        found[clip_id].update(before)
        if before.get("file_id") in paths:
            found[clip_id]["path"] = paths[before["file_id"]]
    return found


def newest_moment(session: Session) -> float:
    """When the newest of all rows was stored that an export can hold (seconds since 1970); 0 before the first."""
    tables = (Decision, Clip, ClipChange, LabelChange, Suggestion, Withdrawal)
    newest = [session.scalar(select(table.created_at).order_by(table.id.desc()).limit(1)) for table in tables]
    return max(0.0, session.scalar(select(func.max(Run.evaluated_at))) or 0.0, *(time or 0.0 for time in newest))


def withdrawn_since(session: Session, as_of: float | None) -> list[int]:
    """Clips that were withdrawn after `as_of` and belonged to the project then; none for today."""
    if as_of is None:
        return []
    query = select(Clip.id).join(Withdrawal, Withdrawal.clip_id == Clip.id)
    query = query.where(Clip.state == ClipState.WITHDRAWN, Clip.created_at <= as_of, Withdrawal.created_at > as_of)
    return list(session.scalars(query.order_by(Clip.id)))
