"""Time from an answer to a published queue, with a million clips to rank, compared with the arithmetic alone."""

from __future__ import annotations

import numpy as np

from benchmarks.features.feature_store import ROWS, filled_project, plain_maps
from benchmarks.measuring.memory import Peak
from benchmarks.measuring.nominal_encoder import DIM
from benchmarks.measuring.rows import Figures, median_seconds, row
from benchmarks.measuring.sample_project import STYLES
from learner.loop.heartbeat import Reporter
from learner.loop.publishing import Publisher
from tests.filled_projects import answer

LABELED, REPETITIONS = 200, 3


@row(
    "queue-at-size",
    what="Decision to published queue with a million clips",
    against="chunks of a memory map cast to float32 and multiplied by plain numpy: nothing read, trained, ranked or stored",
)
def measure() -> Figures:
    """The learner holds the pool in memory, as it does after its first pass."""
    project = filled_project()
    clips = iter(np.random.default_rng(4).choice(ROWS, LABELED + 2 * REPETITIONS, replace=False) + 1)
    for number in range(LABELED):
        answer(project, int(next(clips)), STYLES[number % len(STYLES)])
    weights = np.random.default_rng(2).standard_normal((DIM, len(STYLES)), dtype=np.float32)
    with Peak() as peak:
        publisher = Publisher(project, Reporter(project))
        publisher.publish()

        def ours() -> None:
            answer(project, int(next(clips)), STYLES[0])
            assert publisher.publish() is not None

        mine = median_seconds(ours, repetitions=REPETITIONS)
    plain = median_seconds(lambda: [chunk.astype(np.float32) @ weights for chunk in plain_maps()], repetitions=REPETITIONS)
    details = f"{ROWS:,} x {DIM}, {LABELED} labelled; {peak.grown:.0f} MB beyond the mapped features, the first pass included"
    return Figures(ours=mine, theirs=plain, unit="s", details=details)
