"""Export for Prodigy: one task of its interface `choice` per line, as `prodigy db-out` writes them and `db-in` reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from db.exports.choice import LabelKind, RowsOf
from db.exports.contents import Contents
from db.exports.decision_rows import in_iso
from db.exports.rows import ClipRow, GivenAnswerRow
from db.models import Answer

ANSWERS = {Answer.LABEL: "accept", Answer.UNSURE: "reject", Answer.SKIP: "ignore"}
"""What Prodigy calls an answer; unsure rejects all options."""


def write_prodigy(contents: Contents, path: Path) -> int:
    """Write one line for each clip, or for each answer; returns their number.

    A label is an accepted option, *unsure* a rejected task without one, a skipped clip an ignored task. A clip without a label
    has no `answer`: it is a task that waits for one. `suggestion` holds what is predicted. `_input_hash` stands for the clip and
    `_task_hash` for the clip with its options; they are not those that Prodigy itself would make.
    """
    count = 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for task in _tasks(contents):
            file.write(encode(task) + "\n")
            count += 1
    return count


def _tasks(contents: Contents) -> Iterator[dict[str, Any]]:
    labels = contents.labels.in_use()
    options = [{"id": name, "text": name} for name in labels]
    decisions = contents.choice.rows == RowsOf.DECISIONS
    for row in contents.clips():
        task = _task(row, contents, options, labels)
        if decisions:
            # A clip without an answer is a task that waits for one.
            yield from ({**task, **_of_answer(answer)} for answer in row.answers)
            if not row.answers:
                yield task
        else:
            yield {**task, **_of_consensus(row)} if row.kind in (LabelKind.GOLD, LabelKind.CONSENSUS) else task


def _task(row: ClipRow, contents: Contents, options: list[dict[str, str]], labels: list[str]) -> dict[str, Any]:
    clip = f"{row.content_hash} {row.start} {row.end}"
    found = {
        "audio": contents.audio(row),
        "path": row.path,
        "file_name": row.file_name,
        "start": row.start,
        "end": row.end,
        "speaker": row.speaker,
        "transcript": row.transcript,
        "split": row.split,
        "extra": row.extra,
        "options": options,
        "_input_hash": _hash(clip),
        "_task_hash": _hash("\0".join([clip, *labels])),
        "_view_id": "choice",
    }
    if contents.is_cut and not row.whole:
        # `start` and `end` are those in the original file.
        found["cut"] = True
    if row.predicted is not None:
        found["suggestion"] = {"label": row.predicted.label, "score": row.predicted.score, "origin": row.predicted.origin}
    return found


def _of_consensus(row: ClipRow) -> dict[str, Any]:
    newest = max(answer.answered_at for answer in row.answers)
    return {
        "accept": [row.label],
        "answer": "accept",
        "gold": row.kind == LabelKind.GOLD,
        "agreement": row.agreement,
        "confidence": row.confidence,
        "_timestamp": int(newest),
        "answered_at": in_iso(newest),
    }


def _of_answer(answer: GivenAnswerRow) -> dict[str, Any]:
    return {
        "accept": [] if answer.label is None else [answer.label],
        "answer": ANSWERS[answer.answer],
        "gold": answer.gold,
        "uuid": answer.uuid,
        "seconds": answer.seconds,
        "plays": answer.plays,
        "reason": answer.reason,
        "suggestion_shown": answer.suggestion_shown,
        "_annotator_id": answer.annotator,
        "_session_id": answer.annotator,
        "_timestamp": int(answer.answered_at),
        "answered_at": in_iso(answer.answered_at),
    }


def _hash(text: str) -> int:
    """A signed number of 32 bits, as Prodigy has them, that is the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big", signed=True)
