"""Stores why rows of a source could not become clips, and forgets it once they are clips."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.imports.manifest import BadRow, SourceRow, is_too_long
from db.models import Rejection
from db.records.clips import clear_rejection, record_rejection


def key_of(row: SourceRow | BadRow) -> tuple[str, str]:
    """Path and file name under which a rejection is stored, cut if they are too long for an index."""
    path, file_name = (text[:250] + "…" if is_too_long(text) else text for text in (row.path, row.file_name))
    return path, file_name


def record_rejections(
    session: Session,
    rows: Sequence[SourceRow | BadRow],
    rejected: Mapping[tuple[str, str], str],
    *,
    before: Collection[tuple[str, str]],
) -> None:
    """Store new reasons and forget those of rows that are clips now; one query for all, because there may be very many.

    Args:
        rows: a batch of the source.
        rejected: the reason by key, for those of the batch that are rejected.
        before: keys that were rejected earlier in this import.
    """
    keys = {key_of(row) for row in rows}
    columns = select(Rejection.path, Rejection.file_name, Rejection.reason)
    found = session.execute(columns.where(Rejection.path.in_({path for path, _ in keys})))
    stored = {(path, name): reason for path, name, reason in found}
    now = time.time()
    new = [
        {"path": path, "file_name": name, "reason": reason, "created_at": now}
        for (path, name), reason in rejected.items()
        if (path, name) not in stored
    ]
    if new:
        session.execute(insert(Rejection), new)
    for path, name in keys & stored.keys():
        reason = rejected.get((path, name))
        if reason is not None and reason != stored[path, name]:
            record_rejection(session, path=path, file_name=name, reason=reason)
        elif reason is None and (path, name) not in before:
            # A span of this file that was rejected earlier in this import stays rejected.
            clear_rejection(session, path=path, file_name=name)
