"""How Ctrl-C ends a command: in one line, with the exit status that shells give a program which SIGINT has ended.

`labeler.cli.__main__` imports it before anything else, so it imports only what Python has loaded anyway.
"""

from __future__ import annotations

import sys
from typing import NoReturn

STATUS = 130
"""128 and the number of SIGINT."""
_LINE_AGAIN = "\r\x1b[K"
"""Back to the beginning of the terminal's line, and clear it: the terminal has written ^C there."""


def end_by_ctrl_c() -> NoReturn:
    """End the command; what it had begun is undone or kept by then.

    Raises:
        SystemExit: always.
    """
    terminal = sys.stderr.isatty()
    sys.stderr.write(f"{_LINE_AGAIN if terminal else ''}Stopped by Ctrl-C.\n")
    raise SystemExit(STATUS)
