"""What the learner reads at the start of a pass: all decisions and labels that it needs, at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.decisions.log import LiveDecision, live_decisions, newest_decision_id
from db.records.label_history import newest_change_id
from db.records.labels import active_labels


@dataclass(frozen=True)
class Snapshot:
    """The decisions that stand, and the label set."""

    live: list[LiveDecision]
    last_decision_id: int
    label_ids: list[int]
    label_names: list[str]
    label_change: int
    """The newest change of the label set; 0 before the first."""


def read_snapshot(session: Session) -> Snapshot:
    """The snapshot of now."""
    labels = active_labels(session)
    return Snapshot(
        live=live_decisions(session),
        last_decision_id=newest_decision_id(session),
        label_ids=[label.id for label in labels],
        label_names=[label.name for label in labels],
        label_change=newest_change_id(session),
    )
