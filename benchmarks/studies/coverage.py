"""`python -m benchmarks.studies.coverage`: how often intervals hold the truth.

It simulates projects on the corpora of EARMARK_CORPORA, and writes a table between its markers in docs/benchmarks.md. Vectors of
encoders are kept in EARMARK_CACHE, as `earmark probe` keeps them, and so is each project that was checked: a stopped run goes on
where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.measuring.rows import machine, put_between
from benchmarks.studies.coverage_checks import check_of, checks_of
from benchmarks.studies.coverage_table import RANDOM_SHARES, SHARES, STRATEGIES, Job, Result, table
from db.store.files import write_whole
from learner.corpora.clips import manifest_clips
from learner.corpora.corpus import Corpus
from learner.corpora.encoded_corpus import encoded_corpus
from learner.corpora.vector_cache import cache_folder
from learner.encoders.base import BUNDLED, LOGMEL
from learner.simulation.code_version import PACKAGES, code_version
from learner.simulation.replay import Annotating
from learner.simulation.simulated_project import simulated_project

CORPORA = ("emodb", "ravdess", "esc10")
BATCHES = 25
"""Rankings until all clips are labelled."""
DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


def jobs(projects: int, *, corpora: Sequence[str] = CORPORA, encoders: Sequence[str], forecasts: int) -> list[Job]:
    """About `projects` projects, equally many per cell (corpus, encoder); the first `forecasts` of each check forecasts.

    Strategies and random shares take turns together, so that few projects already have every one of both, and twelve each pair.
    """
    cells = [(corpus, encoder) for corpus in corpora for encoder in encoders]
    found = []
    for number in range(math.ceil(projects / len(cells))):
        strategy, share = STRATEGIES[number % len(STRATEGIES)], RANDOM_SHARES[number % len(RANDOM_SHARES)]
        found += [Job(corpus, encoder, strategy, share, number, forecasts=number < forecasts) for corpus, encoder in cells]
    return found


def measured(job: Job, corpus: Corpus) -> Result:
    """One project, labelled and checked."""
    with threadpool_limits(1):
        project = simulated_project(corpus, seed=job.seed)
        clips = len(project.in_key_order)
        batch = math.ceil(clips / BATCHES)
        how = Annotating(strategy=job.strategy, budget=clips, batch=batch, random_share=job.random_share)
        return Result(job, list(checks_of(project, how, seed=job.seed, shares=SHARES, forecasts=job.forecasts)))


def kept(todo: Sequence[Job], corpora: Mapping[tuple[str, str], Corpus], *, cache: Path, workers: Executor) -> Iterator[Result]:
    """Each project as soon as it is checked; those that were checked before are read from the cache.

    A project is kept under a hash of all that it depends on: features, labels, what is simulated, and the code.
    """
    code = code_version("benchmarks.studies.coverage_checks", folders={name: files(name) for name in ("benchmarks", *PACKAGES)})
    waiting: dict[Future[Result], Path] = {}
    for job in todo:
        corpus = corpora[job.corpus, job.encoder]
        # The vectors count, not where their encoder lies.
        depends = json.dumps([corpus.fingerprint, {**asdict(job), "encoder": ""}, SHARES, BATCHES, code])
        path = cache / f"{hashlib.sha256(depends.encode()).hexdigest()[:40]}.json"
        found = _read(path, job)
        if found is not None:
            yield found
        else:
            waiting[workers.submit(measured, job, corpus)] = path
    for future in as_completed(waiting):
        result = future.result()
        cache.mkdir(parents=True, exist_ok=True)
        write_whole(waiting[future], json.dumps([asdict(check) for check in result.checks]), durable=False)
        yield result


def _read(path: Path, job: Job) -> Result | None:
    try:
        return Result(job, [check_of(each) for each in json.loads(path.read_text(encoding="utf-8"))])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _watch(doing: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    print(f"{doing} ({unit} by {unit}) ...", file=sys.stderr, flush=True)
    yield lambda _done, _total: None


def _corpora(names: Iterable[str], encoders: Iterable[str]) -> dict[tuple[str, str], Corpus]:
    folder = Path(os.environ["EARMARK_CORPORA"])
    found = {}
    for name in names:
        clips = manifest_clips(folder / f"{name}.csv")
        for encoder in encoders:
            found[name, encoder], _ = encoded_corpus(clips, encoder=encoder, cache=cache_folder(None), watch=_watch)
    return found


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.coverage", description=__doc__)
    parser.add_argument("--projects", type=int, default=240, help="simulated projects in all (default: 240)")
    parser.add_argument("--forecasts", type=int, default=12, help="projects per cell whose forecasts are checked (default: 12)")
    parser.add_argument("--encoder", action="append", help=f"may be given again (default: {BUNDLED} and {LOGMEL})")
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="may be given again (default: all)")
    parser.add_argument("--output", type=Path, default=DOCS, help="file with the table's markers (default: docs/benchmarks.md)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="projects at a time (default: one a core)")
    options = parser.parse_args()
    if "EARMARK_CORPORA" not in os.environ:
        parser.error("EARMARK_CORPORA names no folder of corpora")
    began = time.monotonic()
    encoders = options.encoder or [BUNDLED, LOGMEL]
    names = options.corpus or CORPORA
    corpora = _corpora(names, encoders)
    todo = jobs(options.projects, corpora=names, encoders=encoders, forecasts=options.forecasts)
    results = []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("forkserver")) as workers:
        try:
            for result in kept(todo, corpora, cache=cache_folder(None) / "coverage", workers=workers):
                results.append(result)
                minutes = (time.monotonic() - began) / 60
                print(f"{len(results)} of {len(todo)} projects, {minutes:.0f} minutes", file=sys.stderr, flush=True)
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise
    found = table(results)
    print(found)
    put_between(options.output, BEGIN, END, f"{found}\n\nMeasured with {machine()}.")


if __name__ == "__main__":
    main()
