"""The table of all clips at size: one page of it, compared with pandas that reads the tables, joins them and filters."""

from __future__ import annotations

import itertools
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from sqlalchemy import text

from benchmarks.measuring.many_rows import insert_answered_clips
from benchmarks.measuring.postgresql import on_both
from benchmarks.measuring.rows import Figures, median_seconds
from benchmarks.measuring.sample_project import STYLES
from db.browsing.choice import ClipChoice, Order
from db.browsing.matching import ClipFinder
from db.browsing.rows import lines_of
from db.models import Answer, Source
from db.project import OpenProject, create_project

CLIPS, DECISIONS, ANNOTATORS, SPEAKERS, BATCH = 100_000, 50_000, 5, 200, 20_000
PAGE, LABEL, WORD, REPETITIONS = 100, 2, "number 7", 5


def fill(project: OpenProject) -> None:
    """Clips that are files of their own; two of five are answered, and a quarter of these twice."""
    insert_answered_clips(
        project,
        clips=CLIPS,
        decisions=DECISIONS,
        annotators=ANNOTATORS,
        labels=len(STYLES),
        batch=BATCH,
        clip=_clip,
        decision=_decision,
    )


@contextmanager
def filled(address: str | None) -> Iterator[OpenProject]:
    """Such a project on SQLite, or in the database at this address."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = create_project(Path(folder) / "project", labels=STYLES, database_url=address)
        fill(project)
        if address is not None:
            with project.write() as session:
                session.execute(text("ANALYZE"))
        yield project
        project.close()


def _clip(number: int) -> dict[str, object]:
    return {
        "id": number + 1,
        "file_id": number + 1,
        "content_hash": f"{number:064x}",
        "file_name": f"{number // 1000}/{number:06}.wav",
        "start": 0.0,
        "end": 1.0 + number % 7 / 2,
        "speaker": f"speaker {number % SPEAKERS}",
        "transcript": f"Sentence number {number % 1000}, as it was read.",
        "extra": {"session": str(number % 5), "room": "a"},
        "slice_key": number * 7919 % CLIPS,
        "state": "ready",
        "created_at": 1.0,
    }


def _decision(number: int, clip: int, label: int, second: bool) -> dict[str, object]:
    return {
        "id": number + 1,
        "uuid": str(uuid.UUID(int=number)),
        "clip_id": clip,
        "annotator_id": (clip + second) % ANNOTATORS + 1,
        "answer": Answer.LABEL,
        "label_id": label,
        "source": Source.OVERLAP if second else Source.RANDOM,
        "seconds": 2.5,
        "plays": 1,
        "suggestion_shown": False,
        "gold": False,
        "created_at": 1_700_000_000.25 + number,
    }


PANDAS = "pandas reading clips and standing answers into memory, joined and filtered"


def _pandas(project: OpenProject) -> int:
    """Clips whose newest answer is the second label and whose transcript holds a word, as a notebook would find them."""
    with project.engine.connect() as connection:
        clips = pd.read_sql("SELECT id, file_name, speaker, transcript, state FROM clip", connection)
        decisions = pd.read_sql("SELECT id, clip_id, label_id FROM decision", connection)
    newest = decisions.sort_values("id").groupby("clip_id").last()
    joined = clips.merge(newest, left_on="id", right_index=True, how="left")
    found = joined[(joined.label_id == LABEL) & joined.transcript.str.contains(WORD, case=False, regex=False)]
    return len(found.sort_values("file_name").head(PAGE))


def _first_page(project: OpenProject, finder: ClipFinder, choice: ClipChoice) -> int:
    with project.read() as session:
        matching = finder.find(session, choice)
        return len(lines_of(session, matching.clips[:PAGE], matching.known))


def _measured(address: str | None) -> Figures:
    numbers = itertools.count()
    with filled(address) as project:
        theirs = median_seconds(lambda: _pandas(project), repetitions=REPETITIONS)
        finder = ClipFinder()
        began = time.perf_counter()
        assert _first_page(project, finder, ClipChoice()) == PAGE
        first = time.perf_counter() - began

        def searched() -> None:
            # Another search each time: the same one is remembered.
            wanted = f"number {next(numbers)}"
            assert _first_page(project, finder, ClipChoice(search=wanted, label=LABEL, order=Order.FILE_NAME)) > 0

        ours = median_seconds(searched, repetitions=REPETITIONS)
    details = f"{CLIPS:,} clips, {DECISIONS:,} answers; the very first page {first * 1000:.0f} ms"
    return Figures(ours=ours * 1000, theirs=theirs * 1000, unit="ms", details=details)


on_both("clips-at-size", _measured, what="A page of the table of clips: a search, a label and an order", against=PANDAS)
