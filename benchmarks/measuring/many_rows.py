"""Rows of large made-up projects, written in portions: clips that are files of their own, and answers to some of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sqlalchemy import insert

from db.models import Annotator, AudioFile, Base, Clip, Decision
from db.project import OpenProject

Row = Callable[[int], dict[str, object]]
Decided = Callable[[int, int, int, bool], dict[str, object]]
"""The row of an answer, from its number, clip and label, and whether it is the second one of its clip."""


def insert_answered_clips(
    project: OpenProject, *, clips: int, decisions: int, annotators: int, labels: int, batch: int, clip: Row, decision: Decided
) -> None:
    """Clips with their files; four of five decisions are of clips of their own, the others the second ones of such clips."""
    rng = np.random.default_rng(0)
    insert_rows(project, AudioFile, clips, file_row, batch=batch)
    insert_rows(project, Clip, clips, clip, batch=batch)
    named = [{"id": n + 1, "name": f"annotator {n + 1}", "created_at": 0.0} for n in range(annotators)]
    insert_rows(project, Annotator, annotators, named.__getitem__, batch=batch)
    first = np.sort(rng.choice(clips, decisions * 4 // 5, replace=False)) + 1
    answered = np.concatenate([first, rng.choice(first, decisions - len(first), replace=False)]).tolist()
    given = rng.integers(1, labels + 1, decisions).tolist()
    insert_rows(project, Decision, decisions, lambda n: decision(n, answered[n], given[n], n >= len(first)), batch=batch)


def insert_rows(project: OpenProject, table: type[Base], count: int, made: Row, *, batch: int) -> None:
    """Add what `made` gives for each number below `count`, so many rows in a transaction."""
    for first in range(0, count, batch):
        with project.write() as session:
            session.execute(insert(table), [made(number) for number in range(first, min(first + batch, count))])


def file_row(number: int) -> dict[str, object]:
    """An audio file of two seconds that is not there."""
    shape = {"size": 64_044, "mtime_ns": 1, "sampling_rate": 16_000, "channels": 1, "duration": 2.0}
    return {"id": number + 1, "path": f"/corpus/{number // 1000}/{number:07}.wav", "content_hash": f"{number:064x}", **shape}
