"""Versions of the guidelines: what annotators were asked to do when they answered."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models import Decision, GuidelineVersion, Label


@dataclass(frozen=True)
class NumberedVersion:
    """A version, by its number from 1."""

    number: int
    id: int
    after_decision_id: int
    changed_by: str | None
    created_at: float


def note_guidelines(session: Session, text: str | None, *, by: str | None) -> GuidelineVersion | None:
    """Keep the guidelines of today as a new version, if they differ from the newest (needs a write session).

    Args:
        text: of guidelines.md, by `db.guidelines.read_guidelines`; those of the labels are in the database.
        by: who changed them, where that is known: a file may be edited by anybody.

    Returns:
        The newest version; None where there never were guidelines.
    """
    labels = select(Label.name, Label.guideline).where(Label.active).order_by(Label.position, Label.id)
    of_labels = {name: text for name, text in session.execute(labels) if text and text.strip()}
    content = {"text": text or "", "labels": of_labels}
    newest = session.scalars(select(GuidelineVersion).order_by(GuidelineVersion.id.desc()).limit(1)).first()
    known = {"text": "", "labels": {}} if newest is None else newest.content
    if content == known:
        return newest
    after = session.scalar(select(func.max(Decision.id))) or 0
    version = GuidelineVersion(content=content, after_decision_id=after, changed_by=by, created_at=time.time())
    session.add(version)
    session.flush()
    return version


def guideline_versions(session: Session) -> list[NumberedVersion]:
    """All versions, oldest first."""
    rows = session.execute(
        select(
            GuidelineVersion.id, GuidelineVersion.after_decision_id, GuidelineVersion.changed_by, GuidelineVersion.created_at
        ).order_by(GuidelineVersion.id)
    )
    return [NumberedVersion(number, *row) for number, row in enumerate(rows, start=1)]


def newest_guidelines(session: Session) -> int:
    """The number of the newest version; 0 without any."""
    return session.scalar(select(func.count()).select_from(GuidelineVersion)) or 0


def version_at(versions: Sequence[NumberedVersion], first_id: int) -> int | None:
    """The number of the version in force when an answer was given; None before the first.

    Args:
        versions: all, oldest first.
        first_id: of the row that gave the answer (`db.decisions.conditions.first_id_of`).
    """
    # The newest version whose `after_decision_id` is below the row's id.
    return bisect_left(versions, first_id, key=lambda version: version.after_decision_id) or None


def version_column(first_id: ColumnElement[int]) -> ColumnElement[int | None]:
    """SQL expression: `version_at`, given that of `db.decisions.conditions.first_id`."""
    count = select(func.count()).select_from(GuidelineVersion).where(GuidelineVersion.after_decision_id < first_id)
    return func.nullif(count.correlate(Decision).scalar_subquery(), 0)
