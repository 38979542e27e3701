"""Runs, their evaluations, and the learning curve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.models import CurvePoint, Run
from db.reports import DoubtedLabel, OutlookReport, RunReport, TeamReport

_RUNS_LOOKED_AT = 10
"""Evaluated runs that are searched. A run gets its outlook before the next run is scored, so older outlooks are out of date."""


@dataclass(frozen=True, kw_only=True)
class CurvePointValues:
    """A point of the curve: labels used, and the accuracy on today's random slice with its 95% interval."""

    last_decision_id: int
    decisions: int
    examples_per_class: float
    smallest_class: int
    ua: float | None
    ua_low: float | None
    ua_high: float | None
    wa: float | None


@dataclass(frozen=True)
class LearningCurve:
    """The newest evaluated curve, oldest point first; `slice_clips` and `speakers` count what it was scored on."""

    points: list[CurvePointValues]
    slice_clips: int
    speakers: int


def record_run(
    session: Session,
    *,
    feature_set_id: int | None,
    last_decision_id: int,
    decisions: int,
    labeled: int,
    settings: dict[str, Any],
    seconds: float,
) -> int:
    """Add a run that is not evaluated yet; returns its id."""
    run = Run(
        created_at=time.time(),
        feature_set_id=feature_set_id,
        last_decision_id=last_decision_id,
        decisions=decisions,
        labeled=labeled,
        settings=settings,
        seconds=seconds,
    )
    session.add(run)
    session.flush()
    return run.id


def record_evaluation(
    session: Session,
    run_id: int,
    *,
    ua: float | None,
    ua_low: float | None,
    ua_high: float | None,
    wa: float | None,
    slice_clips: int,
    speakers: int,
    report: RunReport,
    points: Sequence[CurvePointValues],
) -> None:
    """Add the scores of a run and the curve re-scored with it."""
    run = session.get_one(Run, run_id)
    run.ua, run.ua_low, run.ua_high, run.wa = ua, ua_low, ua_high, wa
    run.slice_clips, run.speakers, run.report = slice_clips, speakers, report
    run.evaluated_at = time.time()
    if points:
        session.execute(insert(CurvePoint), [{"run_id": run_id, **vars(point)} for point in points])


def record_outlook(session: Session, run_id: int, outlook: OutlookReport) -> None:
    """Add what follows from the scores of a run: comparisons, forecast and advice."""
    run = session.get_one(Run, run_id)
    run.report = run.report.model_copy(update={"outlook": outlook})


def latest_run(session: Session) -> Run | None:
    """The newest run, evaluated or not."""
    return session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).first()


def latest_run_id(session: Session) -> int | None:
    """The id of the newest run, evaluated or not."""
    return session.scalar(select(func.max(Run.id)))


def latest_evaluated_run(session: Session) -> Run | None:
    """The newest run that has its scores."""
    return session.scalars(select(Run).where(Run.evaluated_at.is_not(None)).order_by(Run.id.desc()).limit(1)).first()


def latest_complete_run(session: Session) -> Run | None:
    """The newest run that has its scores and its outlook; None before the first."""
    evaluated = select(Run).where(Run.evaluated_at.is_not(None)).order_by(Run.id.desc())
    # One after the other: most often it is the first, and a report may be long.
    for place in range(_RUNS_LOOKED_AT):
        run = session.scalars(evaluated.offset(place).limit(1)).first()
        if run is None or run.report.outlook is not None:
            return run
    return None


def latest_curve(session: Session) -> LearningCurve:
    """The curve of the newest evaluated run; empty before there is one."""
    run = latest_evaluated_run(session)
    return LearningCurve([], 0, 0) if run is None else curve_of(session, run)


def curve_of(session: Session, run: Run) -> LearningCurve:
    """The curve that was scored with a run."""
    rows = session.scalars(select(CurvePoint).where(CurvePoint.run_id == run.id).order_by(CurvePoint.last_decision_id))
    names = CurvePointValues.__dataclass_fields__
    points = [CurvePointValues(**{name: getattr(row, name) for name in names}) for row in rows]
    return LearningCurve(points, run.slice_clips, run.speakers)


def latest_outlook(session: Session) -> OutlookReport | None:
    """The newest recorded outlook; it may belong to an earlier run than the newest scores. None if there is none."""
    evaluated = select(Run.report).where(Run.evaluated_at.is_not(None)).order_by(Run.id.desc()).limit(_RUNS_LOOKED_AT)
    return next((report.outlook for report in session.scalars(evaluated) if report.outlook is not None), None)


def record_suspects(session: Session, run_id: int, suspects: Sequence[DoubtedLabel]) -> None:
    """Add the labels that the classifier of a run contradicts, most suspicious first."""
    run = session.get_one(Run, run_id)
    run.report = run.report.model_copy(update={"suspects": list(suspects)})


def record_team(session: Session, run_id: int, team: TeamReport) -> None:
    """Add how the annotators compare."""
    run = session.get_one(Run, run_id)
    run.report = run.report.model_copy(update={"team": team})


def latest_suspects(session: Session) -> list[DoubtedLabel]:
    """The newest recorded list of suspects; empty if there is none."""
    evaluated = select(Run.report).where(Run.evaluated_at.is_not(None)).order_by(Run.id.desc()).limit(_RUNS_LOOKED_AT)
    return next((report.suspects for report in session.scalars(evaluated) if report.suspects is not None), [])


def past_prefixes(session: Session) -> list[int]:
    """The `last_decision_id` of past runs that had decisions, oldest first; one for each number of decisions."""
    newest = select(func.max(Run.last_decision_id)).where(Run.decisions > 0).group_by(Run.decisions)
    return sorted(set(session.scalars(newest)))
