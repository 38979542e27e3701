"""Answers as a script gives them (a mapping, rows, a data frame), and taking answers back."""

from __future__ import annotations

import math
import operator
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy.orm import Session

from db.decisions.log import own_answer
from db.decisions.review import take_back_run
from db.decisions.taking import undo_decision
from db.errors import ClipError, DecisionError, FormatError
from db.imports.annotation_file import AnnotationRow, annotations_of
from db.models import Clip
from db.records.clips import find_clip
from db.records.people.annotators import annotator_called, checked_name

if TYPE_CHECKING:
    import pandas as pd

PLACE = Path("answers")
"""What messages about an answer name, with its number from 1 as the line."""

Answers: TypeAlias = "Mapping[int, str] | Mapping[str, str] | Iterable[Mapping[str, Any]] | pd.DataFrame"


def answer_rows(answers: Answers) -> Iterator[AnnotationRow]:
    """The answers as the rows of a file of answers.

    Raises:
        FormatError: they are neither a mapping nor rows, or a row cannot be used.
    """
    return annotations_of((_plain_row(row) for row in _rows(answers)), place=PLACE)


def _rows(answers: Any) -> Iterable[Any]:
    if isinstance(answers, Mapping):
        return [{_column_of(clip): clip, "label": label} for clip, label in answers.items()]
    if hasattr(answers, "to_dict") and hasattr(answers, "columns"):
        rows: list[Any] = answers.to_dict("records")
        return rows
    if isinstance(answers, str | bytes | os.PathLike) or not isinstance(answers, Iterable):
        raise FormatError(
            f"Answers cannot be a {type(answers).__name__}; give a mapping of clips to labels, rows with clip (or file_name) and "
            "label, or a data frame. A file is for annotate_from."
        )
    return answers


def _column_of(clip: object) -> str:
    return "file_name" if isinstance(clip, str | os.PathLike) else "clip"


def _plain_row(row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise FormatError(f"{str(row)[:40]!r} is no answer; give a mapping with clip (or file_name) and label.")
    return {str(name): _plain_value(value) for name, value in row.items()}


def _plain_value(value: Any) -> Any:
    """As a file would have it: numpy's numbers are numbers, a path is a text, and what pandas calls missing is nothing."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def take_back(session: Session, *, annotator: str, clip: int | str | None, count: int) -> int:
    """Take back an annotator's answer for a clip, or without one the newest `count` answers (needs a write session).

    Returns:
        How many answers were taken back.

    Raises:
        DecisionError: there is no such annotator, or no answer of theirs for the clip.
        ClipError: the clip is unknown or ambiguous.
    """
    name = checked_name(annotator)
    found_annotator = annotator_called(session, name)
    if found_annotator is None:
        raise DecisionError(f"There is no annotator {name!r}; `decisions()` names those who answered.")
    who = found_annotator.id
    if clip is None:
        return take_back_run(session, annotator_id=who, count=count)
    found = the_clip(session, clip)
    own = own_answer(session, clip_id=found.id, annotator_id=who)
    if own is None:
        raise DecisionError(f"{name!r} has no answer for {found.file_name!r} that stands; `decisions()` lists those that do.")
    undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=who, decision_uuid=own.uuid)
    return 1


def the_clip(session: Session, clip: int | str) -> Clip:
    """The clip of this number or file name.

    Raises:
        ClipError: no clip fits, or several do.
    """
    if isinstance(clip, str):
        return find_clip(session, file_name=clip)
    try:
        # What a data frame holds are numbers of numpy, which databases do not take.
        return find_clip(session, clip_id=operator.index(clip))
    except TypeError as error:
        raise ClipError(f"{clip!r} is no clip; give its number or its file name.") from error
