"""Import of what Hugging Face's `datasets` calls an audiofolder: audio with a `metadata.jsonl` beside it, or sorted by labels."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from db.errors import FormatError
from db.imports.folder import read_folder
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow, RowReader, SourceRow, is_too_long
from db.imports.remarks import Remarks
from db.imports.tables import Columns, read_table
from db.imports.text_lines import BadLine, Record
from db.imports.times import TimesIn
from db.imports.tools.values import count_in, label_in, moment_in, score_in, seconds_in, text_in, uuid_in
from db.models import Answer

METADATA = ("metadata.jsonl", "metadata.csv")
_COLUMNS = Columns(known=frozenset(("file_name", "label", "split", "speaker", "transcript")), required=[("file_name",)])
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "dev", "val"), "validation"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}
_SPLIT_FOLDER = re.compile(rf"(?:.*[-._ 0-9])?({'|'.join(_SPLITS)})(?:[-._ 0-9].*)?", re.DOTALL)
_KINDS = ("gold", "consensus", "predicted", "none")


def read_audiofolder(
    folder: Path, *, label_column: str = "label", remarks: Remarks | None = None
) -> Iterator[HandedOverRow | BadRow]:
    """The clips of an audiofolder, read while the caller iterates.

    With metadata files, these list the clips. Without one, as in `datasets`, the folder that a file lies in is its label if all
    files lie equally deep, in more than one folder. A folder above it that is called train, validation, test or the like is the
    split; names of files say nothing about splits. Folders whose names begin with a dot or two underscores are skipped.

    Args:
        folder: the whole data set, or one split of it.
        label_column: the column of the metadata that holds labels.
        remarks: takes what is noticed; complete once the last row is read.

    Raises:
        FormatError: the folder or a metadata file cannot be read, or no column names the files.
    """
    root = Path(os.path.abspath(folder))
    remarks = Remarks() if remarks is None else remarks
    files = _metadata_files(root, remarks)
    if files:
        return (row for file in files for row in _of_metadata(root, file, label_column, remarks))
    return _of_folders(root)


def _metadata_files(root: Path, remarks: Remarks) -> list[Path]:
    if not root.is_dir():
        raise FormatError(f"{root} is no folder; name the folder that holds the data set.")
    found = []
    for here, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        names = [name for name in METADATA if name in files]
        found += [Path(here, name) for name in names[:1]]
        if len(names) > 1:
            remarks.add("two", lambda count: f"Beside {count} metadata.jsonl lies a metadata.csv, which is not read.")
        if not names and "metadata.parquet" in files:
            raise FormatError(f"{Path(here, 'metadata.parquet')} cannot be read; save it as metadata.jsonl.")
    return found


def _of_metadata(root: Path, file: Path, label_column: str, remarks: Remarks) -> Iterator[HandedOverRow | BadRow]:
    reader = RowReader(file, TimesIn.SECONDS, remarks)
    below = file.parent.relative_to(root).as_posix()
    for record in read_table(file, _COLUMNS, remarks=remarks):
        if isinstance(record, BadLine):
            bad = reader.row(record)
            assert isinstance(bad, BadRow)
            yield bad
            continue
        values = dict(record.values)
        if label_column != "label":
            values["label"] = values.pop(label_column, None)
        answers, suggestion = _answers(values.get("answers")), _suggestion(values.get("prediction"))
        kind = values.get("kind") if text_in(values.get("source")) and values.get("kind") in _KINDS else None
        dropped = {"answers"} if answers is not None else set()
        dropped |= {"prediction"} if suggestion is not None else set()
        dropped |= {"kind", "agreement", "confidence"} if kind is not None else set()
        row = reader.row(Record(record.line, {k: v for k, v in values.items() if k not in dropped}, record.decimal_comma))
        if isinstance(row, BadRow):
            yield row
            continue
        if answers is None and row.label is not None and kind not in ("predicted", "none"):
            answers = (HandedAnswer(answer=Answer.LABEL, label=row.label, gold=kind == "gold"),)
        split = row.split if "split" in values else _split(Path(below).parts)
        yield HandedOverRow(
            clip=_named(replace(row, label=None, split=split), below, is_ours=kind is not None),
            answers=answers or (),
            suggestions=() if suggestion is None else (suggestion,),
        )


def _named(clip: SourceRow, below: str, *, is_ours: bool) -> SourceRow:
    """The clip with the name that it had before Earmark exported it; of a part of a file, which it is no more, a new one."""
    source = clip.extra.get("source")
    if is_ours and isinstance(source, str) and "source_start" not in clip.extra and not is_too_long(source):
        return replace(clip, file_name=source, extra={key: value for key, value in clip.extra.items() if key != "source"})
    return clip if below == "." else replace(clip, file_name=f"{below}/{clip.file_name}")


def _answers(value: Any) -> tuple[HandedAnswer, ...] | None:
    """The answers that Earmark wrote as JSON into a text; None for anything else."""
    try:
        listed = json.loads(value) if isinstance(value, str) and value.startswith("[{") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    found = [_answer(each) for each in listed if isinstance(each, dict)]
    return tuple(each for each in found if each is not None) if len(found) == len(listed) and None not in found else None


def _answer(given: dict[str, Any]) -> HandedAnswer | None:
    answer, label = given.get("answer"), label_in(given.get("label"))
    if answer not in (Answer.LABEL, Answer.UNSURE, Answer.SKIP) or (answer == Answer.LABEL) != (label is not None):
        return None
    return HandedAnswer(
        answer=Answer(answer),
        label=label,
        annotator=text_in(given.get("annotator")),
        gold=given.get("gold") is True,
        given_at=moment_in(given.get("answered_at")),
        uuid=uuid_in(given.get("uuid")),
        seconds=seconds_in(given.get("seconds")),
        plays=count_in(given.get("plays")),
        reason=text_in(given.get("reason")),
        suggestion_shown=given.get("suggestion_shown") is True,
    )


def _suggestion(value: Any) -> HandedSuggestion | None:
    try:
        given = json.loads(value) if isinstance(value, str) and value.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    label, origin = label_in(given.get("label")), text_in(given.get("origin"))
    if label is None or origin is None:
        return None
    return HandedSuggestion(label=label, origin=origin, score=score_in(given.get("score")))


def _of_folders(root: Path) -> Iterator[HandedOverRow | BadRow]:
    labels, depths = set(), set()
    for row in read_folder(root):
        if isinstance(row, SourceRow):
            parts = row.file_name.split("/")
            labels.add(_label(parts))
            depths.add(len(parts))
    has_labels = len(labels - {None}) > 1 and None not in labels and len(depths) == 1
    for row in read_folder(root):
        if isinstance(row, BadRow):
            yield row
            continue
        parts = row.file_name.split("/")
        label = _label(parts) if has_labels else None
        answers = () if label is None else (HandedAnswer(answer=Answer.LABEL, label=label),)
        yield HandedOverRow(clip=replace(row, split=_split(parts[:-1])), answers=answers)


def _label(parts: list[str]) -> str | None:
    """The folder that a file lies in, unless it is that of the split."""
    if len(parts) < 2 or (_split(parts[:-2]) is None and _split(parts[-2:-1]) is not None):
        return None
    return parts[-2].strip() or None


def _split(folders: tuple[str, ...] | list[str]) -> str | None:
    """The split that the first of the folders with such a name stands for."""
    for folder in folders:
        if found := _SPLIT_FOLDER.fullmatch(folder):
            return _SPLITS[found[1]]
    return None
