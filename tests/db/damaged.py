"""Databases as a failing disk leaves them."""

from __future__ import annotations

from pathlib import Path

PAGE = 4096


def damage_file(database: Path) -> None:
    """Overwrite ten pages in the middle of a SQLite file that nobody has open."""
    with database.open("r+b") as file:
        file.seek(20 * PAGE)
        file.write(b"\xff" * PAGE * 10)
