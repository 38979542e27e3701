"""What worker processes have in common, whatever they compute. Imports nothing of Earmark."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started in this block never get SIGINT; one that comes meanwhile reaches this process after the block.

    A terminal sends it to all processes of a command, and each worker would print a traceback, even while Python starts in it. So
    the mask of signals keeps it from them, which children inherit. Whoever started them ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
