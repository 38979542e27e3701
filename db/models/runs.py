"""What the learner did: runs, their curves, the ranked queue, and the learner's present state."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError
from sqlalchemy import (
    JSON,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Source, enum_column
from db.reports import VERSION, RunReport

LOG = logging.getLogger(__name__)


class ReportColumn(TypeDecorator[RunReport]):
    """A run's report as JSON. A report that cannot be read counts as empty: the next run writes its own."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: RunReport | None, dialect: Dialect) -> dict[str, Any] | None:
        """To the database; every report that is written has the present version."""
        return None if value is None else {**value.model_dump(mode="json"), "version": VERSION}

    def process_result_value(self, value: Any, dialect: Dialect) -> RunReport:
        """From the database."""
        try:
            return RunReport.model_validate(value or {})
        except ValidationError:
            LOG.warning("a run's report in the database cannot be read; it counts as empty")
            return RunReport()


class Run(Base):
    """One training of the head."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    created_at: Mapped[float] = mapped_column(Float)
    feature_set_id: Mapped[int | None] = mapped_column(ForeignKey("feature_set.id"))
    last_decision_id: Mapped[int] = mapped_column(Integer, index=True)
    """The newest decision row that the run read; 0 for none."""
    decisions: Mapped[int] = mapped_column(Integer)
    """Live decisions that the run read."""
    labeled: Mapped[int] = mapped_column(Integer)
    """Clips with a consensus label."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seconds: Mapped[float] = mapped_column(Float)
    """From noticing new answers to the published queue."""
    evaluated_at: Mapped[float | None] = mapped_column(Float)
    """Null until the run is evaluated."""
    ua: Mapped[float | None] = mapped_column(Float)
    ua_low: Mapped[float | None] = mapped_column(Float)
    ua_high: Mapped[float | None] = mapped_column(Float)
    wa: Mapped[float | None] = mapped_column(Float)
    slice_clips: Mapped[int] = mapped_column(Integer, default=0)
    speakers: Mapped[int] = mapped_column(Integer, default=0)
    """Distinct speakers in the random slice."""
    report: Mapped[RunReport] = mapped_column(ReportColumn, default=RunReport)
    """Replaced as a whole, never changed in place."""


class CurvePoint(Base):
    """One point of the learning curve, scored on the random slice as it was at `run`."""

    __tablename__ = "curve_point"
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    last_decision_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    decisions: Mapped[int] = mapped_column(Integer)
    examples_per_class: Mapped[float] = mapped_column(Float)
    smallest_class: Mapped[int] = mapped_column(Integer)
    ua: Mapped[float | None] = mapped_column(Float)
    ua_low: Mapped[float | None] = mapped_column(Float)
    ua_high: Mapped[float | None] = mapped_column(Float)
    wa: Mapped[float | None] = mapped_column(Float)


class QueueEntry(Base):
    """A ranked clip still to label; the whole table is replaced by each run."""

    __tablename__ = "queue_entry"
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    source: Mapped[Source] = mapped_column(enum_column(Source, "source"))
    score: Mapped[float | None] = mapped_column(Float)
    predicted_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))


class LearnerState(Base):
    """What the learner is doing now; one row, written by the learner and its supervisor."""

    __tablename__ = "learner_state"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    """starting, embedding, training, evaluating, waiting, stopped, crashed."""
    detail: Mapped[str] = mapped_column(Text, default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    pid: Mapped[int | None] = mapped_column(Integer)
    heartbeat_at: Mapped[float] = mapped_column(Float)
    restarts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text)
