"""A clip's current label, derived from all answers that stand for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from db.decisions.conditions import is_gold_check
from db.decisions.log import LiveDecision
from db.models import Answer


def consensus_labels(live: Iterable[LiveDecision]) -> dict[int, int]:
    """Label id by clip id. A gold answer wins; without one the majority of labels, and in a tie the newest of these.

    A clip whose gold answer is not a label (a reviewer skipped the clip) has no consensus. Answers to gold checks have no part.
    """
    by_clip: dict[int, list[LiveDecision]] = {}
    for decision in live:
        by_clip.setdefault(decision.clip_id, []).append(decision)
    found = {clip: _label(sorted(answers, key=lambda decision: decision.order)) for clip, answers in by_clip.items()}
    return {clip: label for clip, label in found.items() if label is not None}


def _label(answers: list[LiveDecision]) -> int | None:
    gold = [decision for decision in answers if decision.gold]
    if gold:
        return gold[-1].label_id
    given = [decision for decision in answers if decision.answer == Answer.LABEL and not is_gold_check(decision)]
    labels = [decision.label_id for decision in given if decision.label_id is not None]
    votes = Counter(labels)
    most = max(votes.values(), default=0)
    return next((label for label in reversed(labels) if votes[label] == most), None)
