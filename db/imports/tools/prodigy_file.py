"""Import of what Prodigy exports with `db-out`: an answer per line, of its interfaces `choice` and `classification`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.json_lines import json_records
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.text_lines import BadLine, Record, encoding_of, first_character
from db.imports.tools.clips import TaskClips
from db.imports.tools.values import count_in, label_in, moment_in, score_in, seconds_in, text_in, uuid_in
from db.models import Answer

TASKS = "clips.jsonl"
"""The file of an export of Earmark with audio, which is a folder."""
_OURS = ("gold", "uuid", "seconds", "plays", "reason", "suggestion_shown", "answered_at", "agreement", "confidence", "suggestion")
_THEIRS = ("audio", "options", "accept", "answer", "label", "config", "html", "audio_spans")
_UNNAMED = re.compile(r"(.+)-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", re.DOTALL)
"""A session that nobody named is called after the data set and the time."""


def read_prodigy(
    path: Path, *, audio_folder: Path | None = None, remarks: Remarks | None = None
) -> Iterator[HandedOverRow | BadRow]:
    """The lines of an export, read while the caller iterates; several of them may hold the same clip.

    An accepted task with one option, or with a `label`, is that label. An ignored task is a skipped clip, and a rejected one
    without an option is *unsure*: none of the options fits. A rejected label says only what the clip is not, so it is no answer.

    Args:
        path: the file, or the folder that Earmark exported.
        audio_folder: where the audio lies; by default the folder of the file.
        remarks: takes what is noticed about many lines; complete once the last row is read.

    Raises:
        FormatError: the file is missing, unreadable or empty, or does not hold one JSON object per line.
    """
    file = Path(os.path.abspath(path / TASKS if path.is_dir() else path))
    encoding = encoding_of(file)
    if first_character(file, encoding) != "{":
        raise FormatError(f"{file} does not hold one JSON object per line; export it with `prodigy db-out`.")
    remarks = Remarks() if remarks is None else remarks
    clips = TaskClips(file, audio_folder=audio_folder, what="line", remarks=remarks)
    return (_row(record, clips, remarks) for record in json_records(file, encoding))


def _row(record: Record | BadLine, clips: TaskClips, remarks: Remarks) -> HandedOverRow | BadRow:
    if isinstance(record, BadLine):
        return clips.bad(record.line, record.reason.removeprefix(f"Line {record.line} ").removesuffix("."))
    task = record.values
    address = task.get("audio")
    if not isinstance(address, str) or address.startswith("data:"):
        # Prodigy sends the audio itself to the browser, and keeps where it came from in `path`.
        address = task.get("path")
    facts = {key: value for key, value in task.items() if key not in (*_OURS, *_THEIRS) and not key.startswith("_")}
    clip = clips.clip(record.line, address, facts)
    if isinstance(clip, BadRow):
        return clip
    answer = _answer(task, remarks)
    suggestion = _suggestion(task.get("suggestion"))
    return HandedOverRow(
        clip=clip,
        answers=() if answer is None else (answer,),
        suggestions=() if suggestion is None else (suggestion,),
    )


def _answer(task: dict[str, Any], remarks: Remarks) -> HandedAnswer | None:
    given = _given(task, remarks)
    if given is None:
        return None
    answered_at = moment_in(task.get("answered_at"))
    return HandedAnswer(
        answer=given[0],
        label=given[1],
        annotator=_annotator(task),
        gold=task.get("gold") is True,
        given_at=moment_in(task.get("_timestamp")) if answered_at is None else answered_at,
        uuid=uuid_in(task.get("uuid")),
        seconds=seconds_in(task.get("seconds")),
        plays=count_in(task.get("plays")),
        reason=text_in(task.get("reason")),
        suggestion_shown=task.get("suggestion_shown") is True,
    )


def _given(task: dict[str, Any], remarks: Remarks) -> tuple[Answer, str | None] | None:
    answer, accepted = task.get("answer"), task.get("accept")
    if answer is None:
        return None
    if answer == "ignore":
        return Answer.SKIP, None
    labels = accepted if isinstance(accepted, list) else [task.get("label")]
    names = [name for label in labels if (name := label_in(label)) is not None]
    if answer == "accept" and len(names) == 1:
        return Answer.LABEL, names[0]
    if answer == "reject" and not names:
        return Answer.UNSURE, None
    if answer == "reject":
        remarks.add("rejected", lambda count: f"{_lines(count)} a label that was rejected; no answer was taken of them.")
    elif names:
        remarks.add("several", lambda count: f"{_lines(count)} several labels at once; no answer was taken of them.")
    else:
        remarks.add("none", lambda count: f"{_lines(count)} no option that was accepted; no answer was taken of them.")
    return None


def _annotator(task: dict[str, Any]) -> str | None:
    name = text_in(task.get("_annotator_id")) or text_in(task.get("_session_id"))
    unnamed = None if name is None else _UNNAMED.fullmatch(name)
    return name if unnamed is None else unnamed[1]


def _suggestion(value: Any) -> HandedSuggestion | None:
    label = label_in(value.get("label")) if isinstance(value, dict) else None
    if label is None:
        return None
    return HandedSuggestion(label=label, origin=text_in(value.get("origin")) or "prodigy", score=score_in(value.get("score")))


def _lines(count: int) -> str:
    return "1 line has" if count == 1 else f"{count} lines have"
