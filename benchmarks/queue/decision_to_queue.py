"""Time from the moment an answer is stored until a queue that uses it is published, with 10,000 clips to rank."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from modAL.models import ActiveLearner
from modAL.uncertainty import margin_sampling
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.measuring.nominal_encoder import DIM, NominalEncoder
from benchmarks.measuring.processes import learner
from benchmarks.measuring.rows import Figures, median_seconds, row
from benchmarks.measuring.sample_project import STYLES
from db.decisions.log import newest_decision_id
from db.project import OpenProject, create_project
from db.records.runs import latest_run
from learner.arrays import Float32Array
from learner.features.store import FeatureStore
from tests.filled_projects import add_clips, answer
from tests.supervised_processes import wait_for

CLIPS, LABELED, DECISIONS = 10_000, 200, 10
QUEUE = 2000


def _drawn() -> tuple[Float32Array, NDArray[np.int64]]:
    """Vectors of four overlapping classes, and the class of each."""
    rng = np.random.default_rng(0)
    classes = rng.integers(len(STYLES), size=CLIPS)
    vectors = rng.normal(size=(CLIPS, DIM)) + 0.15 * rng.normal(size=(len(STYLES), DIM))[classes]
    return vectors.astype(np.float32), classes


def _filled(folder: Path, vectors: Float32Array, classes: NDArray[np.int64]) -> tuple[OpenProject, list[int]]:
    project = create_project(folder / "project", labels=STYLES)
    clips = add_clips(project, CLIPS, speakers=20)
    FeatureStore(project, NominalEncoder()).append(clips, vectors)
    for clip, number in zip(clips[:LABELED], classes[:LABELED], strict=True):
        answer(project, clip, STYLES[number])
    return project, clips


def _seen(project: OpenProject, *, evaluated: bool) -> bool:
    with project.read() as session:
        run = latest_run(session)
        done = run is not None and run.last_decision_id == newest_decision_id(session)
        return done and (not evaluated or (run is not None and run.evaluated_at is not None))


def _earmark(folder: Path, vectors: Float32Array, classes: NDArray[np.int64]) -> tuple[float, float]:
    """Median seconds from the answer to the queue, and from noticing the answer to the queue."""
    project, clips = _filled(folder, vectors, classes)
    taken, worked = [], []
    with learner(project.directory):
        for number in range(LABELED, LABELED + DECISIONS):
            wait_for(lambda: _seen(project, evaluated=True), what="the learner", seconds=300)
            time.sleep(0.1 * (number % 5) / 5)  # so that answers come at any moment between two checks by the learner
            answer(project, clips[number], STYLES[classes[number]])
            began = time.perf_counter()
            while not _seen(project, evaluated=False):
                time.sleep(0.005)
            taken.append(time.perf_counter() - began)
            with project.read() as session:
                run = latest_run(session)
                worked.append(run.seconds if run else 0.0)
    project.close()
    return statistics.median(taken), statistics.median(worked)


def _modal(vectors: Float32Array, classes: NDArray[np.int64]) -> float:
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)

    def fit_and_rank() -> None:
        head = LogisticRegression(C=0.1, max_iter=1000, class_weight="balanced").fit(scaled[:LABELED], classes[:LABELED])
        ActiveLearner(estimator=head, query_strategy=margin_sampling).query(scaled[LABELED:], n_instances=QUEUE)

    return median_seconds(fit_and_rank, repetitions=DECISIONS)


@row(
    "decision-to-queue",
    what="Decision to re-ranked queue",
    against="scikit-learn and modAL's `margin_sampling` on a matrix in memory: nothing noticed, read or stored",
)
def measure() -> Figures:
    """Median over single decisions, each given when the learner was idle."""
    vectors, classes = _drawn()
    with tempfile.TemporaryDirectory() as folder:
        ours, worked = _earmark(Path(folder), vectors, classes)
    theirs = _modal(vectors, classes)
    details = f"{CLIPS:,} clips x {DIM}, {LABELED} labelled; {worked * 1000:.0f} ms of it from noticing to storing"
    return Figures(ours=ours * 1000, theirs=theirs * 1000, unit="ms", details=details)
