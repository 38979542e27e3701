"""Clips with all their answers, read in batches while the caller iterates: what the formats are written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id, is_blind, source_column
from db.decisions.consensus import consensus_labels
from db.decisions.guidelines import guideline_versions, version_at
from db.decisions.log import LiveDecision, standing_query_at
from db.exports.choice import LabelKind
from db.exports.past import LabelNames, details_before
from db.exports.rows import ClipRow, GivenAnswerRow, Predicted
from db.models import Annotator, Answer, AudioFile, Clip, ClipState, Decision, Suggestion
from db.records.clips import SPAN_TOLERANCE

BATCH = 1000
_DETAILS = ("file_name", "path", "speaker", "transcript", "split", "extra", "state")
"""What may change of a clip."""
_NO_ANSWERS: tuple[GivenAnswerRow, ...] = ()


class Predictions(Protocol):
    """What the classifier predicts for clips; read from files that the learner wrote."""

    @property
    def run(self) -> int:
        """The run whose head predicts."""

    def of(self, clip_ids: Sequence[int]) -> Mapping[int, tuple[int, float]]:
        """Label id and its probability by clip id, for the clips that have a prediction."""


class Beside(NamedTuple):
    """What is known about clips beside the database's own tables."""

    confidences: Mapping[int, float]
    """Probability that the clip's label is right, by clip id."""
    predictions: Predictions | None


NOTHING = Beside({}, None)


class ClipReader:
    """Reads clips with their answers as of a time."""

    def __init__(self, session: Session, *, as_of: float | None, labels: LabelNames, beside: Beside = NOTHING) -> None:
        self._session, self._as_of, self._labels, self._beside = session, as_of, labels, beside
        self._versions = guideline_versions(session)

    def count(self, *, answered: bool) -> int:
        """How many clips `rows` looks at."""
        return self._session.scalar(self._clips(answered=answered).with_only_columns(func.count())) or 0

    def rows(self, *, answered: bool) -> Iterator[ClipRow]:
        """Every clip, by id; with `answered` only those that have a decision."""
        # Pages by id and no open cursor: what is asked about each page must not wait for the rest.
        after = 0
        while True:
            page = self._clips(answered=answered).where(Clip.id > after).order_by(Clip.id).limit(BATCH)
            clips = self._session.execute(page).all()
            if not clips:
                return
            yield from self._with_answers(clips)
            after = clips[-1].id

    def standing(self) -> Iterator[LiveDecision]:
        """The decisions that stood, under the labels that they counted as."""
        for row in self._session.execute(self._answers().order_by(Decision.id).execution_options(yield_per=BATCH)):
            if self._counts(row):
                yield self._live(row)

    def _clips(self, *, answered: bool) -> Select[Any]:
        columns: list[Any] = [
            *(Clip.id, Clip.file_name, Clip.start, Clip.end, Clip.speaker, Clip.transcript, Clip.split, Clip.extra),
            *(Clip.state, Clip.content_hash, AudioFile.path, AudioFile.sampling_rate, AudioFile.channels, AudioFile.duration),
        ]
        query = select(*columns).join(AudioFile, AudioFile.id == Clip.file_id).where(Clip.state != ClipState.WITHDRAWN)
        if answered:
            query = query.where(Clip.id.in_(select(Decision.clip_id)))
        return query if self._as_of is None else query.where(Clip.created_at <= self._as_of)

    def _answers(self) -> Select[Any]:
        columns: list[Any] = [
            *(Decision.id, Decision.uuid, Decision.clip_id, Decision.annotator_id, Decision.answer, Decision.label_id),
            *(source_column().label("source"), Decision.queued_as, Decision.gold, Decision.suggestion_shown),
            *(Decision.created_at, Decision.answered_at, Decision.run_id, Decision.seconds, Decision.plays, Decision.reason),
            first_id().label("first_id"),
            Annotator.name.label("annotator"),
        ]
        query = standing_query_at(self._as_of).join(Annotator, Annotator.id == Decision.annotator_id)
        query = query.join(Clip, Clip.id == Decision.clip_id).where(Clip.state != ClipState.WITHDRAWN)
        return query.with_only_columns(*columns)

    def _with_answers(self, clips: Sequence[Row[Any]]) -> Iterator[ClipRow]:
        ids = [clip.id for clip in clips]
        answers: dict[int, list[Row[Any]]] = {}
        # By range: a list of a thousand numbers takes longer to put into the query than to find.
        in_page = Decision.clip_id.between(ids[0], ids[-1])
        for row in self._session.execute(self._answers().where(in_page).order_by(Decision.id)):
            if self._counts(row):
                answers.setdefault(row.clip_id, []).append(row)
        before = details_before(self._session, ids, self._as_of)
        predicted = self._predicted(ids)
        for clip in clips:
            number = clip[0]
            yield self._row(clip, answers.get(number, ()), before.get(number), predicted.get(number))

    def _predicted(self, ids: Sequence[int]) -> dict[int, Predicted]:
        """The classifier's predictions, and the newest imported suggestion where it has none."""
        found: dict[int, Predicted] = {}
        query = select(Suggestion).where(Suggestion.clip_id.between(ids[0], ids[-1])).order_by(Suggestion.id)
        if self._as_of is not None:
            query = query.where(Suggestion.created_at <= self._as_of)
        for row in self._session.scalars(query):
            self._take(found, row.clip_id, row.label_id, row.score, row.origin)
        if self._beside.predictions is not None:
            origin = f"earmark run {self._beside.predictions.run}"
            for clip_id, (label_id, score) in self._beside.predictions.of(ids).items():
                self._take(found, clip_id, label_id, round(score, 4), origin)
        return found

    def _take(self, found: dict[int, Predicted], clip_id: int, label_id: int, score: float | None, origin: str) -> None:
        name = self._labels.name(self._labels.effective(label_id))
        if name is not None:
            found[clip_id] = Predicted(label=name, score=score, origin=origin)

    def _counts(self, row: Row[Any]) -> bool:
        """Whether an answer still counts: not if its label was retired. The log and the export of decisions keep it."""
        return row.answer != Answer.LABEL or self._labels.effective(row.label_id) is not None

    def _live(self, row: Row[Any]) -> LiveDecision:
        label_id = self._labels.effective(row.label_id)
        return LiveDecision(
            id=row.id,
            uuid=row.uuid,
            clip_id=row.clip_id,
            annotator_id=row.annotator_id,
            answer=row.answer,
            label_id=label_id,
            source=row.source,
            queued_as=row.queued_as,
            # Then nobody has fixed the clip's label, and the others' answers count.
            gold=row.gold and (row.answer != Answer.LABEL or label_id is not None),
            suggestion_shown=row.suggestion_shown,
            created_at=row.created_at,
            given_as=row.first_id,
        )

    def _row(
        self, clip: Sequence[Any], answers: Sequence[Row[Any]], before: Mapping[str, Any] | None, predicted: Predicted | None
    ) -> ClipRow:
        # By position: a million rows are made here, and a look-up by name takes several times as long.
        number, file_name, start, end, speaker, transcript, split, extra, *of_file = clip
        state, digest, path, rate, channels, duration = of_file
        label, kind, agreement, confidence, given = None, LabelKind.NONE, None, None, _NO_ANSWERS
        if answers:
            label, kind, agreement, given = self._answered(number, answers)
            confidence = self._beside.confidences.get(number) if label is not None else None
        elif predicted is not None:
            label, kind, confidence = predicted.label, LabelKind.PREDICTED, predicted.score
        row = ClipRow(
            clip_id=number,
            file_name=file_name,
            path=path,
            lies_at=path,
            state=state,
            start=start,
            end=end,
            whole=start <= SPAN_TOLERANCE and end >= duration - SPAN_TOLERANCE,
            sampling_rate=rate,
            channels=channels,
            content_hash=digest,
            speaker=speaker,
            transcript=transcript,
            split=split,
            extra=extra or {},
            label=label,
            kind=kind,
            agreement=agreement,
            confidence=confidence,
            answers=given,
            predicted=predicted,
        )
        return row if before is None else replace(row, **{name: before[name] for name in _DETAILS if name in before})

    def _answered(
        self, clip_id: int, answers: Sequence[Row[Any]]
    ) -> tuple[str | None, LabelKind, float | None, tuple[GivenAnswerRow, ...]]:
        """The clip's label, where it comes from, its agreement, and the answers."""
        live = [self._live(row) for row in answers]
        label_id = consensus_labels(live).get(clip_id)
        labels = [answer.label_id for answer in live if answer.label_id is not None]
        label, kind = self._labels.name(label_id), LabelKind.NONE
        if label is not None:
            kind = LabelKind.GOLD if any(answer.gold for answer in live) else LabelKind.CONSENSUS
        agreement = round(labels.count(label_id) / len(labels), 4) if labels and label_id is not None else None
        given = tuple(self._given(row, self._labels.name(one.label_id)) for row, one in zip(answers, live, strict=True))
        return label, kind, agreement, given

    def _given(self, row: Row[Any], label: str | None) -> GivenAnswerRow:
        return GivenAnswerRow(
            id=row.id,
            uuid=row.uuid,
            annotator_id=row.annotator_id,
            annotator=row.annotator,
            answer=row.answer if row.answer != Answer.LABEL or label is not None else Answer.UNSURE,
            label=label,
            gold=row.gold,
            source=row.source.value,
            queued_as=None if row.queued_as is None else row.queued_as.value,
            run=row.run_id,
            seconds=row.seconds,
            plays=row.plays,
            reason=row.reason,
            suggestion_shown=row.suggestion_shown,
            answered_at=row.created_at if row.answered_at is None else row.answered_at,
            blind=is_blind(row),
            guidelines=version_at(self._versions, row.first_id),
        )
