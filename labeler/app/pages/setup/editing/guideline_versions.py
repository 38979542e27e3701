"""Where a change of the guidelines becomes a version of them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session


def guidelines_changed(session: Session, directory: Path, *, by: str | None) -> None:
    """Called in the transaction after each change of the project's guidelines or a label's, renaming included.

    Versions of guidelines are kept by `db.records.guidelines`, where there is such a module.
    """
