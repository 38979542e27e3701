"""Export for Label Studio: its tasks as JSON, and the labelling config that they fit.

The form is that of *Import pre-annotated data* and *Label Studio task format* in Label Studio's guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from db.exports.choice import AudioAs, LabelKind, RowsOf
from db.exports.contents import Contents
from db.exports.decision_rows import in_iso
from db.exports.rows import ClipRow, GivenAnswerRow
from db.models import Answer

LABEL, ANSWER, UNSURE, AUDIO = "label", "earmark_answer", "unsure", "audio"
"""Names in the config: the choice of a label; that of another answer, which only has `unsure`; and the audio."""
LOCAL_FILES = "/data/local-files/?d="
"""How Label Studio addresses a file on the disk of its machine; the path behind it is relative to its document root."""
_KEYS = "1234567890"


def write_label_studio(contents: Contents, folder: Path) -> int:
    """Write `tasks.json` and `config.xml`, and begin the data sheet; returns the number of clips, or of answers.

    A task is a clip. Its `annotations` are the clip's label (`ground_truth` if a reviewer fixed it) or, for decisions, every
    answer: a skipped clip is `was_cancelled`, and *unsure* has a choice of its own. `completed_by` is the object with an `email`
    by which Label Studio finds its users; the annotator's name stands for the address. Label Studio drops what it does not know,
    so what only Earmark knows is kept under `earmark`.
    """
    count = 0
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with open(folder / "tasks.json", "w", encoding="utf-8", newline="\n") as file:
        before = "[\n"
        for task in _tasks(contents):
            file.write(before + encode(task))
            before = ",\n"
            count += len(task["annotations"]) if contents.choice.rows == RowsOf.DECISIONS else 1
        file.write("\n]\n" if before == ",\n" else "[]\n")
    (folder / "config.xml").write_text(labelling_config(contents.labels.in_use()), encoding="utf-8")
    (folder / "README.md").write_text(_card(contents), encoding="utf-8")
    return count


def labelling_config(labels: Sequence[str]) -> str:
    """The labelling config for a label set: one choice a clip, the digits as keys, and `u` for unsure."""
    choices = [_choice(name, _KEYS[place : place + 1]) for place, name in enumerate(labels)]
    lines = ["<View>", f'  <Audio name="{AUDIO}" value="$audio"/>']
    for name, inside in ((LABEL, choices), (ANSWER, [_choice(UNSURE, "u")])):
        if inside:
            lines += [f'  <Choices name="{name}" toName="{AUDIO}" choice="single" showInline="true">', *inside, "  </Choices>"]
    return "\n".join([*lines, "</View>", ""])


def _choice(name: str, key: str) -> str:
    # In double quotes whatever it holds: Label Studio looks for names in the text of the config, too.
    value = escape(name, {'"': "&quot;"})
    return f'    <Choice value="{value}"' + (f' hotkey="{key}"/>' if key else "/>")


def _tasks(contents: Contents) -> Iterator[dict[str, Any]]:
    decisions = contents.choice.rows == RowsOf.DECISIONS
    for row in contents.clips():
        if decisions:
            annotations = [_of_answer(answer) for answer in row.answers]
        else:
            annotations = [_of_consensus(row)] if row.kind in (LabelKind.GOLD, LabelKind.CONSENSUS) else []
        yield {
            "id": row.clip_id,
            "data": _data(row, contents),
            "annotations": annotations,
            "predictions": [] if row.predicted is None else [_prediction(row)],
        }


def _data(row: ClipRow, contents: Contents) -> dict[str, Any]:
    place = contents.audio(row)
    found = {
        "audio": LOCAL_FILES + quote(place.removeprefix("/")),
        "file_name": row.file_name,
        "path": row.path,
        "start": row.start,
        "end": row.end,
        "speaker": row.speaker,
        "transcript": row.transcript,
        "split": row.split,
        "extra": row.extra,
    }
    # `start` and `end` are those in the original file.
    return {**found, "cut": True} if contents.is_cut and not row.whole else found


def _of_consensus(row: ClipRow) -> dict[str, Any]:
    newest = in_iso(max(answer.answered_at for answer in row.answers))
    return {
        "id": row.clip_id,
        "result": [_result(f"clip-{row.clip_id}", LABEL, row.label or "")],
        "was_cancelled": False,
        "ground_truth": row.kind == LabelKind.GOLD,
        "created_at": newest,
        "updated_at": newest,
        "earmark": {
            "kind": row.kind.value,
            "agreement": row.agreement,
            "confidence": row.confidence,
            "by_annotator": {answer.annotator: answer.label or answer.answer.value for answer in row.answers},
        },
    }


def _of_answer(answer: GivenAnswerRow) -> dict[str, Any]:
    result = []
    if answer.answer == Answer.LABEL:
        result = [_result(f"decision-{answer.id}", LABEL, answer.label or "")]
    elif answer.answer == Answer.UNSURE:
        result = [_result(f"decision-{answer.id}", ANSWER, UNSURE)]
    time = in_iso(answer.answered_at)
    return {
        "id": answer.id,
        "unique_id": answer.uuid,
        "completed_by": {"id": answer.annotator_id, "email": answer.annotator, "first_name": answer.annotator, "last_name": ""},
        "result": result,
        "was_cancelled": answer.answer == Answer.SKIP,
        "ground_truth": answer.gold,
        "created_at": time,
        "updated_at": time,
        "lead_time": answer.seconds,
        "earmark": {
            "source": answer.source,
            "queued_as": answer.queued_as,
            "run": answer.run,
            "plays": answer.plays,
            "reason": answer.reason,
            "suggestion_shown": answer.suggestion_shown,
            "guidelines": answer.guidelines,
        },
    }


def _prediction(row: ClipRow) -> dict[str, Any]:
    assert row.predicted is not None
    score = {} if row.predicted.score is None else {"score": row.predicted.score}
    result = [_result(f"predicted-{row.clip_id}", LABEL, row.predicted.label)]
    return {"model_version": row.predicted.origin, **score, "result": result}


def _result(id: str, choices: str, value: str) -> dict[str, Any]:
    return {"id": id, "from_name": choices, "to_name": AUDIO, "type": "choices", "value": {"choices": [value]}}


def _card(contents: Contents) -> str:
    root = "`/`, because the audio is not in this folder: its paths are those on the machine that wrote it"
    if contents.audio_as != AudioAs.NONE:
        root = "this folder; the audio lies below it"
    lines = [
        "# For Label Studio",
        "",
        f"1. Start Label Studio with `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true` and with "
        f"`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT` set to {root}.",
        "2. Make a project with the text of `config.xml` as its labelling interface.",
        "3. In its settings add the folder of the audio as *Local files* under *Cloud Storage*: without it, Label Studio serves "
        "no file of it. Do not synchronise it.",
        "4. Import `tasks.json`.",
        "",
    ]
    if contents.choice.rows == RowsOf.DECISIONS:
        lines += [
            "Label Studio takes an answer only if one of its users has the annotator's name as e-mail address. For others start "
            "it with `ALLOW_IMPORT_TASKS_WITH_UNKNOWN_EMAILS=true`; their answers become those of the user who imports.",
            "",
        ]
    if not contents.is_cut:
        lines += [
            "Label Studio plays whole files. Where a clip is a part of its file (`start` and `end`), export with `--audio cut`.",
            "",
        ]
    return "\n".join([*lines, ""])
