"""Silences cleanlab, which prints remarks on annotators into a command's JSON even with `verbose=False`."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Discard everything that is printed meanwhile."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
