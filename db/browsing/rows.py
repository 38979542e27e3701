"""What a table shows of clips, and all that is known of one: read for the clips of one page only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.browsing.choice import Mark
from db.browsing.columns import SPLIT, shown
from db.browsing.matching import Known, marks_of
from db.decisions.conditions import source_of
from db.decisions.log import live_query
from db.models import Annotator, Answer, AskedAgain, AudioFile, Clip, Decision, Flag, Label


@dataclass(frozen=True)
class ClipLine:
    """A clip in the table; labels and people by name."""

    clip_id: int
    file_name: str
    seconds: float
    speaker: str | None
    transcript: str | None
    label: str | None
    people: tuple[str, ...]
    """Who answered, oldest answer first."""
    agreement: float | None
    predicted: str | None
    confidence: float | None
    """Probability of the predicted label."""
    marks: tuple[Mark, ...]
    answered_at: float | None
    columns: Mapping[str, str]
    """What the manifest's other columns hold."""


def lines_of(session: Session, clip_ids: Sequence[int], known: Known) -> list[ClipLine]:
    """The lines of these clips, a few hundred at most, in this order."""
    labels = {label.id: label.name for label in session.scalars(select(Label))}
    people = {annotator.id: annotator.name for annotator in session.scalars(select(Annotator))}
    clips = {clip.id: clip for clip in session.scalars(select(Clip).where(Clip.id.in_(clip_ids)))}
    predicted = known.predicted(clip_ids)
    return [_line(clips[clip], known, predicted, labels, people) for clip in clip_ids if clip in clips]


def _line(
    clip: Clip, known: Known, predicted: Mapping[int, tuple[int, float]], labels: Mapping[int, str], people: Mapping[int, str]
) -> ClipLine:
    answered = known.answered.get(clip.id)
    expected, confidence = predicted.get(clip.id, (None, None))
    return ClipLine(
        clip_id=clip.id,
        file_name=clip.file_name,
        seconds=clip.end - clip.start,
        speaker=clip.speaker,
        transcript=clip.transcript,
        label=None if answered is None or answered.label is None else labels.get(answered.label),
        people=() if answered is None else tuple(people.get(who, str(who)) for who in dict.fromkeys(answered.people)),
        agreement=None if answered is None else answered.agreement,
        predicted=None if expected is None else labels.get(expected),
        confidence=confidence,
        marks=tuple(marks_of(clip.id, known, predicted)),
        answered_at=None if answered is None else answered.answered_at,
        columns=_columns(clip),
    )


def _columns(clip: Clip) -> dict[str, str]:
    own: dict[str, Any] = {} if clip.split is None else {SPLIT: clip.split}
    return {name: shown(value) for name, value in {**clip.extra, **own}.items() if value is not None and value != ""}


@dataclass(frozen=True)
class GivenOnce:
    """One answer in the history of a clip."""

    annotator: str
    answer: str
    """The label as it was given, under the name that it has today, or `unsure`, `skip` or `undo`."""
    source: str
    gold: bool
    reason: str | None
    at: float
    """Seconds since 1970."""
    stands: bool
    """Whether it counts: neither taken back, nor superseded, nor of a retired label."""


@dataclass(frozen=True)
class NotedFlag:
    """A flag that somebody raised and did not take down."""

    annotator: str
    note: str
    at: float


@dataclass(frozen=True)
class ClipHistory:
    """All that people did with a clip, oldest first."""

    path: str
    start: float
    end: float
    answers: list[GivenOnce]
    flags: list[NotedFlag]
    wishes: list[tuple[str | None, float]]
    """Who asked for one more answer, and when."""


def history_of(session: Session, clip_id: int) -> ClipHistory | None:
    """What became of a clip; None if there is none with this number."""
    found = session.execute(select(AudioFile.path, Clip.start, Clip.end).join(AudioFile).where(Clip.id == clip_id)).first()
    if found is None:
        return None
    standing = set(session.scalars(live_query().where(Decision.clip_id == clip_id).with_only_columns(Decision.id)))
    decisions = select(Decision, Annotator.name, Label.name).join(Annotator, Annotator.id == Decision.annotator_id)
    decisions = decisions.outerjoin(Label, Label.id == Decision.label_id).where(Decision.clip_id == clip_id).order_by(Decision.id)
    wishes = select(AskedAgain.asked_by, AskedAgain.created_at).where(AskedAgain.clip_id == clip_id).order_by(AskedAgain.id)
    return ClipHistory(
        *found,
        answers=[_given_once(row, who, label, stands=row.id in standing) for row, who, label in session.execute(decisions).all()],
        flags=_flags(session, clip_id),
        wishes=[(who, at) for who, at in session.execute(wishes)],
    )


def _given_once(row: Decision, who: str, label: str | None, *, stands: bool) -> GivenOnce:
    answer = label if row.answer == Answer.LABEL and label is not None else row.answer.value
    at = row.created_at if row.answered_at is None else row.answered_at
    return GivenOnce(who, answer, source_of(row).value, row.gold, row.reason, at, stands)


def _flags(session: Session, clip_id: int) -> list[NotedFlag]:
    query = select(Flag, Annotator.name).join(Annotator, Annotator.id == Flag.annotator_id).where(Flag.clip_id == clip_id)
    newest = {flag.annotator_id: (flag, who) for flag, who in session.execute(query.order_by(Flag.id))}
    return [NotedFlag(who, flag.note, flag.created_at) for flag, who in newest.values() if flag.raised]
