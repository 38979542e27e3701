"""Embedding on workers: what the second one brings. Their start is reported beside the row, and not counted in it."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import sample_project, synthetic_project
from db.records.clips import ready_clips_without_features
from learner.encoders.registry import encoder_named
from learner.engine.workers import Workers, workers_on
from learner.features.embed import embed
from learner.features.on_workers import encode_on

ROUNDS = 3
"""Measured in turn, one worker and two, so that other work on the machine meets both."""
CLIPS, SECONDS = 900, (1.0, 4.0)


def _seconds(folder: Path, workers: Workers) -> float:
    project = synthetic_project(folder, seconds=np.linspace(*SECONDS, CLIPS).tolist())
    began = time.perf_counter()
    report = embed(project, encoder="bundled", encode=encode_on(workers))
    seconds = time.perf_counter() - began
    assert report.embedded == CLIPS, report
    project.close()
    return seconds


def _processor_seconds(workers: Workers) -> float:
    """That all of them have used: what other work on the machine changes least."""
    found: dict[str, float] = workers._client.run(time.process_time)
    return sum(found.values())


def _warmed(folder: Path, workers: Workers) -> None:
    """Each has loaded the encoder."""
    project = sample_project(folder, clips=32 * workers.count)
    with project.read() as session:
        clips = ready_clips_without_features(session, 0)
    for _ in range(2):
        assert sum(map(len, encode_on(workers)(clips, encoder_named("bundled")))) == len(clips)
    project.close()


@row(
    "embed-workers",
    what="Embedding with two workers of one thread each (`embed --on local:2`), once they have started",
    against="one such worker",
)
def measure_workers() -> Figures:
    """With the bundled encoder, decoding and storing included."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, started, workers = Path(name), dict[int, float](), dict[int, Workers]()
        found: dict[int, list[float]] = {1: [], 2: []}
        for count in found:
            began = time.perf_counter()
            workers[count] = stack.enter_context(workers_on(f"local:{count}"))
            _warmed(folder / f"warm-{count}", workers[count])
            started[count] = time.perf_counter() - began
        before = {count: _processor_seconds(some) for count, some in workers.items()}
        for number in range(ROUNDS):
            for count, seconds in found.items():
                seconds.append(_seconds(folder / f"{number}-{count}", workers[count]))
        each = {count: 1000 * (_processor_seconds(workers[count]) - before[count]) / CLIPS / ROUNDS for count in found}
    one, two = statistics.median(found[1]), statistics.median(found[2])
    return Figures(
        ours=two,
        theirs=one,
        unit="s",
        details=f"{CLIPS} clips of {SECONDS[0]:.0f} to {SECONDS[1]:.0f} s, median of {ROUNDS} in turn: {CLIPS / one:.0f} and "
        f"{CLIPS / two:.0f} clips a second, {each[1]:.1f} and {each[2]:.1f} ms of the workers' processor time a clip; starting "
        f"two workers, with the encoder loaded, took {started[2]:.1f} s before",
    )
