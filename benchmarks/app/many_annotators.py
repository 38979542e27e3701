"""How long saving takes for twenty annotators at two labels a second each, each in its own process, while the learner works.

They use the functions that the app calls to lease clips and to save an answer. Nobody may see an error, and no clip may be leased
to two annotators at a time.
"""

from __future__ import annotations

import multiprocessing
import random
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from threading import Barrier

import numpy as np

from benchmarks.measuring.nominal_encoder import DIM, NominalEncoder
from benchmarks.measuring.postgresql import on_both
from benchmarks.measuring.processes import learner
from benchmarks.measuring.rows import Figures
from benchmarks.measuring.sample_project import STYLES
from db.decisions.log import live_decisions
from db.decisions.taking import GivenAnswer, take
from db.models import Answer
from db.project import OpenProject, create_project, open_project
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from db.store.engine import Turn
from learner.features.store import FeatureStore
from tests.filled_projects import add_clips, answer

CLIPS, ANNOTATORS, SECONDS, A_SECOND = 4000, 20, 15.0, 2.0
LEASED = 4
"""Clips that an annotator holds."""
ALONE = "one annotator alone, in the same project"

Leased = list[tuple[int, int]]


def _annotate(directory: Path, name: str, seconds: float, together: Barrier) -> tuple[list[float], list[int]]:
    """Seconds that each saving took, and the clips; every failure is raised.

    Args:
        together: a barrier that all pass once, so that nobody is measured while others still load their libraries.
    """
    project = open_project(directory)
    rng = random.Random(name)
    taken, clips = [], []
    with project.write() as session:
        who = annotator_named(session, name).id
    held = _leased(project, who)
    together.wait()
    due = time.monotonic() + rng.random() / A_SECOND
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not held:
            held = _leased(project, who)
        time.sleep(max(due - time.monotonic(), 0.0))
        due += 1 / A_SECOND
        lease_id, clip_id = held.pop(0)
        began = time.perf_counter()
        with project.write(Turn.ANSWERS) as session:
            given = GivenAnswer(
                uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                clip_id=clip_id,
                annotator_id=who,
                answer=Answer.LABEL,
                label=rng.choice(STYLES),
                lease_id=lease_id,
            )
            take(session, given)
        taken.append(time.perf_counter() - began)
        clips.append(clip_id)
    project.close()
    return taken, clips


def _leased(project: OpenProject, who: int) -> Leased:
    with project.write(Turn.LEASES) as session:
        found = lease_next(session, annotator_id=who, limit=LEASED, random_share=0.2, lease_seconds=300.0)
    return [(clip.lease_id, clip.clip_id) for clip in found]


def _filled(folder: Path, database_url: str | None) -> OpenProject:
    project = create_project(folder, labels=STYLES, database_url=database_url)
    clips = add_clips(project, CLIPS, speakers=20)
    vectors = np.random.default_rng(0).standard_normal((CLIPS, DIM), dtype=np.float32)
    FeatureStore(project, NominalEncoder()).append(clips, vectors)
    for number, clip in enumerate(clips[:100]):
        answer(project, clip, STYLES[number % len(STYLES)])
    return project


def _together(directory: Path, names: list[str]) -> tuple[list[float], list[int]]:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(len(names)) as pool:
        together = manager.Barrier(len(names))
        found = pool.starmap(_annotate, [(directory, name, SECONDS, together) for name in names])
    return [seconds for taken, _ in found for seconds in taken], [clip for _, clips in found for clip in clips]


def _measured(database_url: str | None) -> Figures:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = _filled(Path(folder) / "project", database_url)
        with learner(project.directory):
            alone, _ = _together(project.directory, ["alone"])
            taken, clips = _together(project.directory, [f"annotator {number}" for number in range(ANNOTATORS)])
        twice = [clip for clip, count in Counter(clips).items() if count > 1]
        assert not twice, f"{len(twice)} clips went to two annotators"
        with project.read() as session:
            stored = {decision.clip_id for decision in live_decisions(session)}
        assert stored >= set(clips), "an answer is missing"
        project.close()
    details = (
        f"99th percentile of {len(taken)} answers in {SECONDS:.0f} s by {ANNOTATORS} processes with the learner at work; "
        f"median {1000 * float(np.median(taken)):.0f} ms; no error, no clip twice"
    )
    ours, theirs = (1000 * float(np.quantile(each, 0.99)) for each in (taken, alone))
    return Figures(ours=ours, theirs=theirs, unit="ms", details=details)


on_both("many-annotators", _measured, what="Saving an answer, twenty annotators at once", against=ALONE)
