"""Earmark's own exports, read back: rows of decisions, of the log, or of the consensus, as `csv` or `jsonl`.

They are manifests with more columns. What these say of answers is taken out of the clip's own details here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow, SourceRow
from db.imports.tools.values import moment_in, score_in
from db.models import Answer

_OF_A_DECISION = frozenset(("answer", "annotator", "source", "created_at", "uuid"))
_OF_A_CONSENSUS = frozenset(("kind", "answers", "by_annotator"))


def with_answers(rows: Iterable[SourceRow | BadRow]) -> Iterator[SourceRow | BadRow | HandedOverRow]:
    """The same rows, where those of Earmark's exports hand over the answers that they hold."""
    for row in rows:
        if isinstance(row, SourceRow) and row.extra.keys() >= _OF_A_DECISION:
            yield _decision(row)
        elif isinstance(row, SourceRow) and row.extra.keys() >= _OF_A_CONSENSUS:
            yield _consensus(row)
        else:
            yield row


def _decision(row: SourceRow) -> HandedOverRow | BadRow:
    found = row.extra
    try:
        answer = Answer(str(found["answer"]))
    except ValueError:
        return _bad(row, f"{str(found['answer'])[:40]!r} as answer; write label, unsure, skip or undo")
    if answer == Answer.LABEL and row.label is None:
        return _bad(row, "the answer `label` and no label; give one")
    handed = HandedAnswer(
        answer=answer,
        label=row.label if answer == Answer.LABEL else None,
        annotator=_text(found["annotator"]),
        gold=_truth(found.get("gold")),
        given_at=moment_in(found["created_at"]),
        uuid=_text(found["uuid"]),
        seconds=_number(found.get("seconds")),
        plays=_count(found.get("plays")),
        reason=_text(found.get("reason")),
        suggestion_shown=_truth(found.get("suggestion_shown")),
        replaces=_text(found.get("replaces")),
        source=_text(found["source"]),
    )
    return HandedOverRow(clip=_clip(row), answers=(handed,))


def _consensus(row: SourceRow) -> HandedOverRow | BadRow:
    given = row.extra["by_annotator"]
    try:
        by_annotator = json.loads(given) if isinstance(given, str) else given
        if not isinstance(by_annotator, dict):
            raise TypeError
        given_at = moment_in(row.extra.get("answered_at"))
        answers = tuple(_one_of_many(name, value, given_at) for name, value in by_annotator.items())
    except (ValueError, TypeError, KeyError, RecursionError):
        return _bad(row, f"{str(given)[:40]!r} as by_annotator; leave it as it was exported")
    label, origin = _text(row.extra.get("predicted")), _text(row.extra.get("predicted_by"))
    score = score_in(_number(row.extra.get("predicted_score")))
    suggestions = () if label is None else (HandedSuggestion(label=label, origin=origin or "an export", score=score),)
    clip = _clip(row)
    return HandedOverRow(clip=clip, answers=answers, suggestions=suggestions)


def _one_of_many(name: str, value: Any, given_at: float | None) -> HandedAnswer:
    """An annotator's part of `by_annotator`: a label, or an object where there is more to it."""
    if isinstance(value, str):
        return HandedAnswer(answer=Answer.LABEL, label=value, annotator=name, given_at=given_at)
    if "label" in value:
        label, gold = value["label"], value.get("gold") is True
        if not isinstance(label, str):
            raise TypeError
        return HandedAnswer(answer=Answer.LABEL, label=label, annotator=name, gold=gold, given_at=given_at)
    answer = Answer(value["answer"])
    if answer not in (Answer.UNSURE, Answer.SKIP):
        raise ValueError
    return HandedAnswer(answer=answer, annotator=name, gold=value.get("gold") is True, given_at=given_at)


def _clip(row: SourceRow) -> SourceRow:
    return replace(row, label=None, extra=row.packed or {}, packed=None)


def _bad(row: SourceRow, problem: str) -> BadRow:
    return BadRow(number=row.number, file_name=row.file_name, path=row.path, reason=f"Line {row.number} has {problem}.")


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _truth(value: Any) -> bool:
    return value is True or value == "true"


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return None if number is None or not number.is_integer() or not 0 <= number < 1e7 else int(number)
