"""A clip's current label, derived from all answers that stand for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from db.decisions.conditions import is_gold_check
from db.models import Answer, Source


class Counted(Protocol):
    """The part of a standing answer that a clip's label follows from."""

    @property
    def order(self) -> int:
        """Its place among the answers of the clip."""

    @property
    def clip_id(self) -> int:
        """Of which clip."""

    @property
    def answer(self) -> Answer:
        """What kind of answer it is."""

    @property
    def label_id(self) -> int | None:
        """What its label counts as."""

    @property
    def gold(self) -> bool:
        """Whether a reviewer fixed it."""

    @property
    def source(self) -> Source:
        """Why the clip was answered."""

    @property
    def queued_as(self) -> Source | None:
        """What the clip was served for before, where that is not the source."""


def consensus_labels(live: Iterable[Counted]) -> dict[int, int]:
    """Label id by clip id. A gold answer wins; without one the majority of labels, and in a tie the newest of these.

    A clip whose gold answer is not a label (a reviewer skipped the clip) has no consensus. Answers to gold checks have no part.
    """
    by_clip: dict[int, list[Counted]] = {}
    for decision in live:
        by_clip.setdefault(decision.clip_id, []).append(decision)
    found = {clip: consensus_of(sorted(answers, key=lambda decision: decision.order)) for clip, answers in by_clip.items()}
    return {clip: label for clip, label in found.items() if label is not None}


def consensus_of(answers: Sequence[Counted]) -> int | None:
    """The label of one clip by all its answers, given in their order; see `consensus_labels`."""
    gold = [decision for decision in answers if decision.gold]
    if gold:
        return gold[-1].label_id
    given = [decision for decision in answers if decision.answer == Answer.LABEL and not is_gold_check(decision)]
    labels = [decision.label_id for decision in given if decision.label_id is not None]
    votes = Counter(labels)
    most = max(votes.values(), default=0)
    return next((label for label in reversed(labels) if votes[label] == most), None)
