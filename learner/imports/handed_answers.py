"""Records what other tools, or exports of Earmark, hand over for clips: answers under their annotators' names, and suggestions.

An answer keeps its time and, where it is free, its UUID. So the same file may be imported again: nothing is doubled, and what was
taken back meanwhile stays so. An answer that its annotator gave here later is never replaced. Predictions become suggestions,
never decisions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.log import own_answer, row_of
from db.decisions.taking import GivenAnswer, take, undo_decision
from db.errors import DecisionError
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.models import Answer, Decision, Source, Suggestion
from db.records.labels import active_labels, answer_names
from db.records.people.annotators import annotator_named
from learner.imports.import_report import ImportReport
from learner.imports.made_uuids import made_uuid

_LONGEST_REASON = 2000


@dataclass(frozen=True)
class _Here:
    """An answer with what it is in this project."""

    answer: HandedAnswer
    clip_id: int
    annotator_id: int
    uuid: str


class HandedAnswers:
    """Records the answers and suggestions of one import."""

    def __init__(self, *, labels_as: str | None, secret: bytes) -> None:
        self._labels_as, self._secret = labels_as, secret
        self._label_ids: dict[str, int] = {}
        self._annotators: dict[str, int] = {}
        self._written: set[str] = set()

    def begin(self, session: Session) -> None:
        """Read the label set: the names in use, and those that labels had before."""
        in_use = {label.name: label.id for label in active_labels(session)}
        self._label_ids = {name: in_use[present] for name, present in answer_names(session).items()}

    def record(self, session: Session, rows: Sequence[tuple[int, HandedOverRow]], report: ImportReport) -> None:
        """Record what belongs to these clips (needs a write session), in order.

        Args:
            rows: the clip's id in this project, and what was handed over for it.
            report: counts what was recorded and what was not.
        """
        for clip_id, row in rows:
            for answer in row.answers:
                self._record(session, clip_id, row, answer, report)
            for suggestion in row.suggestions:
                self._suggest(session, clip_id, row, suggestion, report)

    def _record(self, session: Session, clip_id: int, row: HandedOverRow, answer: HandedAnswer, report: ImportReport) -> None:
        if answer.label is not None and answer.label not in self._label_ids:
            report.leave_label(answer.label, row.clip.file_name)
            return
        if answer.label is not None:
            report.fitting_labels += 1
        name = answer.annotator if answer.annotator is not None else self._labels_as
        if name is None:
            report.of_nobody += 1
            return
        try:
            here = self._here(session, clip_id, name, answer)
            recorded = self._undone(session, here) if answer.answer == Answer.UNDO else self._taken(session, here)
        except DecisionError as error:
            report.reject(row.clip, f"Imported without an answer of {name[:80]!r}: {error}")
            return
        if recorded:
            report.labels += 1
            report.annotators.add(name)

    def _here(self, session: Session, clip_id: int, name: str, answer: HandedAnswer) -> _Here:
        if name not in self._annotators:
            self._annotators[name] = annotator_named(session, name).id
        annotator_id = self._annotators[name]
        given = answer.uuid
        stored = None if given is None else row_of(session, given)
        if given is None or (stored is not None and (stored.clip_id, stored.annotator_id) != (clip_id, annotator_id)):
            given = self._uuid(clip_id, annotator_id, answer)
        return _Here(answer, clip_id, annotator_id, given)

    def _uuid(self, clip_id: int, annotator_id: int, answer: HandedAnswer) -> str:
        """Always the same for the same answer."""
        named = (clip_id, annotator_id, answer.answer.value, answer.label, answer.given_at, answer.gold, answer.uuid)
        return made_uuid(self._secret, f"handed over {named!r}")

    def _taken(self, session: Session, here: _Here) -> bool:
        """Whether it was recorded; an answer that is known, or older than one that stands, is not."""
        answer = here.answer
        if row_of(session, here.uuid) is not None or not self._is_newest(session, here):
            return False
        take(
            session,
            GivenAnswer(
                uuid=here.uuid,
                clip_id=here.clip_id,
                annotator_id=here.annotator_id,
                answer=answer.answer,
                label=answer.label,
                source=Source.IMPORTED,
                hinted=answer.suggestion_shown,
                gold=answer.gold,
                seconds=answer.seconds,
                plays=answer.plays,
                reason=None if answer.reason is None else answer.reason[:_LONGEST_REASON],
                heard={} if answer.source is None else {"imported_source": answer.source},
                answered_at=answer.given_at,
            ),
        )
        self._written.add(here.uuid)
        return True

    def _is_newest(self, session: Session, here: _Here) -> bool:
        standing = own_answer(session, clip_id=here.clip_id, annotator_id=here.annotator_id)
        if standing is None or standing.uuid in self._written:
            return True
        return here.answer.given_at is not None and here.answer.given_at > _given_at(standing)

    def _undone(self, session: Session, here: _Here) -> bool:
        if row_of(session, here.uuid) is not None or not self._may_undo(session, here):
            return False
        undo_decision(
            session,
            uuid=here.uuid,
            annotator_id=here.annotator_id,
            decision_uuid=here.answer.replaces,
            answered_at=here.answer.given_at,
        )
        return True

    def _may_undo(self, session: Session, here: _Here) -> bool:
        """Whether it takes back an answer of this import, or one that an earlier import had and that still is the newest."""
        answer = here.answer
        if answer.replaces in self._written:
            return True
        standing = own_answer(session, clip_id=here.clip_id, annotator_id=here.annotator_id)
        if standing is None or standing.uuid != answer.replaces:
            return False
        return answer.given_at is not None and answer.given_at > _given_at(standing)

    def _suggest(
        self, session: Session, clip_id: int, row: HandedOverRow, suggestion: HandedSuggestion, report: ImportReport
    ) -> None:
        label_id = self._label_ids.get(suggestion.label)
        if label_id is None:
            report.leave_label(suggestion.label, row.clip.file_name)
            return
        report.fitting_labels += 1
        newest = select(Suggestion).where(Suggestion.clip_id == clip_id, Suggestion.origin == suggestion.origin)
        known = session.scalars(newest.order_by(Suggestion.id.desc()).limit(1)).first()
        if known is not None and (known.label_id, known.score) == (label_id, suggestion.score):
            return
        session.add(
            Suggestion(
                clip_id=clip_id, label_id=label_id, score=suggestion.score, origin=suggestion.origin, created_at=time.time()
            )
        )
        session.flush()
        report.suggestions += 1


def _given_at(decision: Decision) -> float:
    return decision.created_at if decision.answered_at is None else decision.answered_at
