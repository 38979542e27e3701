"""Work on very many clips, a portion at a time: the page shows how far it is, and others get a turn in between.

Whoever leaves the page, or clicks elsewhere, stops it between two portions. What is done stays done and is noted as an event; the
same action does the rest.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import streamlit as st

from db.records.people.events import record_event
from labeler.app.opened import Serving


@dataclass(frozen=True)
class BulkWork:
    """What is done to clips, and by whom."""

    kind: str
    """Of the event."""
    by: str
    clips: Sequence[int]
    details: dict[str, Any]
    """Of the event, beside the number of clips."""


def run_in_portions(now: Serving, work: BulkWork, portions: Generator[int]) -> int:
    """Go through the portions; after each comes how many clips are changed so far. How many were changed."""
    total, done = len(work.clips), 0
    bar = st.progress(0.0, text=f"0 of {total:,}")
    try:
        with closing(portions):
            for done in portions:
                bar.progress(min(done / max(total, 1), 1.0), text=f"{done:,} of {total:,}")
    finally:
        if done:
            with now.project.write() as session:
                record_event(session, work.kind, by=work.by, details={"clips": done, **work.details})
    bar.empty()
    return done
