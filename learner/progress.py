"""How long computations report their progress. Imports nothing of Earmark."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

Watch = Callable[[str, str], AbstractContextManager[Callable[[int, int], None]]]
"""Given what is being done and the unit, a progress bar that is moved by (done, total)."""
