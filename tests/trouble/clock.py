"""The clock of the processes that a test starts, which the test may set."""

from __future__ import annotations

import os
from pathlib import Path

STEPPED_CLOCK = Path(__file__).parent / "stepped_clock"
VARIABLE = "EARMARK_TEST_CLOCK"


class Clock:
    """By how much the processes' clock is wrong; see `stepped_clock/sitecustomize.py`."""

    def __init__(self, file: Path) -> None:
        """`file` is not there yet: the clock is right."""
        self._file = file
        self.environment = {
            VARIABLE: str(file),
            "PYTHONPATH": os.pathsep.join([str(STEPPED_CLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        """What a process must have in its environment to read this clock."""

    def step(self, seconds: float) -> None:
        """From this moment on, the clock is wrong by so many seconds."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds), encoding="ascii")
        new.replace(self._file)
