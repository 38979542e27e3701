"""What a reviewer should look at (differing answers, flags, doubted labels), fixing labels, and taking back answers."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.flags import raised_flags
from db.decisions.log import live_query
from db.decisions.taking import GivenAnswer, take, undo_decision
from db.models import Annotator, Answer, Clip, ClipState, Decision, Label, Source
from db.records.label_history import counted_label, effective_label, labels_as_of
from db.records.labels import label_by_name
from db.records.runs import latest_suspects


@dataclass(frozen=True)
class StandingAnswer:
    """One annotator's answer that stands."""

    annotator: str
    answer: str
    """The label, or `unsure` or `skip`."""


@dataclass(frozen=True)
class ToReview:
    """A clip that waits for a reviewer."""

    clip_id: int
    file_name: str
    transcript: str | None
    differ: bool
    """Whether annotators gave it different labels."""
    answers: list[StandingAnswer] = field(default_factory=list)
    flags: list[tuple[str, str]] = field(default_factory=list)
    """Annotator and note of each flag that nobody has dealt with."""


def clips_to_review(session: Session, *, limit: int = 50, leave_out: Collection[int] = ()) -> list[ToReview]:
    """Flagged clips first, newest flag first, then those whose labels differ; none that a reviewer has fixed since.

    Args:
        limit: how many at most.
        leave_out: clips not to list.
    """
    flags = open_flags(session)
    differ = _different(session)
    wanted = [clip for clip in dict.fromkeys([*flags, *differ]) if clip not in leave_out][:limit]
    return _listed(session, wanted, differ=differ, flags=flags)


def doubted_clips(session: Session, *, limit: int = 50, leave_out: Collection[int] = ()) -> list[ToReview]:
    """Clips whose label the learner doubted when it last looked, most doubtful first; none that a reviewer has fixed or whose
    label is another one by now.

    Args:
        limit: how many at most.
        leave_out: clips not to list.
    """
    counts_as = effective_label(labels_as_of(session))
    noted = {suspect.clip: counts_as.get(suspect.label) for suspect in latest_suspects(session)}
    gold = live_query().where(Decision.gold).with_only_columns(Decision.clip_id)
    labels = live_query().where(Decision.clip_id.in_(noted), Decision.clip_id.not_in(gold), Decision.label_id.is_not(None))
    standing = {(row[0], row[1]) for row in session.execute(labels.with_only_columns(Decision.clip_id, counted_label()))}
    wanted = [clip for clip, label in noted.items() if (clip, label) in standing and clip not in leave_out][:limit]
    return _listed(session, wanted, differ=_different(session), flags=open_flags(session))


def _listed(
    session: Session, wanted: Sequence[int], *, differ: Collection[int], flags: Mapping[int, list[tuple[str, str]]]
) -> list[ToReview]:
    query = select(Clip).where(Clip.id.in_(wanted), Clip.state == ClipState.READY)
    clips = {clip.id: clip for clip in session.scalars(query)}
    answers = _answers_of(session, wanted)
    return [
        ToReview(clip, clips[clip].file_name, clips[clip].transcript, clip in differ, answers.get(clip, []), flags.get(clip, []))
        for clip in wanted
        if clip in clips
    ]


def own_answers(session: Session, *, annotator_id: int, limit: int = 200) -> list[ToReview]:
    """Clips that the annotator answered, newest answer first, with that answer alone."""
    query = (
        live_query()
        .where(Decision.annotator_id == annotator_id)
        .with_only_columns(Clip.id, Clip.file_name, Clip.transcript, Annotator.name, Decision.answer, Label.name)
    )
    query = query.join(Clip, Clip.id == Decision.clip_id).join(Annotator, Annotator.id == Decision.annotator_id)
    query = query.outerjoin(Label, Label.id == counted_label()).where(Clip.state == ClipState.READY)
    return [
        ToReview(clip, file_name, transcript, differ=False, answers=[StandingAnswer(name, label or answer.value)])
        for clip, file_name, transcript, name, answer, label in session.execute(query.order_by(Decision.id.desc()).limit(limit))
    ]


def open_flags(session: Session) -> dict[int, list[tuple[str, str]]]:
    """Annotator and note of each flag, by clip; flags that are older than a reviewer's answer are dealt with."""
    gold = live_query().where(Decision.gold).with_only_columns(Decision.clip_id, func.max(Decision.created_at))
    fixed = {row[0]: row[1] for row in session.execute(gold.group_by(Decision.clip_id))}
    found: dict[int, list[tuple[str, str]]] = {}
    for flag in raised_flags(session):
        if flag.created_at > fixed.get(flag.clip_id, 0.0):
            found.setdefault(flag.clip_id, []).append((flag.annotator, flag.note))
    return found


def _different(session: Session) -> dict[int, None]:
    """Clips with two different labels and no gold, in the order in which they came to differ."""
    gold = live_query().where(Decision.gold).with_only_columns(Decision.clip_id)
    labels = live_query().where(Decision.answer == Answer.LABEL, Decision.clip_id.not_in(gold))
    query = labels.with_only_columns(Decision.clip_id).group_by(Decision.clip_id)
    query = query.having(func.count(counted_label().distinct()) > 1).order_by(func.max(Decision.id))
    return dict.fromkeys(session.scalars(query))


def _answers_of(session: Session, clips: Sequence[int]) -> dict[int, list[StandingAnswer]]:
    query = (
        live_query()
        .where(Decision.clip_id.in_(clips))
        .with_only_columns(Decision.clip_id, Annotator.name, Decision.answer, Label.name)
    )
    query = query.join(Annotator, Annotator.id == Decision.annotator_id).outerjoin(Label, Label.id == counted_label())
    found: dict[int, list[StandingAnswer]] = {}
    for clip, annotator, answer, label in session.execute(query.order_by(Decision.id)):
        found.setdefault(clip, []).append(StandingAnswer(annotator, label or answer.value))
    return found


def fix_labels(session: Session, clip_ids: Sequence[int], label: str, *, annotator_id: int, hinted: bool) -> int:
    """Fix the label of these clips (needs a write session): a reviewer's answer, which outweighs all others.

    Clips that have this label fixed already, and those that are not in service, are left as they are.

    Args:
        annotator_id: the reviewer.
        hinted: whether the reviewer saw what the classifier expects; then the accuracy does not count the answers.

    Returns:
        How many were fixed.

    Raises:
        LabelError: the label is not in the label set, or was retired.
    """
    wanted = label_by_name(session, label)
    gold = live_query().where(Decision.gold, counted_label() == wanted.id, Decision.clip_id == Clip.id).correlate(Clip).exists()
    query = select(Clip.id).where(Clip.id.in_(clip_ids), Clip.state == ClipState.READY, ~gold).order_by(Clip.id)
    fixed = session.scalars(query).all()
    for clip in fixed:
        given = GivenAnswer(
            uuid=str(uuid.uuid4()),
            clip_id=clip,
            annotator_id=annotator_id,
            answer=Answer.LABEL,
            label=wanted.name,
            source=Source.REVIEW,
            gold=True,
            hinted=hinted,
        )
        take(session, given)
    return len(fixed)


def take_back_run(session: Session, *, annotator_id: int, count: int) -> int:
    """Undo an annotator's newest answers that stand, so many of them; nothing is deleted. How many there were to undo."""
    for done in range(count):
        if undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=annotator_id) is None:
            return done
    return count
