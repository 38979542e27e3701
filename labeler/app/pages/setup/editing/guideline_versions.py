"""Where a change of the guidelines becomes a version of them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from db.decisions.guidelines import note_guidelines
from db.guidelines import read_guidelines


def guidelines_changed(session: Session, directory: Path, *, by: str | None) -> None:
    """Called in the transaction after each change of the project's guidelines or a label's, renaming included."""
    note_guidelines(session, read_guidelines(directory), by=by)
