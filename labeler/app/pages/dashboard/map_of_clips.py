"""The map of clips: those that sound alike lie together; click to play, select to label in the grid."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st
from sqlalchemy.orm import Session

from db.dashboard import DashboardFacts, newest_of_dashboard
from db.decisions.consensus import consensus_labels
from db.decisions.listed import listed_clips
from db.decisions.log import live_decisions
from db.errors import FeatureError
from labeler.app.opened import Serving, serving
from labeler.app.pages.dashboard.clips_of import show_clips
from labeler.app.pages.dashboard.explained import why
from labeler.app.pages.dashboard.leaving import leave
from labeler.app.pages.grid import open_grid_of
from labeler.app.pages.plain_text import plain
from labeler.charts.label_colours import label_colours
from labeler.player.map.component import NO_LABEL, MapLabel, MapPoints, clip_map
from learner.arrays import Float32Array, Int64Array
from learner.search.clip_map import MOST_CLIPS, MapWithPredictions
from learner.search.clip_map import clip_map as read_map

_CHOSEN = "map-chosen"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class _Drawn:
    stamp: str
    points: MapPoints


_held: dict[Path, _Drawn] = {}


def show_map(facts: DashboardFacts) -> None:
    """The map, and the clip that was clicked last."""
    try:
        drawn = _drawn(serving(), facts)
    except FeatureError as error:
        st.caption(plain(str(error)))
        return
    if drawn is None:
        st.caption("There is no map yet: the learner makes it when it has nothing else to do.")
        return
    labels = [
        MapLabel(name=label.name, colour=colour) for label, colour in zip(facts.labels, label_colours(facts.labels), strict=True)
    ][: NO_LABEL - 1]
    # What is new since the map was opened does not take the view away; the learner's next run draws it anew.
    done = clip_map(drawn.points, labels, stamp=drawn.stamp, key="map")
    if done.selected:
        known = set(drawn.points.clip_ids.tolist())
        leave(partial(open_grid_of, [clip for clip in done.selected if clip in known]))
    if done.clip is not None:
        st.session_state[_CHOSEN] = done.clip
    _chosen(drawn)
    why(
        [
            "Each point is a clip. The positions come from the features of the audio: clips that sound alike lie close together. "
            "The axes have no meaning of their own.",
            "Uncertainty is 1 minus the probability of the predicted label.",
            "" if len(drawn.points.clip_ids) < MOST_CLIPS else f"At most {MOST_CLIPS} clips are shown: labelled ones first.",
        ],
        key="map",
    )


def _chosen(drawn: _Drawn) -> None:
    clip = st.session_state.get(_CHOSEN)
    if clip is None:
        return
    with serving().project.read() as session:
        known = listed_clips(session, [clip])
    speaker = known[clip].speaker if clip in known else None
    show_clips(known, [(clip, (speaker or "",))], heads=("Speaker",), key="map-clip", plays=clip)


def _drawn(now: Serving, facts: DashboardFacts) -> _Drawn | None:
    """The points as of the page's run, put together once for everybody."""
    directory = now.project.directory
    with _LOCK:
        laid_out = read_map(now.project)
        if laid_out is None:
            return None
        with now.project.read() as session:
            run = None if facts.run is None else facts.run.id
            labels = [(label.id, label.name, label.colour) for label in facts.labels]
            stamp = repr((laid_out.placed.written_at, run, newest_of_dashboard(session), labels))
            held = _held.get(directory)
            if held is not None and held.stamp == stamp:
                return held
            drawn = _Drawn(stamp, _points(session, facts, laid_out))
        _held[directory] = drawn
    return drawn


def _points(session: Session, facts: DashboardFacts, laid_out: MapWithPredictions) -> MapPoints:
    placed = laid_out.placed
    known = listed_clips(session, placed.clip_ids.tolist())
    kept = np.isin(placed.clip_ids, list(known))
    ids = placed.clip_ids[kept].tolist()
    places = {label.id: place for place, label in enumerate(facts.labels[: NO_LABEL - 1])}
    own = consensus_labels(live_decisions(session))
    predicted = dict(zip(ids, zip(laid_out.predicted[kept].tolist(), laid_out.chances[kept].tolist(), strict=True), strict=True))
    # Clips of the random slice are answered. They are shown as heads predict them that did not know them.
    tested = [] if facts.run is None else facts.run.report.tested
    predicted |= {clip.clip: (clip.predicted, clip.confidence) for clip in tested if clip.clip in predicted}
    return MapPoints(
        clip_ids=placed.clip_ids[kept],
        x=_spread(placed.x[kept]),
        y=_spread(placed.y[kept]),
        labels=_places([own.get(clip, 0) for clip in ids], places),
        predicted=_places([predicted[clip][0] for clip in ids], places),
        uncertainty=1 - np.array([predicted[clip][1] for clip in ids], dtype=np.float32),
        names=[known[clip].file_name for clip in ids],
    )


def _places(label_ids: list[int], places: dict[int, int]) -> Int64Array:
    return np.array([places.get(label, NO_LABEL) for label in label_ids], dtype=np.int64)


def _spread(values: Float32Array) -> Float32Array:
    """From edge to edge, since screens are wider than high: axes have no scale of their own."""
    least, most = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    return ((values - least) / (most - least or 1.0)).astype(np.float32)
