"""Exports of a million clips, compared with pandas reading the two tables and writing them as CSV."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import uuid
from functools import cache
from pathlib import Path

from benchmarks.measuring.many_rows import insert_answered_clips
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import REPOSITORY, STYLES
from db.models import Answer, Source
from db.project import OpenProject, create_project

CLIPS, DECISIONS, ANNOTATORS, SPEAKERS, BATCH = 1_000_000, 100_000, 5, 400, 50_000
FORMATS = ("csv", "jsonl", "parquet", "label-studio")
MOST_MB = 500
PEAK = """
import atexit, re, sys
atexit.register(lambda: sys.stderr.write(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
"""
"""The resources that a parent is given for a child count what the parent held when it made the child."""
EXPORT = "from labeler.cli.__main__ import run; run()"
PANDAS = """
import sqlite3, sys
import pandas
with sqlite3.connect(sys.argv[1]) as database:
    clips = pandas.read_sql("SELECT clip.*, path FROM clip JOIN audio_file ON file_id = audio_file.id", database)
    decisions = pandas.read_sql("SELECT * FROM decision", database)
clips.merge(decisions, left_on="id", right_on="clip_id", how="left").to_csv(sys.argv[2], index=False)
"""

_FOLDER = tempfile.TemporaryDirectory(prefix="earmark-bench-", ignore_cleanup_errors=True)


def _filled(folder: Path) -> OpenProject:
    """A project whose clips are files of their own, a tenth of them answered; one answer in five has a second one beside it."""
    project = create_project(folder, labels=STYLES)
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
    return project


def _clip(number: int) -> dict[str, object]:
    return {
        "id": number + 1,
        "file_id": number + 1,
        "content_hash": f"{number:064x}",
        "file_name": f"{number // 1000}/{number:07}.wav",
        "start": 0.0,
        "end": 2.0,
        "speaker": f"speaker {number % SPEAKERS}",
        "transcript": f"Sentence number {number % 1000}, as it was read.",
        "extra": {"session": number % 5, "room": "a"},
        "slice_key": number,
        "state": "ready",
        "created_at": 1.0,
    }


def _decision(number: int, clip: int, label: int, second: bool) -> dict[str, object]:
    return {
        "id": number + 1,
        "uuid": str(uuid.UUID(int=number)),
        "clip_id": clip,
        "annotator_id": clip % ANNOTATORS + 1 if not second else (clip + 1) % ANNOTATORS + 1,
        "answer": Answer.LABEL,
        "label_id": label,
        "source": Source.RANDOM,
        "seconds": 2.5,
        "plays": 1,
        "suggestion_shown": False,
        "gold": False,
        "created_at": 1_700_000_000.25 + number,
    }


@cache
def _project() -> Path:
    project = _filled(Path(_FOLDER.name) / "project")
    project.close()
    return project.directory


def _measured(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds that a process took, and the most memory that it held in MB, mapped files included."""
    began = time.perf_counter()
    command = [sys.executable, "-c", PEAK + code, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, int(done.stderr.split()[-1]) / 1024


def _export(format: str) -> tuple[float, float]:
    output = Path(_FOLDER.name) / f"export.{format}"
    arguments = ["--project", str(_project()), "export", format, str(output), "--unlabelled", "--json"]
    taken = _measured(EXPORT, *arguments)
    assert taken[1] < MOST_MB, (format, taken)
    return taken


@row(
    "export-million",
    what="A million clips exported as CSV, with their answers, consensus and agreement",
    against="pandas reading the two tables, joining them and writing CSV",
)
def measure() -> Figures:
    """A process for each format, from its start to its end."""
    taken = {format: _export(format) for format in FORMATS}
    theirs, held = _measured(PANDAS, str(_project() / "earmark.sqlite"), str(Path(_FOLDER.name) / "pandas.csv"))
    others = "; ".join(f"{format} {seconds:.0f} s" for format, (seconds, _) in taken.items() if format != "csv")
    most = max(memory for _, memory in taken.values())
    details = f"{CLIPS:,} clips, {DECISIONS:,} decisions; {others}; at most {most:.0f} MB against {held:.0f} MB"
    return Figures(ours=taken["csv"][0], theirs=theirs, unit="s", details=details)
