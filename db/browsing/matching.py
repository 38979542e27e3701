"""Which clips match a choice, in its order. What takes long at a hundred thousand clips is kept until something has changed."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.browsing.answered import Answered, AnsweredClips
from db.browsing.choice import COLUMN, ClipChoice, Mark, Order
from db.browsing.columns import (
    BY_DATABASE,
    clips_noted,
    clips_version,
    column_values,
    folded,
    in_order,
    manifest_columns,
    notes_version,
    searched_texts,
)
from db.decisions.asked_again import clips_asked_again, newest_wish_id
from db.decisions.review import open_flags
from db.models import Clip, ClipState, Comment
from db.records.label_history import effective_label, labels_as_of
from db.records.runs import latest_evaluated_run, latest_suspects

_MOST_KEPT = 12
"""Results of long questions that are kept, each a list of up to all clips."""
Found = TypeVar("Found")
Labelled = tuple[int, float]
"""A label's id, and its probability."""


class Predictions(Protocol):
    """What the classifier predicts for clips that have no answer; read from a file that the learner wrote."""

    @property
    def run(self) -> int:
        """The run whose head predicts."""

    def of(self, clip_ids: Sequence[int]) -> Mapping[int, Labelled]:
        """Label id and its probability by clip id, for the clips that have a prediction."""


@dataclass(frozen=True)
class Known:
    """What is known of clips beside their own columns, at one moment."""

    answered: Mapping[int, Answered]
    flagged: frozenset[int]
    """Clips with a flag that nobody has dealt with."""
    commented: frozenset[int]
    asked_again: frozenset[int]
    doubted: Mapping[int, int]
    """The label that the learner doubted when it last looked, by clip."""
    predictions: Predictions | None
    tested: Mapping[int, Labelled]
    """Labels predicted for clips of the random slice by a classifier that never saw their speakers."""
    counts_as: Mapping[int, int | None]
    """What each label counts as."""

    def predicted(self, clip_ids: Sequence[int]) -> dict[int, Labelled]:
        """The label that the classifier expects and its probability, by clip."""
        found = dict(self.predictions.of(clip_ids)) if self.predictions is not None else {}
        found.update((clip, self.tested[clip]) for clip in clip_ids if clip in self.tested)
        present = ((clip, self.counts_as.get(label), chance) for clip, (label, chance) in found.items())
        return {clip: (label, chance) for clip, label, chance in present if label is not None}


@dataclass(frozen=True)
class Matching:
    """What was found: every clip that matches, and what is known of clips."""

    clips: Sequence[int]
    known: Known


class ClipFinder:
    """Finds clips of one project. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = AnsweredClips()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def find(self, session: Session, choice: ClipChoice, *, predictions: Predictions | None = None) -> Matching:
        """The clips that match, in the order that is chosen."""
        with self._lock:
            known, version = self._known(session, predictions)
            clips = clips_version(session)
            chosen = self._keep(("all", choice, clips, version), lambda: self._chosen(session, choice, known, clips, version))
        return Matching(chosen, known)

    def columns(self, session: Session) -> list[str]:
        """The names of the manifest's columns."""
        with self._lock:
            version = clips_version(session)
            return self._keep(("columns", version), lambda: manifest_columns(session))

    def speakers(self, session: Session) -> list[str]:
        """The speakers of clips in service, sorted."""
        with self._lock:
            version = clips_version(session)
            speakers = select(Clip.speaker).where(Clip.state == ClipState.READY, Clip.speaker.is_not(None)).distinct()
            return self._keep(("speakers", version), lambda: sorted(filter(None, session.scalars(speakers))))

    def _known(self, session: Session, predictions: Predictions | None) -> tuple[Known, Hashable]:
        answered, answers = self._answered.now(session)
        notes, wishes, run = notes_version(session), newest_wish_id(session), latest_evaluated_run(session)
        version = (answers, notes, wishes, run and (run.id, run.report.suspects is None), predictions and predictions.run)

        def read() -> Known:
            return Known(
                answered=answered,
                flagged=frozenset(open_flags(session)),
                commented=frozenset(session.scalars(select(Comment.clip_id).group_by(Comment.clip_id).having(_unsettled()))),
                asked_again=frozenset(clips_asked_again(session)) if wishes else frozenset(),
                doubted={suspect.clip: suspect.label for suspect in latest_suspects(session)},
                predictions=predictions,
                tested={} if run is None else {each.clip: (each.predicted, each.confidence) for each in run.report.tested},
                counts_as=effective_label(labels_as_of(session)),
            )

        return self._keep(("known", version), read), version

    def _chosen(self, session: Session, choice: ClipChoice, known: Known, clips: Hashable, version: Hashable) -> Sequence[int]:
        plain = replace(choice, search="", label=None, predicted=None, marks=frozenset(), annotator=None, source=None)
        plain = replace(plain, column=None, value="")
        if choice.order not in BY_DATABASE:
            plain = replace(plain, order=Order.IMPORTED, descending=False)
        found: Sequence[int] = self._keep(("order", plain, clips), lambda: in_order(session, plain))
        search = folded(choice.search.strip())
        if search:
            texts = self._keep(("texts", choice.state, clips), lambda: searched_texts(session, state=choice.state))
            noted = self._keep(("noted", search, notes_version(session)), lambda: clips_noted(session, search))
            found = [clip for clip in found if search in texts[clip] or clip in noted]
        if choice.column is not None:
            values, wanted = self._column(session, choice.column, choice, clips), folded(choice.value.strip())
            found = [clip for clip in found if folded(values.get(clip, "")) == wanted]
        found = _answering(found, choice, known)
        return self._sorted(session, found, choice, known, clips)

    def _sorted(self, session: Session, found: Sequence[int], choice: ClipChoice, known: Known, clips: Hashable) -> Sequence[int]:
        values: Mapping[int, Any] | None = None
        if choice.order.startswith(COLUMN):
            values = _comparable(self._column(session, choice.order.removeprefix(COLUMN), choice, clips))
        elif choice.order in _BY_ANSWER:
            value_of = _BY_ANSWER[Order(choice.order)]
            pairs = ((clip, value_of(known.answered[clip])) for clip in found if clip in known.answered)
            values = {clip: value for clip, value in pairs if value is not None}
        elif choice.order in (Order.PREDICTED, Order.CONFIDENCE):
            place = 0 if choice.order == Order.PREDICTED else 1
            values = {clip: labelled[place] for clip, labelled in known.predicted(found).items()}
        if choice.order in (Order.LABEL, Order.PREDICTED) and values is not None:
            places = {label: place for place, label in enumerate(known.counts_as)}
            values = {clip: places.get(label, len(places)) for clip, label in values.items()}
        if values is None:
            return found
        having = sorted((clip for clip in found if clip in values), key=values.__getitem__, reverse=choice.descending)
        return having + [clip for clip in found if clip not in values]

    def _column(self, session: Session, column: str, choice: ClipChoice, clips: Hashable) -> Mapping[int, str]:
        return self._keep(("column", column, choice.state, clips), lambda: column_values(session, column, state=choice.state))

    def _keep(self, key: Hashable, read: Callable[[], Found]) -> Found:
        if key not in self._kept:
            self._kept[key] = read()
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found: Found = self._kept[key]
        return found


_BY_ANSWER: Mapping[Order, Callable[[Answered], Any]] = {
    Order.LABEL: lambda answered: answered.label,
    Order.ANSWERS: lambda answered: len(answered.people),
    Order.AGREEMENT: lambda answered: answered.agreement,
    Order.ANSWERED: lambda answered: answered.answered_at,
}


def _answering(found: Sequence[int], choice: ClipChoice, known: Known) -> Sequence[int]:
    """Those of the clips whose answers, marks and predictions are as chosen."""
    answered = known.answered
    if choice.label is not None:
        found = [clip for clip in found if clip in answered and answered[clip].label == choice.label]
    if choice.annotator is not None:
        found = [clip for clip in found if clip in answered and choice.annotator in answered[clip].people]
    if choice.source is not None:
        found = [clip for clip in found if clip in answered and choice.source in answered[clip].sources]
    for mark in choice.marks - {Mark.DOUBTED}:
        holds = _MARKS[mark]
        found = [clip for clip in found if holds(clip, answered.get(clip), known)]
    if choice.predicted is not None or Mark.DOUBTED in choice.marks:
        predicted = known.predicted(found)
        if choice.predicted is not None:
            found = [clip for clip in found if clip in predicted and predicted[clip][0] == choice.predicted]
        if Mark.DOUBTED in choice.marks:
            found = [clip for clip in found if _is_doubted(clip, known, predicted)]
    return found


_MARKS: Mapping[Mark, Callable[[int, Answered | None, Known], bool]] = {
    Mark.UNANSWERED: lambda clip, answered, known: answered is None,
    Mark.NO_LABEL: lambda clip, answered, known: answered is None or answered.label is None,
    Mark.LABELLED: lambda clip, answered, known: answered is not None and answered.label is not None,
    Mark.DIFFER: lambda clip, answered, known: answered is not None and answered.differ,
    Mark.GOLD: lambda clip, answered, known: answered is not None and answered.gold,
    Mark.UNSURE: lambda clip, answered, known: answered is not None and answered.unsure,
    Mark.SKIPPED: lambda clip, answered, known: answered is not None and answered.skipped,
    Mark.FLAGGED: lambda clip, answered, known: clip in known.flagged,
    Mark.COMMENTED: lambda clip, answered, known: clip in known.commented,
    Mark.ASKED_AGAIN: lambda clip, answered, known: clip in known.asked_again,
}


def marks_of(clip: int, known: Known, predicted: Mapping[int, Labelled]) -> list[Mark]:
    """What is worth showing of a clip, in the order of `Mark`."""
    noted = (Mark.DIFFER, Mark.GOLD, Mark.UNSURE, Mark.SKIPPED, Mark.FLAGGED, Mark.COMMENTED, Mark.ASKED_AGAIN)
    marks = [mark for mark in noted if _MARKS[mark](clip, known.answered.get(clip), known)]
    return [*marks, Mark.DOUBTED] if _is_doubted(clip, known, predicted) else marks


def _is_doubted(clip: int, known: Known, predicted: Mapping[int, Labelled]) -> bool:
    """Whether the classifier contradicts the clip's label, and nobody has fixed it since."""
    answered = known.answered.get(clip)
    if answered is None or answered.label is None or answered.gold:
        return False
    suspected = known.counts_as.get(known.doubted.get(clip, -1)) == answered.label
    return suspected or (clip in predicted and predicted[clip][0] != answered.label)


def _comparable(values: Mapping[int, str]) -> Mapping[int, Any]:
    """Numbers as numbers where all are numbers; other texts without differences of case."""
    with suppress(ValueError):
        numbers = {clip: float(value) for clip, value in values.items()}
        if all(map(math.isfinite, numbers.values())):
            return numbers
    return {clip: folded(value) for clip, value in values.items()}


def _unsettled() -> Any:
    """SQL condition on the comments of one clip: the newest one is not settled."""
    return func.max(Comment.id) > func.coalesce(func.max(Comment.id).filter(Comment.settled), 0)
