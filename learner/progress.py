"""How long computations report their progress. Imports nothing of Earmark."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

Progress = Callable[[int, int], None]
"""Called after each step with how many are done and how many there are (0: not known); it may raise to give up."""
Watch = Callable[[str, str], AbstractContextManager[Progress]]
"""Given what is being done and the unit of a step, a progress bar that is moved by calling `Progress`."""


def unseen(_done: int, _total: int) -> None:
    """Where nobody wants to see the progress."""
