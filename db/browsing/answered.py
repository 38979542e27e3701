"""What the standing answers say of each clip, kept in memory and brought up to date with what was answered since.

Filters by label look at every clip, and a query for each would take seconds: all answers are read once, and then only those of
clips that have newer ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id, given_at, is_gold_check, source_column
from db.decisions.consensus import consensus_of
from db.decisions.log import live_query, newest_decision_id
from db.models import Answer, Decision, Source, Withdrawal
from db.records.label_history import effective_label, labels_as_of, newest_change_id
from db.records.portions import portions

_AT_ONCE = 5000
"""Clips with newer answers beyond which all answers are read anew."""


class _Given(NamedTuple):
    """An answer that stands and counts; `label_id` is what its label counts as."""

    id: int
    clip_id: int
    annotator_id: int
    answer: Answer
    label_id: int | None
    gold: bool
    source: Source
    created_at: float
    queued_as: Source | None
    order: int
    """Its place among the answers of the clip: an answer that was brought back is no newer than before."""


class Answered(NamedTuple):
    """What the answers that stand say of one clip."""

    label: int | None
    """Id of its label by all answers."""
    people: tuple[int, ...]
    """Who answered (ids), oldest answer first."""
    labels: tuple[int | None, ...]
    """What each of these answered: a label's id; None for unsure, skipped, and answers to gold checks."""
    sources: tuple[Source, ...]
    gold: bool
    unsure: bool
    skipped: bool
    answered_at: float
    """When the newest answer was given, in seconds since 1970."""

    @property
    def differ(self) -> bool:
        """Whether people gave it different labels, and no reviewer has fixed one."""
        return not self.gold and len(self.people) > 1 and len({label for label in self.labels if label is not None}) > 1

    @property
    def agreement(self) -> float | None:
        """Share of the labels that are the clip's label; None where fewer than two people gave a label."""
        labels = [label for label in self.labels if label is not None]
        return labels.count(self.label) / len(labels) if len(labels) > 1 and self.label is not None else None


class AnsweredClips:
    """What is known of every answered clip. One thread at a time."""

    def __init__(self) -> None:
        self._clips: dict[int, Answered] = {}
        self._newest = -1
        self._changes: tuple[int, int] | None = None

    def now(self, session: Session) -> tuple[Mapping[int, Answered], tuple[int, ...]]:
        """The answered clips as the session sees them, by id, and numbers that change whenever they do."""
        newest = newest_decision_id(session)
        changes = newest_change_id(session), session.scalar(select(func.max(Withdrawal.id))) or 0
        if changes != self._changes:
            self._clips = dict(_read(session))
        elif newest > self._newest:
            self._renew(session)
        # A session that began earlier than another one may come later: it gets what the other one has read.
        self._newest, self._changes = max(newest, self._newest), changes
        return self._clips, (newest, *changes)

    def _renew(self, session: Session) -> None:
        """An answer changes nothing but its own clip, whether it is new, superseded or taken back."""
        newer = select(Decision.clip_id).where(Decision.id > self._newest).distinct().limit(_AT_ONCE + 1)
        touched = session.scalars(newer).all()
        if len(touched) > _AT_ONCE:
            self._clips = dict(_read(session))
            return
        # A copy, since other threads may still read the old one.
        clips = {clip: found for clip, found in self._clips.items() if clip not in set(touched)}
        for part in portions(touched):
            clips.update(_read(session, part))
        self._clips = clips


def _read(session: Session, clip_ids: Sequence[int] | None = None) -> Iterator[tuple[int, Answered]]:
    query = live_query().with_only_columns(
        Decision.id,
        Decision.clip_id,
        Decision.annotator_id,
        # As the texts that are stored: there are very many, and each would be looked up in the enumeration.
        type_coerce(Decision.answer, String),
        Decision.label_id,
        Decision.gold,
        type_coerce(source_column(), String),
        given_at(),
        type_coerce(Decision.queued_as, String),
        first_id(),
    )
    if clip_ids is not None:
        query = query.where(Decision.clip_id.in_(clip_ids))
    counts_as = effective_label(labels_as_of(session))
    by_clip: dict[int, list[_Given]] = {}
    for number, clip, who, answer, label, gold, source, at, queued, order in session.execute(query.order_by(Decision.id)):
        given = _Given(
            number,
            clip,
            who,
            _ANSWERS[answer],
            label and counts_as[label],
            gold,
            _SOURCES[source],
            at,
            _SOURCES.get(queued),
            order,
        )
        by_clip.setdefault(clip, []).append(given)
    return ((clip, _answered(answers)) for clip, answers in by_clip.items())


_ANSWERS = {answer.value: answer for answer in Answer}
_SOURCES = {source.value: source for source in Source}


def _answered(answers: list[_Given]) -> Answered:
    if len(answers) == 1 and not is_gold_check(answers[0]):
        (one,) = answers
        is_unsure, is_skipped = one.answer is Answer.UNSURE, one.answer is Answer.SKIP
        return Answered(
            one.label_id, (one.annotator_id,), (one.label_id,), (one.source,), one.gold, is_unsure, is_skipped, one.created_at
        )
    answers.sort(key=lambda given: given.order)
    judged = [given for given in answers if not is_gold_check(given)]
    return Answered(
        label=consensus_of(answers),
        people=tuple(given.annotator_id for given in answers),
        labels=tuple(None if is_gold_check(given) else given.label_id for given in answers),
        sources=tuple(given.source for given in answers),
        gold=any(given.gold for given in answers),
        unsure=any(given.answer is Answer.UNSURE for given in judged),
        skipped=any(given.answer is Answer.SKIP for given in judged),
        answered_at=max(given.created_at for given in answers),
    )
