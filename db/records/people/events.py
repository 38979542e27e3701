"""What people did to the project that no other table records."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy.orm import Session

from db.models import Event


def record_event(session: Session, kind: str, *, by: str | None, details: dict[str, Any]) -> None:
    """Add an event (needs a write session); `by` is the person's name, None for a command."""
    session.add(Event(kind=kind, done_by=by, details=details, created_at=time.time()))
