"""Learner, app and embed are killed at random moments while somebody labels: nothing acknowledged is lost, nothing needs repair.

`make test` kills ten times, `make soak` a hundred.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import select, text

from db.decisions.log import live_decisions
from db.models import Clip, Label
from db.project import OpenProject, create_project, open_project
from db.records.people.annotators import annotator_named
from labeler.app.sign_in.tokens import Tokens
from learner.features.embed import embed
from learner.features.matrix import open_features
from learner.imports.source import import_source
from tests.browser.warm_app import WarmApp
from tests.labeler.cli.terminals import CommandWithLog, WarmPython
from tests.supervised_processes import Labelling, answers, free_port, wait_for

SAMPLE_DATA = Path(__file__).resolve().parent.parent / "sample_data"
STYLES = ("angry", "happy", "neutral", "sad")


def pieces(folder: Path, *, per_clip: int, clips: int | None = None) -> Path:
    """A manifest of equal pieces of every sample clip, or the first: enough to label while processes are killed."""
    manifest = folder / "pieces.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "start", "end"])
        for clip in sorted((SAMPLE_DATA / "clips").iterdir())[:clips]:
            seconds = soundfile.info(clip).duration
            edges = [number * seconds / per_clip for number in range(per_clip + 1)]
            writer.writerows([[str(clip), start, end] for start, end in pairwise(edges)])
    return manifest


def imported(directory: Path, *, per_clip: int = 2, clips: int | None = None) -> OpenProject:
    """A project with pieces of the sample clips, without features."""
    project = create_project(directory, labels=STYLES)
    import_source(project, pieces(directory, per_clip=per_clip, clips=clips), seed=1)
    return project


def labelling(project: OpenProject, port: int, *, pause: float) -> Labelling:
    """Somebody who derives each answer from the clip's file name, so that every label is known beforehand."""
    with project.write() as session:
        annotator = annotator_named(session, "tireless").id
    token = Tokens(project.info().secret).for_session(annotator)
    return Labelling(port, token, label=lambda name: STYLES[sum(name.encode()) % 4], pause=pause)


def check_decisions(project: OpenProject, acknowledged: dict[str, tuple[str, str]]) -> None:
    """Every acknowledged answer is there once, as it was given."""
    with project.read() as session:
        names = {clip.id: clip.file_name for clip in session.scalars(select(Clip))}
        live = live_decisions(session)
        assert len({decision.clip_id for decision in live}) == len(live), "one annotator never answers a clip twice"
        labels = {label.id: label.name for label in session.scalars(select(Label))}
        stored = {row.uuid: (names[row.clip_id], labels[row.label_id or 0]) for row in live}
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    assert {uuid: stored.get(uuid) for uuid in acknowledged} == acknowledged


@pytest.fixture
def python(tmp_path: Path) -> Iterator[WarmPython]:
    """A process in which commands start quickly, so that they are killed at their work and not while Python loads torch."""
    warm = WarmPython(tmp_path / "cache")
    yield warm
    warm.close()


def kill_some_time(process: WarmApp | CommandWithLog, rng: random.Random, *, longest: float) -> None:
    """Kill at a random moment. The sleep waits for nothing: the random moment is what is tested."""
    time.sleep(rng.uniform(0.0, longest))
    process.kill()


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_nothing_is_lost_when_anything_is_killed(tmp_path: Path, python: WarmPython) -> None:
    kills = 100 if os.environ.get("EARMARK_SOAK") else 10
    rng = random.Random(7)
    per_clip = 2 if kills == 10 else 5
    project, port = imported(tmp_path / "project", per_clip=per_clip), free_port()
    directory, log = project.directory, tmp_path / "log.txt"
    app = WarmApp(directory, port, log=log)
    wait_for(lambda: answers(port), what="the app")
    somebody = labelling(project, port, pause=0.05 if kills == 10 else 0.4)
    somebody.start()
    try:
        for number in range(kills):
            victim = ("embed", "learner", "app")[number % 3]
            if victim == "app":
                kill_some_time(app, rng, longest=1.0)
                app = WarmApp(directory, port, log=log)
                wait_for(lambda: answers(port), what="the app after it was killed")
            else:
                command = "embed" if victim == "embed" else "learn"
                kill_some_time(python.begin("--project", directory, command, log=log), rng, longest=3.0)
            check_decisions(project, dict(somebody.acknowledged))
        before = len(somebody.acknowledged)
        wait_for(lambda: len(somebody.acknowledged) >= before + 5, what="labelling to go on")
    finally:
        somebody.enough.set()
        somebody.join(30)
        app.kill()
    assert somebody.failure is None
    assert somebody.refused == []
    assert len(somebody.acknowledged) > 5 * kills
    assert "database is locked" not in log.read_text(encoding="utf-8", errors="replace")
    python.begin("--project", directory, "embed", log=log).finish()
    python.begin("--project", directory, "learn", "--once", log=log).finish()
    check_decisions(project, somebody.acknowledged)
    check_features(project, tmp_path, per_clip=per_clip)
    project.close()


def check_features(project: OpenProject, tmp_path: Path, *, per_clip: int) -> None:
    """Features made in spite of kills equal those made without kills, clip by clip."""
    undisturbed = imported(tmp_path / "undisturbed", per_clip=per_clip)
    embed(undisturbed)
    killed, whole = open_features(project), open_features(undisturbed)
    assert killed is not None
    assert whole is not None
    with project.read() as session:
        names = {(clip.file_name, clip.start): clip.id for clip in session.scalars(select(Clip))}
    with undisturbed.read() as session:
        there = {(clip.file_name, clip.start): clip.id for clip in session.scalars(select(Clip))}
    order = sorted(names)
    assert len(killed.clip_ids) == len(names) == len(set(killed.clip_ids.tolist()))
    found = killed.rows(np.array([names[name] for name in order]))
    expected = whole.rows(np.array([there[name] for name in order]))
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)
    undisturbed.close()


def test_a_database_whose_writer_was_killed_opens_without_repair(tmp_path: Path) -> None:
    project = imported(tmp_path / "project", clips=5)
    project.engine.dispose()
    writer = sqlite3.connect(project.directory / "earmark.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO annotator (name, created_at) VALUES ('half', 0)")
    torn = tmp_path / "torn"
    shutil.copytree(project.directory, torn)
    writer.close()
    again = open_project(torn)
    with again.read() as session:
        assert session.execute(text("SELECT count(*) FROM annotator WHERE name = 'half'")).scalar() == 0
    again.close()
    project.close()
