"""Steps the clock: with this folder on PYTHONPATH, a Python process reads a clock that is wrong by the seconds in a file.

The test rewrites the file while the process runs; the clock is then set from one moment to the next, as NTP or a person sets it.
The steady clocks (`time.monotonic`, CLOCK_BOOTTIME) go on undisturbed, as they do when a clock is set.

Not libfaketime: it steps the steady clocks too. With FAKETIME_DONT_FAKE_MONOTONIC=1 it leaves them alone, but then `time.sleep`
fails with EINVAL (Debian's 0.9.10, Python 3.11), so the learner ends at its first pause. `datetime.now` is left as it is: Earmark
and the library that signs its tokens ask `time.time`.

Python imports a module of this name whenever it starts; see `tests/offline/sitecustomize.py`, which is imported from here.
"""

from __future__ import annotations

import os
import sys
import time
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

VARIABLE = "EARMARK_TEST_CLOCK"
"""Names the file with the seconds; `tests/trouble/clock.py` writes it."""

_real_time, _real_time_ns = time.time, time.time_ns


def _step() -> float:
    try:
        with open(os.environ[VARIABLE], encoding="ascii") as file:
            return float(file.read())
    except (KeyError, OSError):
        return 0.0


def _import_next() -> None:
    """Python imports only the first module of this name, and the other one keeps tests off the network."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [folder for folder in sys.path if os.path.abspath(folder) != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


time.time = lambda: _real_time() + _step()
time.time_ns = lambda: _real_time_ns() + int(_step() * 1e9)
_import_next()
