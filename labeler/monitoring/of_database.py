"""Figures that are read from the database when Prometheus asks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from db.errors import DatabaseGoneError
from db.project import OpenProject
from db.store.failures import STORE_ERRORS
from labeler.monitoring.log_lines import OURS

LOG = logging.getLogger(f"{OURS}.figures")


class OfDatabase(Collector):
    """Nothing while the database does not answer: the other figures are still there."""

    def __init__(self, project: OpenProject, read: Callable[[Session], Iterator[GaugeMetricFamily]]) -> None:
        self._project, self._read = project, read

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing, so that registering asks the database nothing."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures as they are now."""
        try:
            with self._project.read() as session:
                yield from self._read(session)
        except (*STORE_ERRORS, DatabaseGoneError):
            LOG.warning("figures_missing", extra={"fields": {}})
