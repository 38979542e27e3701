"""cleanlab prints what it thinks of annotators, into the midst of a command's JSON, even where it is asked not to."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """What is printed meanwhile goes nowhere."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
