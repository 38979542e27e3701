"""Decisions as flat rows: everything that the log holds about an answer, and its clip."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.decisions.conditions import first_id, source_column
from db.decisions.guidelines import version_column
from db.decisions.log import standing_query_at
from db.exports.past import LabelNames, details_before
from db.models import Annotator, AudioFile, Clip, ClipState, Decision

COLUMNS = (
    "file_name",
    "path",
    "start",
    "end",
    "speaker",
    "label",
    "answer",
    "annotator",
    "source",
    "queued_as",
    "run",
    "seconds",
    "plays",
    "reason",
    "suggestion_shown",
    "gold",
    "created_at",
    "uuid",
    "transcript",
    "split",
    "extra",
    "guidelines",
)
LOG_COLUMNS = (*COLUMNS, "replaces")
_BATCH = 1000
_EARLIEST, _LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The years 1 to 9999. Older versions took any time from a file, and an answer stays in the log for ever."""


def in_iso(time: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC, to the microsecond; a time that ISO 8601 cannot write becomes the nearest one."""
    return datetime.fromtimestamp(min(max(time, _EARLIEST), _LATEST), UTC).isoformat(timespec="microseconds")


def standing_rows(session: Session, *, as_of: float | None = None, labels: LabelNames | None = None) -> Iterator[dict[str, Any]]:
    """One row for each decision that stands, oldest first, with the keys of `COLUMNS` and `clip`, the clip's number.

    `start`, `end` and `seconds` are seconds, `created_at` is ISO 8601 in UTC (when the answer was given), `extra` a dict, `run`
    the number of the run that was live, `guidelines` that of the version in force (None before the first). Rows are fetched while
    the caller iterates. A merged label has the name of the label that it became part of.
    """
    labels = labels or LabelNames(session, as_of)
    return _rows(session, standing_query_at(as_of), as_of, labels, as_stored=False)


def log_rows(session: Session, *, as_of: float | None = None, labels: LabelNames | None = None) -> Iterator[dict[str, Any]]:
    """As `standing_rows`, for every row of the decision log, including undone and superseded ones.

    `replaces` is the UUID of the decision that the row supersedes or takes back; in the latter case its answer is `undo`. A
    merged label has its own name.
    """
    query = select(Decision) if as_of is None else select(Decision).where(Decision.created_at <= as_of)
    return _rows(session, query, as_of, labels or LabelNames(session, as_of), as_stored=True)


def _rows(
    session: Session, decisions: Select[Decision], as_of: float | None, labels: LabelNames, *, as_stored: bool
) -> Iterator[dict[str, Any]]:
    replaced = aliased(Decision)
    query = (
        decisions.join(Clip, Clip.id == Decision.clip_id)
        .join(AudioFile, AudioFile.id == Clip.file_id)
        .join(Annotator, Annotator.id == Decision.annotator_id)
        .outerjoin(replaced, replaced.id == Decision.replaces_id)
        .where(Clip.state != ClipState.WITHDRAWN)
        .with_only_columns(
            Decision.id,
            Clip.id.label("clip"),
            Clip.file_name,
            AudioFile.path,
            Clip.start,
            Clip.end,
            Clip.speaker,
            Decision.label_id.label("label"),
            Decision.answer,
            Annotator.name.label("annotator"),
            source_column().label("source"),
            Decision.queued_as,
            Decision.run_id.label("run"),
            Decision.seconds,
            Decision.plays,
            Decision.reason,
            Decision.suggestion_shown,
            Decision.gold,
            func.coalesce(Decision.answered_at, Decision.created_at).label("created_at"),
            Decision.uuid,
            Clip.transcript,
            Clip.split,
            Clip.extra,
            version_column(first_id()).label("guidelines"),
            replaced.uuid.label("replaces"),
        )
        .order_by(Decision.id)
    )
    after = 0
    while True:
        page = [dict(row) for row in session.execute(query.where(Decision.id > after).limit(_BATCH)).mappings()]
        if not page:
            return
        after = page[-1]["id"]
        before = details_before(session, [row["clip"] for row in page], as_of)
        for row in page:
            yield _plain({**row, **before.get(row["clip"], {})}, labels, as_stored=as_stored)


def _plain(found: dict[str, Any], labels: LabelNames, *, as_stored: bool) -> dict[str, Any]:
    label = found["label"]
    if not as_stored:
        # A label that was retired keeps its name: that somebody gave it stays true.
        label = labels.effective(label) or label
    found["label"] = labels.name(label)
    found["answer"] = found["answer"].value
    found["source"] = found["source"].value
    found["queued_as"] = None if found["queued_as"] is None else found["queued_as"].value
    found["created_at"] = in_iso(found["created_at"])
    found["extra"] = found["extra"] or {}
    return found
