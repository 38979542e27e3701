"""Ends a child process when its supervisor has ended, for whatever reason.

The supervisor holds the writing end of the child's standard input and never writes. When the supervisor ends, even if killed,
the pipe closes and the child sends itself SIGTERM. This works on every system, unlike signals on a parent's death.
"""

from __future__ import annotations

import os
import signal
import threading
import time

VARIABLE = "EARMARK_LIFELINE"
GRACE_SECONDS = 5.0
_STANDARD_INPUT = 0


def hold_lifeline() -> None:
    """Stop this process when its supervisor is gone; does nothing in a process that a person started."""
    if os.environ.get(VARIABLE) == "1":
        _be_interruptible()
        threading.Thread(target=_wait_for_the_end, name="lifeline", daemon=True).start()


def _be_interruptible() -> None:
    """Take SIGINT even where it was ignored by inheritance, as below `nohup earmark serve &`.

    Only in a process group of its own: there no Ctrl-C at a terminal arrives, and whoever sends SIGINT wants this process to end.
    """
    if os.getpgrp() == os.getpid() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _wait_for_the_end() -> None:
    # Not by way of `sys.stdin`: Python aborts at the end of the process when a thread waits in there.
    while os.read(_STANDARD_INPUT, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(0)
