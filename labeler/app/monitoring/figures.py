"""What Prometheus may ask the app: requests and their seconds, answers, open pages, and how many people answer now.

https://prometheus.io/docs/practices/naming/ names units and endings. No label holds a name or a number without bounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.orm import Session

from db.decisions.people import answered_since
from db.project import OpenProject
from labeler.app.monitoring.requests import ROUTES
from labeler.monitoring.counting import Fields, count_events
from labeler.monitoring.of_database import OfDatabase

ACTIVE_SECONDS = 300.0
"""Whoever has answered within so many seconds is at work."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10)


class AppFigures:
    """The figures of this process, which count from now on."""

    def __init__(self, project: OpenProject) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "earmark_http_requests", "Requests, by route and kind of status.", ["route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "earmark_http_request_seconds",
            'Seconds until a request was answered; route="decisions" is the saving of answers.',
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._pages = Gauge("earmark_pages_open", "Pages that are connected to this process.", registry=self.registry)
        answers = Counter("earmark_answers", "Answers that were saved or refused.", ["result"], registry=self.registry)
        for route in ROUTES:
            self._seconds.labels(route)
        for result in ("saved", "refused"):
            answers.labels(result)

        def taken(fields: Fields) -> None:
            for result in ("saved", "refused"):
                answers.labels(result).inc(fields[result])

        count_events({"answers": taken})
        self.registry.register(OfDatabase(project, _people))

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request has ended."""
        self._requests.labels(route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def opened(self, change: int) -> None:
        """So many pages were opened (1) or closed (-1)."""
        self._pages.inc(change)


def _people(session: Session) -> Iterator[GaugeMetricFamily]:
    """How many people answer, the same for all apps of a project."""
    count = answered_since(session, time.time() - ACTIVE_SECONDS)
    yield GaugeMetricFamily("earmark_annotators_active", "People who answered within five minutes.", count)
