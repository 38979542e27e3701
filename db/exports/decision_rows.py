"""Decisions as flat rows, which all exporters share: everything that the log holds about an answer, and its clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from db.decisions.conditions import source_column
from db.decisions.log import live_query
from db.models import Annotator, AudioFile, Clip, Decision, Label

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
)
_BATCH = 1000
ON_ROWS = "earmark_on_rows"
"""In `session.info`, a function that is called now and then with rows fetched and rows in all; so no format needs to do it."""


def standing_rows(session: Session) -> Iterator[dict[str, Any]]:
    """One row for each decision that stands, oldest first, with the keys of `COLUMNS`.

    `start`, `end` and `seconds` are seconds, `created_at` is ISO 8601 in UTC, `extra` a dict, `run` the number of the run that
    was live. Rows are fetched while the caller iterates.
    """
    return _rows(session, live_query(), ())


def log_rows(session: Session) -> Iterator[dict[str, Any]]:
    """As `standing_rows`, for every row of the decision log, including undone and superseded ones.

    `replaces` is the UUID of the decision that the row supersedes or takes back; in the latter case its answer is `undo`.
    """
    return _rows(session, select(Decision), ("replaces",))


def _rows(session: Session, decisions: Select[Decision], more: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    replaced = aliased(Decision)
    query = (
        decisions.join(Clip, Clip.id == Decision.clip_id)
        .join(AudioFile, AudioFile.id == Clip.file_id)
        .join(Annotator, Annotator.id == Decision.annotator_id)
        .outerjoin(Label, Label.id == Decision.label_id)
        .outerjoin(replaced, replaced.id == Decision.replaces_id)
        .with_only_columns(
            Clip.file_name,
            AudioFile.path,
            Clip.start,
            Clip.end,
            Clip.speaker,
            Label.name.label("label"),
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
            Decision.created_at,
            Decision.uuid,
            Clip.transcript,
            Clip.split,
            Clip.extra,
            replaced.uuid.label("replaces"),
        )
        .order_by(Decision.id)
        .execution_options(yield_per=_BATCH)
    )
    wanted = (*COLUMNS, *more)
    on_rows: Callable[[int, int], None] | None = session.info.get(ON_ROWS)
    total = 0 if on_rows is None else session.scalar(select(func.count()).select_from(decisions.subquery())) or 0
    for done, row in enumerate(session.execute(query).mappings(), start=1):
        yield _plain(dict(row), wanted)
        if on_rows is not None and (done % _BATCH == 0 or done == total):
            on_rows(done, total)


def _plain(found: dict[Any, Any], wanted: tuple[str, ...]) -> dict[str, Any]:
    found["answer"] = found["answer"].value
    found["source"] = found["source"].value
    found["queued_as"] = None if found["queued_as"] is None else found["queued_as"].value
    found["created_at"] = datetime.fromtimestamp(found["created_at"], UTC).isoformat(timespec="microseconds")
    found["extra"] = found["extra"] or {}
    return {name: found[name] for name in wanted}
