"""Which further columns manifests had."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Clip

_LOOKED_AT = 500
"""Clips at the start and at the end: those of one manifest have the same columns."""


def manifest_columns(session: Session) -> list[str]:
    """Names of columns that clips have besides the known ones, in alphabetical order."""
    ends = (select(Clip.extra).order_by(order).limit(_LOOKED_AT) for order in (Clip.id, Clip.id.desc()))
    return sorted({name for query in ends for extra in session.scalars(query) for name in extra})
