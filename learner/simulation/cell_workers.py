"""Cells simulated one after the other, or in several processes at a time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from learner.corpora.corpus import Corpus
from learner.simulation.cells import Cell, WantedCell, simulated_cell
from learner.worker_processes import deaf_to_ctrl_c


def cells_simulated(corpus: Corpus, asked: Sequence[WantedCell], *, jobs: int) -> Iterator[tuple[int, Cell]]:
    """Each cell as soon as it is there, with its place in `asked`.

    Args:
        jobs: processes; with one the cells are simulated in this process.

    Raises:
        LearnerError: a strategy is unknown or fails.
    """
    if jobs < 2 or len(asked) < 2:
        for place, one in enumerate(asked):
            yield place, simulated_cell(corpus, one)
        return
    with _workers(corpus, min(jobs, len(asked))) as workers:
        with deaf_to_ctrl_c():
            futures: dict[Future[Cell], int] = {workers.submit(_in_worker, one): place for place, one in enumerate(asked)}
        for future in as_completed(futures):
            yield futures[future], future.result()


@contextmanager
def _workers(corpus: Corpus, jobs: int) -> Iterator[Executor]:
    # Spawned: a fork would copy the locks of threads that it has not.
    context = multiprocessing.get_context("spawn")
    workers = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(corpus,))
    try:
        yield workers
    except BaseException:
        # A cell takes minutes, and nobody waits for it any more.
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        workers.shutdown(cancel_futures=True)


_worker: dict[str, Corpus] = {}


def _start_worker(corpus: Corpus) -> None:
    _worker["corpus"] = corpus


def _in_worker(asked: WantedCell) -> Cell:
    return simulated_cell(_worker["corpus"], asked)
