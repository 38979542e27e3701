"""Events of the log as figures: what is counted is what the log reports, so the two never disagree."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from labeler.monitoring.log_lines import OURS, keep_warnings

Fields = Mapping[str, Any]


class Counting(logging.Handler):
    """Hands the fields of each event to what counts this event."""

    def __init__(self, counters: Mapping[str, Callable[[Fields], None]]) -> None:
        super().__init__(logging.INFO)
        self._counters = counters

    def emit(self, record: logging.LogRecord) -> None:
        """Count the record, if it is an event that somebody counts."""
        count = self._counters.get(str(record.msg))
        fields = getattr(record, "fields", None)
        if count is not None and fields is not None:
            count(fields)


def count_events(counters: Mapping[str, Callable[[Fields], None]]) -> None:
    """Count the events of this process from now on."""
    keep_warnings()
    logger = logging.getLogger(OURS)
    logger.setLevel(logging.INFO)
    logger.addHandler(Counting(counters))
