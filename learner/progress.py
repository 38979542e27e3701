"""How progress is reported: types of the callbacks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""
Watch = Callable[[str, str], AbstractContextManager[Progress]]
"""Given what is being done and the unit, a progress bar that is moved by (done, total)."""
