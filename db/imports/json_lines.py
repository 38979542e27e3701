"""JSON Lines: one JSON object per line, and JSON objects inside other files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from db.imports.text_lines import LONGEST_LINE, MOST_COLUMNS, BadLine, Record, lines_of, open_text, problem_with

_DEEPEST = 32
"""Most levels of nesting in a JSON line; a database may refuse deeper ones."""


def _not_finite(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _not_finite(text)
    return value


JSON = json.JSONDecoder(parse_constant=_not_finite, parse_float=_finite)
"""Reads JSON as the standard has it, in which every number is finite."""


def json_records(path: Path, encoding: str) -> Iterator[Record | BadLine]:
    """The objects of a file, read while the caller iterates; empty lines are skipped."""
    with open_text(path, encoding) as file:
        for line, text in enumerate(lines_of(file), start=1):
            if text.strip():
                yield _record(line, text)


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text holds; None if it holds none, or one that cannot be stored."""
    try:
        value = JSON.decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _problem(text, value) is None else None


def _record(line: int, text: str) -> Record | BadLine:
    if len(text) > LONGEST_LINE:
        return BadLine(line, f"Line {line} is longer than {LONGEST_LINE} characters.")
    try:
        value = JSON.decode(text)
    except RecursionError:
        return BadLine(line, f"Line {line} is nested too deeply.")
    except ValueError as error:
        return BadLine(line, f"Line {line} is not JSON ({error}).")
    if not isinstance(value, dict):
        return BadLine(line, f"Line {line} is not a JSON object.")
    if problem := _problem(text, value):
        return BadLine(line, f"Line {line} {problem}.", value)
    return Record(line, value)


def _problem(line: str, value: dict[str, Any]) -> str | None:
    if "\\u" not in line and not any(isinstance(item, (list, dict)) for item in value.values()):
        return _too_many(value) or problem_with(line)
    return problem_in(value)


def _too_many(value: dict[str, Any]) -> str | None:
    return f"has {len(value)} keys; at most {MOST_COLUMNS} are read" if len(value) > MOST_COLUMNS else None


def problem_in(value: dict[str, Any]) -> str | None:
    """Why the object cannot be stored in a database, as the rest of a sentence, or None if it can."""
    if problem := _too_many(value):
        return problem
    try:
        return next((problem for text in _texts(value, 0) if (problem := problem_with(text))), None)
    except RecursionError:
        return f"is nested more than {_DEEPEST} levels deep"


def _texts(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item, depth + 1)
