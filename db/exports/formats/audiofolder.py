"""Export as a folder that Hugging Face's `datasets` loads: for each split its audio, beside it a `metadata.jsonl`, and a card."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from db.errors import FormatError
from db.exports.contents import Contents
from db.exports.decision_rows import in_iso
from db.exports.rows import ClipRow, GivenAnswerRow
from db.exports.splits import usual_split

METADATA = "metadata.jsonl"
FOLDERS = {"train": "train", "dev": "validation", "test": "test"}
"""The folder of each split; `datasets` knows splits by these names."""
_TEXTS = ("label", "source", "speaker", "transcript", "split", "kind", "answers", "prediction", "extra")
"""Columns of texts; an empty text stands for what is not known."""
_TIMES = ("start", "end", "source_start", "source_end")
_NUMBERS = (*_TIMES, "agreement", "confidence")
_DATE = re.compile(r"\s*\d{4}-\d\d")


def write_audiofolder(contents: Contents, folder: Path) -> int:
    """Write the folders train, validation and test, as far as there are clips of them; returns the number of clips.

    A clip of no split, or of one with another name, is in train. Where that changes a name, the column `split` holds all names.

    `datasets` finds the type of each column out by itself, for each split on its own, and loads nothing if two of them differ. So
    a column is there for all clips or for none; missing texts are empty; what has more than one value is a text that holds JSON.

    Raises:
        FormatError: it is wanted without audio, or `datasets` would take the labels of a split for times.
    """
    if not contents.holds_audio:
        raise FormatError("audiofolder holds its audio; export with audio cut or copied.")
    survey = _Survey()
    for row in contents.clips():
        survey.add(row, _values(row, contents))
    columns, count = survey.columns(), 0
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for row in contents.clips():
            split = _split(row)
            # All in one folder: `datasets` takes folders called `test` or `val_2` for splits wherever they are.
            name = contents.audio(row, below=split, flat=True)
            if split not in files:
                files[split] = stack.enter_context(open(folder / split / METADATA, "w", encoding="utf-8", newline="\n"))
            values = _values(row, contents)
            line = {"file_name": name, **{column: values[column] for column in columns}}
            files[split].write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    (folder / "README.md").write_text(_card([split for split in FOLDERS.values() if split in files], columns), encoding="utf-8")
    return count


def _split(row: ClipRow) -> str:
    return FOLDERS[usual_split(row.split) or "train"]


class _Survey:
    """Which columns can be written."""

    def __init__(self) -> None:
        self._given: dict[str, int] = dict.fromkeys((*_TEXTS, *_NUMBERS), 0)
        self._texts: set[tuple[str, str]] = set()
        self._splits: set[str] = set()
        self._clips = 0
        self._has_parts = self._renames_splits = False

    def add(self, row: ClipRow, values: Mapping[str, Any]) -> None:
        """Take a clip into account."""
        split = _split(row)
        self._clips += 1
        self._splits.add(split)
        self._has_parts |= not row.whole
        self._renames_splits |= row.split != split
        for name, value in values.items():
            if isinstance(value, str):
                self._given[name] += value != ""
                if not _DATE.match(value):
                    self._texts.add((split, name))
            else:
                self._given[name] += value is not None

    def columns(self) -> list[str]:
        """Their names.

        Raises:
            FormatError: the label is not one of them.
        """
        dates = {name for name in _TEXTS for split in self._splits if (split, name) not in self._texts}
        if "label" in dates:
            raise FormatError(
                "All labels of a split read like dates, and datasets would load them as times; rename labels, or export as csv."
            )
        texts = [name for name in _TEXTS if name == "label" or (self._given[name] and name not in dates)]
        if not self._renames_splits and "split" in texts:
            texts.remove("split")
        numbers = [name for name in _NUMBERS if self._clips and self._given[name] == self._clips]
        return texts + [name for name in numbers if self._has_parts or name not in _TIMES]


def _values(row: ClipRow, contents: Contents) -> dict[str, Any]:
    """All that may be written of a clip: texts, or numbers and None."""
    return {
        "label": row.label or "",
        # A name that ends with file_name would be taken for more audio.
        "source": row.file_name,
        "speaker": row.speaker or "",
        "transcript": row.transcript or "",
        "split": row.split or "",
        "kind": row.kind.value,
        "answers": json.dumps([_answer(answer) for answer in row.answers], ensure_ascii=False) if row.answers else "",
        "prediction": "" if row.predicted is None else json.dumps(_prediction(row), ensure_ascii=False),
        "extra": json.dumps(row.extra, ensure_ascii=False) if row.extra else "",
        "start": None if contents.is_cut else float(row.start),
        "end": None if contents.is_cut else float(row.end),
        "source_start": float(row.start) if contents.is_cut else None,
        "source_end": float(row.end) if contents.is_cut else None,
        "agreement": None if row.agreement is None else float(row.agreement),
        "confidence": None if row.confidence is None else float(row.confidence),
    }


def _answer(answer: GivenAnswerRow) -> dict[str, Any]:
    found = {
        "annotator": answer.annotator,
        "answer": answer.answer.value,
        "label": answer.label,
        "gold": answer.gold,
        "answered_at": in_iso(answer.answered_at),
        "uuid": answer.uuid,
        "seconds": answer.seconds,
        "plays": answer.plays,
        "reason": answer.reason,
        "suggestion_shown": answer.suggestion_shown,
        "guidelines": answer.guidelines,
    }
    return {name: value for name, value in found.items() if value is not None and value is not False}


def _prediction(row: ClipRow) -> dict[str, Any]:
    assert row.predicted is not None
    return {"label": row.predicted.label, "score": row.predicted.score, "origin": row.predicted.origin}


def _card(splits: list[str], columns: list[str]) -> str:
    """The beginning of README.md: which files belong to which split, and the type of each column."""
    types = {name: "string" if name in _TEXTS else "float64" for name in columns}
    lines = ["---", "task_categories:", "- audio-classification", "dataset_info:", "  features:"]
    for name, type in {"audio": "audio", **types}.items():
        lines += [f"  - name: {name}", f"    dtype: {type}"]
    if splits:
        lines += ["configs:", "- config_name: default", "  data_files:"]
        for split in splits:
            lines += [f"  - split: {split}", f"    path: {split}/**"]
    return "\n".join([*lines, "---", "", ""])
