"""A grid of the clips most similar to a given one, out of a million, compared with the arithmetic alone."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.features.feature_store import ROWS, filled_project, plain_maps
from benchmarks.measuring.memory import Peak
from benchmarks.measuring.nominal_encoder import DIM
from benchmarks.measuring.rows import Figures, median_seconds, row
from db.serving.grid import free_clips
from learner.search.neighbours import Neighbours

CELLS, REPETITIONS = 48, 5


@row(
    "grid-at-size",
    what="A grid of the clips most like one, out of a million",
    against="chunks of a memory map cast to float32 and multiplied by plain numpy: nothing standardised, sorted or looked up",
)
def measure() -> Figures:
    """Every query is about another clip. The first one also reads where each vector lies, so it is reported separately."""
    project = filled_project()
    clips = iter(np.random.default_rng(7).choice(ROWS, REPETITIONS + 2, replace=False) + 1)
    neighbours = Neighbours(project)

    def ours() -> None:
        found = neighbours.of(int(next(clips)))
        with project.read() as session:
            assert len(free_clips(session, ranked=(clip for clip, _ in found), limit=CELLS)) == CELLS

    with Peak() as peak:
        began = time.perf_counter()
        ours()
        first = time.perf_counter() - began
        mine = median_seconds(ours, repetitions=REPETITIONS)
    wanted = np.random.default_rng(2).standard_normal(DIM, dtype=np.float32)
    plain = median_seconds(lambda: [chunk.astype(np.float32) @ wanted for chunk in plain_maps()], repetitions=REPETITIONS)
    details = f"{ROWS:,} x {DIM}, {CELLS} clips; the first question {first:.1f} s; {peak.grown:.0f} MB beyond the mapped features"
    return Figures(ours=mine, theirs=plain, unit="s", details=details)
