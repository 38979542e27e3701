"""Workers of Dask, started here or connected to: shards go out, results come back, and failures become sentences.

Dask schedules: it gives a shard to a worker that is free, and to another one where that worker died. The loop here keeps a few
shards for each worker with the scheduler, so that memory does not grow with the number of clips.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

from db.errors import EarmarkError, EngineError
from learner.engine.address import Local, Scheduler, address_of
from learner.engine.worker import AskedEncoder, Done, Work, run_shard
from learner.worker_processes import deaf_to_ctrl_c

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed.security import Security

Shard = TypeVar("Shard")
Result = TypeVar("Result")

AHEAD = 3
"""Shards that the scheduler has for each worker: the one in hand, and the next ones, so that no worker waits for the driver."""
_CONNECT_SECONDS = 10.0
_COUNT_SECONDS = 10.0
"""How often workers are counted: some may join or leave."""
_SETTINGS = {
    # No page with the state of the work: nothing listens but what the work needs.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # One thread each; and without Dask's own limit to what freed memory is kept (MALLOC_TRIM_THRESHOLD_), which makes torch ask
    # for its memory anew at each product: a clip then takes 1.7 times as long.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
}


class Workers:
    """Processes that encode shards; see `workers_on`."""

    def __init__(self, client: Client, place: str) -> None:
        self._client = client
        self.place = place
        """As the user named it."""

    @property
    def count(self) -> int:
        """How many there are now.

        Raises:
            EngineError: the scheduler is gone.
        """
        with self._reached():
            return len(self._client.nthreads())

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except (OSError, TimeoutError, RuntimeError) as error:
            raise self._gone() from error

    def _gone(self) -> EngineError:
        return EngineError(f"The scheduler at {self.place} is gone; start it, then give the same command again.")

    def each(
        self, work: Work[Shard, Result], encoder: AskedEncoder, shards: Iterable[Shard], *, first_of: Callable[[Shard], str]
    ) -> Iterator[tuple[Shard, Done[Result]]]:
        """The result of each shard, in the order in which they are done.

        Args:
            work: a function of a module.
            first_of: how an error names a shard.

        Raises:
            EncoderError: a worker has other releases or files, or the encoder cannot be loaded or run.
            EngineError: the scheduler is gone, a worker lacks Earmark, or a shard ends every worker that gets it.
        """
        from distributed import as_completed

        waiting = iter(shards)
        held: dict[Any, Shard] = {}
        running = as_completed(with_results=True, raise_errors=False, loop=self._client.loop)
        most, counted = AHEAD * self.count, time.monotonic()

        def fill() -> None:
            while len(held) < most and (shard := next(waiting, None)) is not None:
                with self._reached():
                    future = self._client.submit(run_shard, encoder, work, shard, pure=False)
                held[future] = shard
                running.add(future)

        fill()
        for future, result in running:
            shard = held.pop(future)
            if future.status != "finished":
                raise self._failure(result, first_of(shard))
            if time.monotonic() - counted > _COUNT_SECONDS:
                most, counted = AHEAD * max(self.count, 1), time.monotonic()
            fill()
            yield shard, result

    def _failure(self, result: Any, first: str) -> EarmarkError:
        """Why a shard has no result, in one sentence."""
        from distributed import KilledWorker

        if not isinstance(result, tuple):
            # No error of a worker: the scheduler has forgotten the shard.
            return self._gone()
        error = result[1]
        if isinstance(error, EarmarkError):
            return error
        if isinstance(error, KilledWorker):
            return EngineError(
                f"Every worker that got the shard from {first} on died ({error.allowed_failures + 1} in a row); look at the "
                "workers' memory and logs, then give the same command again."
            )
        why = (str(error).splitlines() or [""])[0][:200]
        return EngineError(f"A worker failed at the shard from {first} on ({type(error).__name__}: {why}); look at its log.")


@contextmanager
def workers_on(place: str) -> Iterator[Workers]:
    """Workers at a place, for the length of the block.

    Args:
        place: as `address_of` takes it. Those of `local:N` are started, with one thread each, and end with the block.

    Raises:
        EngineError: the place is not understood, the extra is not installed, or the scheduler cannot be used.
    """
    where = address_of(place)
    try:
        import dask
        import distributed  # noqa: F401 (its absence is noticed here)
    except ImportError as error:
        raise EngineError(f"--on {place} needs Dask; install it with `pip install 'earmark[dask]'`.") from error
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(_SETTINGS))
        stack.enter_context(_quiet())
        client = stack.enter_context(_started(where) if isinstance(where, Local) else _connected(where))
        workers = Workers(client, place)
        if not workers.count:
            raise EngineError(f"The scheduler at {place} has no worker; start some with `dask worker {place} --nthreads 1`.")
        _refuse_without_earmark(client)
        yield workers


def _refuse_without_earmark(client: Client) -> None:
    """A worker that cannot import what it gets would close its connection, and the work would wait for ever."""

    # Inside, so that it goes out by value: it is all that such a worker can run.
    def lacking() -> str | None:
        import importlib

        try:
            importlib.import_module("learner.engine.worker")
        except ImportError as error:
            return str(error)
        return None

    for address, why in client.run(lacking).items():
        if why is not None:
            raise EngineError(
                f"The worker at {address} cannot load Earmark ({why}); install the same Earmark, with its extra dask, everywhere."
            )


@contextmanager
def _started(where: Local) -> Iterator[Client]:
    """A scheduler in this process and workers beside it, which nobody else on this machine can use."""
    from distributed import Client
    from distributed.security import Security

    with tempfile.TemporaryDirectory(prefix="earmark-workers-", ignore_cleanup_errors=True) as scratch, ExitStack() as stack:
        try:
            # Whoever can reach a scheduler can run code in its workers: its key is made now, and never leaves these processes.
            security = Security.temporary()
        except ImportError as error:
            raise EngineError("--on local:N needs the package cryptography; install `earmark[dask]`.") from error
        # Starting it lifts the block on SIGINT, so it must be there before.
        resource_tracker.ensure_running()
        with deaf_to_ctrl_c(), _environment_kept():
            cluster = stack.enter_context(_local_cluster(where.workers, security, scratch))
            client = stack.enter_context(Client(cluster))
        yield client


def _local_cluster(workers: int, security: Security, scratch: str) -> LocalCluster:
    from distributed import LocalCluster

    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            protocol="tls://",
            security=security,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            memory_limit=0,
            local_directory=scratch,
            silence_logs=logging.CRITICAL,
        )
    except (RuntimeError, OSError, TimeoutError) as error:
        raise EngineError(
            f"{workers} local workers cannot be started ({error}); ask for fewer, and in a script start them below "
            '`if __name__ == "__main__":`.'
        ) from error


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Dask sets variables for its workers in this process, whose own threads they do not concern."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _connected(where: Scheduler) -> Iterator[Client]:
    from distributed import Client
    from distributed.versions import VersionMismatchWarning

    try:
        with warnings.catch_warnings():
            # Workers compare what matters; see `learner.engine.worker`.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            client = Client(where.address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except TypeError as error:
        raise EngineError(
            f"{where.address} needs a certificate, and Dask's configuration names none; set distributed.comm.tls there."
        ) from error
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise EngineError(
            f"The scheduler at {where.address} cannot be reached ({why}); start it with `dask scheduler`, or correct the address."
        ) from error
    with client:
        yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask logs of workers that come and go would stand in the middle of the progress bar."""
    handlers = list(logging.getLogger("distributed").handlers)
    for handler in handlers:
        handler.addFilter(_nothing)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_nothing)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
