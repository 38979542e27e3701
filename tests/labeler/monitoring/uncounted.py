"""Takes back that a process counts events, for the tests that come after."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from labeler.monitoring.counting import Counting


@contextmanager
def uncounted_after() -> Iterator[None]:
    """What counts events now counts no more at the end."""
    logger = logging.getLogger("earmark")
    before = logger.level
    try:
        yield
    finally:
        logger.setLevel(before)
        for handler in [each for each in logger.handlers if isinstance(each, Counting)]:
            logger.removeHandler(handler)
