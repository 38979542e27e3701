"""A line of the page Activity in words. Everything that people wrote is shown as it is."""

from __future__ import annotations

from typing import Any

from db.activity.happened import Happening, Kind
from db.decisions.taking_back import REINSTATED, TAKEN_BACK
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted

_LONGEST = 200


def in_words(one: Happening) -> str:
    """What happened, as Markdown, without who and when."""
    if one.kind == Kind.ANSWERS:
        return counted(one.count, "answer") + (" imported" if one.what == "imported" else "")
    if one.kind == Kind.CLIPS:
        words = "added" if one.what == "added" else "changed by an import"
        return f"{counted(one.count, 'clip')} {words}"
    if one.kind == Kind.WITHDRAWALS:
        reason = one.details.get("reason")
        return f"{counted(one.count, 'clip')} withdrawn" + (f": {plain(_short(str(reason)))}" if reason else "")
    if one.kind == Kind.LABELS:
        return _label_change(one.what, one.details)
    if one.kind == Kind.GUIDELINES:
        return f"guidelines, version {one.details['number']}"
    return _taken_back(one) if one.kind == Kind.TAKEN_BACK else _event(one.what, one.details)


def _label_change(what: str, details: dict[str, Any]) -> str:
    names = ("before", "after", "label", "into")
    before, after, label, into = ("" if details[each] is None else f"*{plain(_short(details[each]))}*" for each in names)
    if what == "rename":
        return f"label {before} renamed to {after}"
    if what == "merge":
        return f"label {before or label} merged into {into}"
    words = {"add": "added", "retire": "retired", "restore": "offered again"}
    return f"label {after or before or label} {words.get(what, plain(what))}"


def _taken_back(one: Happening) -> str:
    whose = plain(_short(str(one.details.get("annotator"))))
    if one.what == TAKEN_BACK:
        undone = ", undone since" if one.details.get("brought_back") else ""
        return f"{counted(len(one.details['answers']), 'answer')} of {whose} taken back{undone}"
    if one.what == REINSTATED:
        return f"{counted(int(one.details['answers']), 'answer')} of {whose} brought back"
    return plain(one.what)


def _event(what: str, details: dict[str, Any]) -> str:
    parts = [f"{plain(_short(str(name)))} {plain(_short(_value(value)))}" for name, value in details.items() if value is not None]
    return f"{plain(what.replace('-', ' '))}" + (f": {', '.join(parts)}" if parts else "")


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) > 3:
        return f"({len(value)})"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
