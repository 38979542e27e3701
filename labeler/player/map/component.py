"""The map of clips as Streamlit sees it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from labeler.player.scripts import read, script

NO_LABEL = 255
"""Of a point that has none, or whose label is none of those named."""
_COMPONENT = st.components.v2.component(
    "earmark_map",
    html='<div class="earmark map"></div>',
    css=read("shared/earmark.css") + read("map/map.css"),
    js=script("map/map.js"),
)


@dataclass(frozen=True, kw_only=True)
class MapLabel:
    """A label as the map shows it."""

    name: str
    colour: str
    """`#rrggbb`."""


@dataclass(frozen=True, kw_only=True)
class MapPoints:
    """The clips, 20,000 at most; all arrays have the same length."""

    clip_ids: NDArray[np.integer]
    x: NDArray[np.floating]
    """0 to 1, from left to right."""
    y: NDArray[np.floating]
    """0 to 1, from top to bottom."""
    labels: NDArray[np.integer]
    """Place of each clip's label among the labels, or `NO_LABEL`."""
    predicted: NDArray[np.integer]
    """Place of the label that the classifier predicts, or `NO_LABEL`."""
    uncertainty: NDArray[np.floating]
    """1 minus the probability of that label, 0 to 1; not a number where nothing is predicted."""
    names: Sequence[str]
    """File names."""


@dataclass(frozen=True)
class MapChoice:
    """What was done on the map since the script ran last."""

    clip: int | None = None
    """The clip that was clicked."""
    selected: tuple[int, ...] = ()
    """Clips that are to be labelled in the grid."""


def clip_map(points: MapPoints, labels: Sequence[MapLabel], *, stamp: str, key: str) -> MapChoice:
    """Put the map on the page.

    Args:
        points: the clips.
        labels: 255 at most.
        stamp: another one for other points: the view, and what is selected, stay while it stays.
        key: Streamlit's key.
    """
    data = {
        "stamp": stamp,
        "labels": [asdict(label) for label in labels],
        "ids": _packed(points.clip_ids, "<i4"),
        "x": _packed(np.clip(points.x, 0, 1) * 65535, "<u2"),
        "y": _packed(np.clip(points.y, 0, 1) * 65535, "<u2"),
        "own": _packed(points.labels, "<u1"),
        "predicted": _packed(points.predicted, "<u1"),
        "uncertainty": _packed(np.nan_to_num(np.clip(points.uncertainty, 0, 1)) * 255, "<u1"),
        # A name is on one line, since lines are what parts them.
        "names": "\n".join(" ".join(name.splitlines()) for name in points.names),
    }
    found = _COMPONENT(key=key, data=data, on_chosen_change=_nothing, on_sent_change=_nothing)
    return MapChoice(_clip(found.chosen), tuple(_clips(found.sent)))


def _packed(values: NDArray[np.number], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode("ascii")


def _clip(sent: object) -> int | None:
    """What the browser sends may be anything."""
    return int(sent) if isinstance(sent, int | float) and 0 < sent < 2**62 else None


def _clips(sent: object) -> list[int]:
    clips = [_clip(each) for each in sent] if isinstance(sent, list) else []
    return [clip for clip in clips if clip is not None]


def _nothing() -> None:
    """Streamlit wants a function for each value that a component reports."""
