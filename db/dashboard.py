"""What the dashboard shows, read in one snapshot: everything about accuracy is of one run, and what is newer is beside it.

A run counts as complete when it has its scores and its outlook, which the learner records last. Until a newer run is complete the
older one is shown as a whole, so that old and new figures are never mixed.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id, given_as_gold_check
from db.decisions.log import decision_counts, live_query, newest_decision_id
from db.decisions.pace import AnnotatorPace, pace
from db.decisions.review import open_flags
from db.models import Annotator, Answer, Clip, ClipState, Decision, Label, LearnerState, Run
from db.records.label_history import newest_change_id
from db.records.labels import active_labels
from db.records.learner_state import read_state
from db.records.runs import LearningCurve, curve_of, latest_complete_run, latest_run, latest_run_id
from db.serving.known_labels import known_labels_in_words
from db.serving.random_slice import Waiting, what_is_waited_for

_KINDS = (Answer.LABEL, Answer.SKIP, Answer.UNSURE)
_OUT_OF_SERVICE = tuple(state for state in ClipState if state != ClipState.READY)


@dataclass(frozen=True)
class SinceRun:
    """What is newer than the run that is shown."""

    answers: int
    """Standing answers that it has not read."""
    newest_answer_at: float | None
    """When the newest answer of all was stored, in seconds since 1970."""
    run_id: int | None
    """A newer run, whose figures are not complete yet; None if there is none."""
    measuring_since: float | None
    """When that run was trained."""


@dataclass(frozen=True)
class LabellingNow:
    """How far labelling is at this moment, whatever the run has read."""

    clips: int
    """In service."""
    answered: int
    """Of these, clips with a standing answer of any kind."""
    labelled: int
    """Of these, clips with a consensus label."""
    skipped: int
    """Of these, clips that somebody skipped."""
    unsure: int
    """Of these, clips that somebody was unsure about."""
    flagged: int
    """Clips with a flag that no reviewer has dealt with."""
    answers: int
    """Standing answers, of all clips."""
    annotators: int
    """Who gave these, in the app or elsewhere."""


@dataclass(frozen=True)
class DashboardFacts:
    """Everything that the dashboard shows, at one moment. Rows are detached: they can be read after the session has ended."""

    read_at: float
    """Seconds since 1970."""
    run: Run | None
    """The newest complete run; None before the first. Its `report` holds everything that was measured with it."""
    curve: LearningCurve
    """The curve of that run; empty without one."""
    since: SinceRun
    now: LabellingNow
    labels: list[Label]
    """The labels in use, in the order of their keys."""
    label_names: dict[int, str]
    """Names by id of all labels, those too that are no longer in use."""
    annotators: dict[int, str]
    """Names by id."""
    pace: list[AnnotatorPace]
    waiting: Waiting | None
    """What keeps the random slice from growing; None if every clip in service is in it."""
    learner: LearnerState | None
    encoder_knows: str | None
    """What the encoder in use knows of the project's labels, in a sentence."""


def dashboard_facts(session: Session, *, now: float | None = None) -> DashboardFacts:
    """The facts as they are; `session` reads one snapshot.

    Args:
        now: seconds since 1970, for tests.
    """
    now = time.time() if now is None else now
    run = latest_complete_run(session)
    facts = DashboardFacts(
        read_at=now,
        run=run,
        curve=LearningCurve([], 0, 0) if run is None else curve_of(session, run),
        since=_since(session, run),
        now=_labelling_now(session),
        labels=active_labels(session),
        label_names={row.id: row.name for row in session.execute(select(Label.id, Label.name))},
        annotators={row.id: row.name for row in session.execute(select(Annotator.id, Annotator.name))},
        pace=pace(session, now=now),
        waiting=what_is_waited_for(session),
        learner=read_state(session),
        encoder_knows=known_labels_in_words(session),
    )
    session.expunge_all()
    return facts


def newest_of_dashboard(session: Session) -> tuple[int, ...]:
    """Numbers that change whenever an answer, a label, a clip or a run is new, or a run is complete; they take milliseconds.

    What depends on the time (pace, and who holds a clip) may change without them.
    """
    run = latest_complete_run(session)
    clips = session.scalar(select(func.max(Clip.id)))
    newest = newest_decision_id(session), newest_change_id(session), latest_run_id(session)
    return tuple(number or 0 for number in (*newest, clips, None if run is None else run.id))


def _since(session: Session, run: Run | None) -> SinceRun:
    read = 0 if run is None else run.last_decision_id
    newer, newest = live_query().where(Decision.id > read), latest_run(session)
    trained = newest if newest is not None and (run is None or newest.id > run.id) else None
    return SinceRun(
        answers=session.scalar(newer.with_only_columns(func.count())) or 0,
        newest_answer_at=session.scalar(select(Decision.created_at).order_by(Decision.id.desc()).limit(1)),
        run_id=None if trained is None else trained.id,
        measuring_since=None if trained is None else trained.created_at,
    )


def _labelling_now(session: Session) -> LabellingNow:
    out_of_service = select(Clip.id).where(Clip.state.in_(_OUT_OF_SERVICE))
    # What a gold check measures is its annotator.
    judged = ~given_as_gold_check()
    kinds = (func.max(case((and_(Decision.answer == kind, judged), 1), else_=0)).label(kind.value) for kind in _KINDS)
    of_clip = live_query().where(Decision.clip_id.not_in(out_of_service)).with_only_columns(*kinds)
    by_clip = of_clip.group_by(Decision.clip_id).subquery()
    sums = select(func.count(), *(func.sum(by_clip.c[kind.value]) for kind in _KINDS)).select_from(by_clip)
    answered, labelled, skipped, unsure = (count or 0 for count in session.execute(sums).one())
    return LabellingNow(
        clips=session.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)) or 0,
        answered=answered,
        labelled=labelled - _labelled_all_the_same(session, _settled_without_label(session)),
        skipped=skipped,
        unsure=unsure,
        flagged=len(open_flags(session)),
        answers=decision_counts(session),
        annotators=session.scalar(live_query().with_only_columns(func.count(Decision.annotator_id.distinct()))) or 0,
    )


def _labelled_all_the_same(session: Session, clips: Collection[int]) -> int:
    """How many of these clips, as far as they are in service, somebody labelled."""
    if not clips:
        return 0
    labelled = live_query().join(Clip, Clip.id == Decision.clip_id)
    labelled = labelled.where(Clip.state == ClipState.READY, Decision.answer == Answer.LABEL, ~given_as_gold_check())
    labelled = labelled.where(Decision.clip_id.in_(clips))
    return session.scalar(labelled.with_only_columns(func.count(Decision.clip_id.distinct()))) or 0


def _settled_without_label(session: Session) -> set[int]:
    """Clips that a reviewer settled as having no label, whatever others gave them."""
    gold = live_query().where(Decision.gold).with_only_columns(Decision.clip_id, Decision.answer).order_by(first_id())
    newest = {row.clip_id: row.answer for row in session.execute(gold)}
    return {clip for clip, answer in newest.items() if answer != Answer.LABEL}
