"""`python -m benchmarks.studies.coverage`: how often intervals hold the truth.

It simulates projects on the corpora of EARMARK_CORPORA, and writes a table between its markers in docs/benchmarks.md. Vectors of
encoders are kept in EARMARK_CACHE, as `earmark probe` keeps them.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.measuring.rows import machine, put_between
from benchmarks.studies.coverage_checks import Check, checks_of
from learner.corpora.clips import manifest_clips
from learner.corpora.corpus import Corpus
from learner.corpora.encoded_corpus import encoded_corpus
from learner.corpora.vector_cache import cache_folder
from learner.encoders.base import BUNDLED, LOGMEL
from learner.simulation.replay import Annotating
from learner.simulation.simulated_project import simulated_project

CORPORA = ("emodb", "ravdess", "esc10")
STRATEGIES = ("default", "random", "margin", "k-means")
RANDOM_SHARES = (0.1, 0.2, 0.4)
SHARES = (0.3, 0.5, 0.7)
BATCHES = 25
"""Rankings until all clips are labelled."""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


@dataclass(frozen=True)
class Job:
    """One simulated project."""

    corpus: str
    encoder: str
    strategy: str
    random_share: float
    seed: int
    forecasts: bool


@dataclass(frozen=True)
class Result:
    """A simulated project and the checks made on it."""

    job: Job
    checks: list[Check]


def jobs(projects: int, *, encoders: Sequence[str], forecasts: int) -> list[Job]:
    """About `projects` projects, equally many per cell (corpus, encoder); the first `forecasts` of each check forecasts."""
    cells = [(corpus, encoder) for corpus in CORPORA for encoder in encoders]
    found = []
    for corpus, encoder in cells:
        for number in range(math.ceil(projects / len(cells))):
            strategy = STRATEGIES[number % len(STRATEGIES)]
            share = RANDOM_SHARES[number // len(STRATEGIES) % len(RANDOM_SHARES)]
            found.append(Job(corpus, encoder, strategy, share, number, forecasts=number < forecasts))
    return found


def measured(job: Job, corpus: Corpus) -> Result:
    """One project, labelled and checked."""
    with threadpool_limits(1):
        project = simulated_project(corpus, seed=job.seed)
        clips = len(project.in_key_order)
        batch = math.ceil(clips / BATCHES)
        how = Annotating(strategy=job.strategy, budget=clips, batch=batch, random_share=job.random_share)
        return Result(job, list(checks_of(project, how, seed=job.seed, shares=SHARES, forecasts=job.forecasts)))


def table(results: Sequence[Result]) -> str:
    """One row per cell, then rows by strategy, random share and share labelled, and one for all."""
    lines = [
        "| projects | n | checks | UA holds | median width | bias | unseen speakers hold "
        "| UA ahead holds | forecasts | hold | with a number | hold |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    cells = sorted({(result.job.corpus, result.job.encoder) for result in results})
    for corpus, encoder in cells:
        chosen = [result for result in results if (result.job.corpus, result.job.encoder) == (corpus, encoder)]
        lines.append(_row(f"{corpus}, {Path(encoder).name}", chosen))
    lines += [
        _row(f"strategy {strategy}", [result for result in results if result.job.strategy == strategy]) for strategy in STRATEGIES
    ]
    lines += [
        _row(f"random share {share:.0%}", [result for result in results if result.job.random_share == share])
        for share in RANDOM_SHARES
    ]
    for share in SHARES:
        at = [Result(result.job, [check for check in result.checks if abs(check.share - share) < 0.05]) for result in results]
        lines.append(_row(f"{share:.0%} labelled", at))
    return "\n".join([*lines, _row("**all**", results)])


def _row(name: str, results: Sequence[Result]) -> str:
    checks = [check for result in results for check in result.checks]
    unseen = [check.low <= check.unseen <= check.high for check in checks if not math.isnan(check.unseen)]
    asked = [check for result in results if result.job.forecasts for check in result.checks]
    ahead = [check.ahead.held for check in asked if check.ahead is not None]
    forecasts = [forecast for check in asked for forecast in check.forecasts]
    numbers = [forecast for forecast in forecasts if forecast.decisions is not None]
    asked_for = f"{len(forecasts)} (silent at {sum(check.silent for check in asked)} of {len(asked)})" if asked else ""
    parts = [
        name,
        str(len(results)),
        str(len(checks)),
        _percent([check.covered for check in checks]),
        f"{statistics.median(check.high - check.low for check in checks):.2f}" if checks else "",
        f"{statistics.fmean(check.ua - check.truth for check in checks):+.3f}" if checks else "",
        _percent(unseen),
        _percent(ahead),
        asked_for,
        _percent([forecast.held for forecast in forecasts]),
        str(len(numbers)) if asked else "",
        _percent([forecast.held for forecast in numbers]),
    ]
    return f"| {' | '.join(parts)} |"


def _percent(held: Sequence[bool]) -> str:
    return f"{100 * statistics.fmean(held):.1f}%" if held else ""


@contextlib.contextmanager
def _watch(doing: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    print(f"{doing} ({unit} by {unit}) ...", file=sys.stderr, flush=True)
    yield lambda _done, _total: None


def _corpora(encoders: Iterable[str]) -> dict[tuple[str, str], Corpus]:
    folder = Path(os.environ["EARMARK_CORPORA"])
    found = {}
    for name in CORPORA:
        clips = manifest_clips(folder / f"{name}.csv")
        for encoder in encoders:
            found[name, encoder], _ = encoded_corpus(clips, encoder=encoder, cache=cache_folder(None), watch=_watch)
    return found


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.coverage", description=__doc__)
    parser.add_argument("--projects", type=int, default=240, help="simulated projects in all (default: 240)")
    parser.add_argument("--forecasts", type=int, default=16, help="projects per cell whose forecasts are checked (default: 16)")
    parser.add_argument("--encoder", action="append", help=f"may be given again (default: {BUNDLED} and {LOGMEL})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="projects at a time (default: one a core)")
    options = parser.parse_args()
    if "EARMARK_CORPORA" not in os.environ:
        parser.error("EARMARK_CORPORA names no folder of corpora")
    began = time.monotonic()
    encoders = options.encoder or [BUNDLED, LOGMEL]
    corpora = _corpora(encoders)
    todo = jobs(options.projects, encoders=encoders, forecasts=options.forecasts)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("forkserver")) as pool:
        waiting = [pool.submit(measured, job, corpora[job.corpus, job.encoder]) for job in todo]
        results = [future.result() for future in waiting]
    found = table(results)
    print(found)
    minutes = (time.monotonic() - began) / 60
    put_between(DOCS, BEGIN, END, f"{found}\n\nOne run of {minutes:.0f} minutes, {machine()}.")


if __name__ == "__main__":
    main()
