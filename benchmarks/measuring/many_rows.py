"""Rows of large made-up projects, written in portions."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import insert

from db.models import Base
from db.project import OpenProject


def insert_rows(
    project: OpenProject, table: type[Base], count: int, made: Callable[[int], dict[str, object]], *, batch: int
) -> None:
    """Add what `made` gives for each number below `count`, so many rows in a transaction."""
    for first in range(0, count, batch):
        with project.write() as session:
            session.execute(insert(table), [made(number) for number in range(first, min(first + batch, count))])


def file_row(number: int) -> dict[str, object]:
    """An audio file of two seconds that is not there."""
    shape = {"size": 64_044, "mtime_ns": 1, "sampling_rate": 16_000, "channels": 1, "duration": 2.0}
    return {"id": number + 1, "path": f"/corpus/{number // 1000}/{number:07}.wav", "content_hash": f"{number:064x}", **shape}
