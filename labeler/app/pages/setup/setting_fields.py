"""One widget for each setting, of the kind that its type asks for, with its bounds."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from db.settings import STRATEGIES, Settings
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.setting_words import title_of
from labeler.player.label_keys import label_keys

ENCODERS = ("bundled", "logmel", "egemaps")
"""Names that are offered; any other may be typed."""
MINILM, _NO_WORDS = "minilm", "none"
_BESIDE = 3
"""Fields of keys beside each other."""


@dataclass(frozen=True)
class Known:
    """What widgets offer besides the settings themselves."""

    labels: Sequence[str]
    columns: Sequence[str]
    """Of manifests that were imported."""


def field(key: str, value: Any, *, known: Known, is_fixed: bool) -> Any:
    """Show the widget; the value that it holds.

    Its identity follows from the value in the file: when somebody else changes that, the widget shows the new one.

    Args:
        key: of the setting.
        value: as it is in use.
        known: what may be offered.
        is_fixed: whether the widget only shows the value.
    """
    named = f"setting-{key}-{zlib.crc32(repr(value).encode()):x}"
    shape, title = _shape(key), title_of(key)
    if key == "database_url":
        st.text_input(title, _place(value), disabled=True, key=named)
        return value
    if key == "label_keys":
        return _keys(value, known.labels, named=named, is_fixed=is_fixed)
    if key in ("strategy", "encoder"):
        offered = STRATEGIES if key == "strategy" else ENCODERS
        options = list(dict.fromkeys([*offered, value]))
        more = key == "encoder"
        chosen = st.selectbox(title, options, options.index(value), accept_new_options=more, disabled=is_fixed, key=named)
        return value if chosen is None else chosen
    if key == "text_encoder":
        options = list(dict.fromkeys([_NO_WORDS, MINILM, value or _NO_WORDS]))
        place = options.index(value or _NO_WORDS)
        chosen = st.selectbox(title, options, place, accept_new_options=True, disabled=is_fixed, key=named)
        return value if chosen is None else None if chosen == _NO_WORDS else chosen
    if shape["type"] == "boolean":
        return st.toggle(title, value, disabled=is_fixed, key=named)
    if shape["type"] == "array":
        options = list(dict.fromkeys([*value, *(known.columns if key == "shown_columns" else shape.get("default", []))]))
        most = shape.get("maxItems")
        return st.multiselect(
            title, options, value, accept_new_options=True, max_selections=most, disabled=is_fixed, placeholder="none", key=named
        )
    if shape["type"] in ("number", "integer"):
        return _number(title, value, shape, named=named, is_fixed=is_fixed)
    text = st.text_input(title, value or "", placeholder="the encoder's own", disabled=is_fixed, key=named).strip()
    return text or None


def shown(key: str, value: Any) -> str:
    """A value in words, as a plain text."""
    if key == "database_url":
        return _place(value)
    if value is None:
        return _NO_WORDS if key == "text_encoder" else "the encoder's own"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{label}: {each}" for label, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def bounds(key: str) -> str:
    """The bounds of a number in words; empty for other settings."""
    shape = _shape(key)
    low, high = shape.get("minimum", shape.get("exclusiveMinimum")), shape.get("maximum")
    if low is None or high is None:
        return ""
    return f"{'more than ' if 'exclusiveMinimum' in shape else ''}{_in_full(low)} to {_in_full(high)}"


def _in_full(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _number(title: str, value: float, shape: Mapping[str, Any], *, named: str, is_fixed: bool) -> float:
    low, high = shape.get("minimum", shape.get("exclusiveMinimum")), shape.get("maximum")
    if shape["type"] == "integer":
        return int(st.number_input(title, min_value=low, max_value=high, value=int(value), step=1, disabled=is_fixed, key=named))
    step = 0.05 if high is not None and high <= 1 else 0.1 if low is not None and low < 1 else 10.0
    least, most = (None if each is None else float(each) for each in (low, high))
    return float(
        st.number_input(
            title, min_value=least, max_value=most, value=float(value), step=step, format="%g", disabled=is_fixed, key=named
        )
    )


def _keys(value: Mapping[str, str], labels: Sequence[str], *, named: str, is_fixed: bool) -> dict[str, str]:
    """A field for each label; also for what is no label (any more), so that its key can be taken away."""
    st.markdown(plain(title_of("label_keys")))
    free = dict(zip(labels, label_keys(labels, {}), strict=True))
    rows = [*labels, *(name for name in value if name not in labels)]
    given = {}
    for start in range(0, len(rows), _BESIDE):
        for place, label in zip(st.columns(_BESIDE), rows[start : start + _BESIDE], strict=False):
            key = place.text_input(
                plain(label if label in labels else f"{label} (no label in use)"),
                value.get(label, ""),
                placeholder=free.get(label) or "none",
                disabled=is_fixed,
                key=f"{named}-{label}",
            )
            given[label] = key.strip()
    return {label: key for label, key in given.items() if key}


def _place(url: str | None) -> str:
    """Where the database is, without what may be secret."""
    if url is None:
        return "SQLite, in the project directory"
    try:
        parts = make_url(url)
    except ArgumentError:
        return "another database"
    return f"{parts.get_backend_name()}: {parts.database or ''} on {parts.host or 'this machine'}"


@cache
def _shapes() -> dict[str, dict[str, Any]]:
    return Settings.model_json_schema()["properties"]  # type: ignore[no-any-return]


def _shape(key: str) -> dict[str, Any]:
    """Type and bounds as JSON schema has them; of a value that may be none, those of the value."""
    shape = _shapes()[key]
    return shape if "type" in shape else {**shape, **shape["anyOf"][0]}
