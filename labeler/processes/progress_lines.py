"""Progress that one process reports to another: lines on stderr, as a command writes them when its parent has asked for them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

VARIABLE = "EARMARK_PROGRESS_LINES"
_MARK = "earmark-progress "
_SECONDS = 0.2
"""Between two lines, at least."""


def are_wanted() -> bool:
    """Whether whoever started this process reads such lines."""
    return os.environ.get(VARIABLE) == "1"


def progress_writer() -> Callable[[int, int], None]:
    """A function (done, total) that writes such lines, but not too often."""
    written = -_SECONDS

    def moved(done: int, total: int) -> None:
        nonlocal written
        now = time.monotonic()
        if now - written >= _SECONDS or done == total:
            written = now
            sys.stderr.write(f"{_MARK}{json.dumps([done, total])}\n")
            sys.stderr.flush()

    return moved


def progress_in(line: str) -> tuple[int, int] | None:
    """How many are done and how many there are, if the line is such a one."""
    if not line.startswith(_MARK):
        return None
    done, total = json.loads(line.removeprefix(_MARK))
    return int(done), int(total)
