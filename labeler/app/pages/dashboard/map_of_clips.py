"""The map of clips: those that sound alike lie together; click to play, select to label in the grid."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from sqlalchemy.orm import Session

from db.dashboard import DashboardFacts, newest_of_dashboard
from db.decisions.consensus import consensus_labels
from db.decisions.listed import listed_clips
from db.decisions.log import live_decisions
from labeler.app.opened import Serving, serving
from labeler.app.pages.dashboard.clips_of import show_clips
from labeler.app.pages.dashboard.explained import why
from labeler.app.pages.grid import open_grid_of
from labeler.charts.style import label_colours
from labeler.player.map.component import NO_LABEL, MapLabel, MapPoints, clip_map
from learner.search.clip_map import ClipMap, read_clip_map
from learner.search.predicted import read_predictions

MOST = 20_000
"""Points that are shown; of more, every so many-th."""
_CHOSEN = "map-chosen"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class _Drawn:
    stamp: str
    points: MapPoints
    total: int
    """Clips on the whole map."""


_held: dict[Path, _Drawn] = {}


def show_map(facts: DashboardFacts) -> None:
    """The map, and the clip that was clicked last."""
    drawn = _drawn(serving(), facts)
    if drawn is None:
        st.caption("There is no map yet: the learner draws it when features are made, with one of its next runs.")
        return
    labels = [
        MapLabel(name=label.name, colour=colour)
        for label, colour in zip(facts.labels, label_colours([label.colour for label in facts.labels]), strict=True)
    ][: NO_LABEL - 1]
    # What is new since the map was opened does not take the view away; the learner's next run draws it anew.
    done = clip_map(drawn.points, labels, stamp=drawn.stamp, key="map")
    if done.selected:
        known = set(drawn.points.clip_ids.tolist())
        open_grid_of([clip for clip in done.selected if clip in known])
    if done.clip is not None:
        st.session_state[_CHOSEN] = done.clip
    _chosen(drawn)
    why(
        [
            "Each point is a clip. The positions come from the features of the audio: clips that sound alike lie close together. "
            "The axes have no meaning of their own.",
            "Uncertainty is 1 minus the probability of the predicted label.",
            ""
            if len(drawn.points.clip_ids) == drawn.total
            else f"{len(drawn.points.clip_ids)} of {drawn.total} clips are shown.",
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
        laid_out = read_clip_map(now.project.heads_dir)
        if laid_out is None:
            return None
        with now.project.read() as session:
            run = None if facts.run is None else facts.run.id
            labels = [(label.id, label.name, label.colour) for label in facts.labels]
            stamp = repr((laid_out.written_at, run, newest_of_dashboard(session)[0], labels))
            held = _held.get(directory)
            if held is not None and held.stamp == stamp:
                return held
            drawn = _Drawn(stamp, _points(session, now, facts, laid_out), len(laid_out.clip_ids))
        _held[directory] = drawn
    return drawn


def _points(session: Session, now: Serving, facts: DashboardFacts, laid_out: ClipMap) -> MapPoints:
    step = -(-len(laid_out.clip_ids) // MOST) or 1
    ids, x, y = (values[::step] for values in (laid_out.clip_ids, laid_out.x, laid_out.y))
    known = listed_clips(session, ids.tolist())
    kept = np.array([clip in known for clip in ids.tolist()], dtype=bool)
    ids, x, y = ids[kept], x[kept], y[kept]
    places = {label.id: place for place, label in enumerate(facts.labels[: NO_LABEL - 1])}
    own = consensus_labels(live_decisions(session))
    predicted, uncertainty = _predicted(now, facts, ids.tolist(), places)
    return MapPoints(
        clip_ids=ids,
        x=x,
        y=y,
        labels=np.array([places.get(own.get(clip, 0), NO_LABEL) for clip in ids.tolist()], dtype=np.int64),
        predicted=predicted,
        uncertainty=uncertainty,
        names=[known[clip].file_name for clip in ids.tolist()],
    )


def _predicted(
    now: Serving, facts: DashboardFacts, ids: list[int], places: dict[int, int]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Of clips without an answer as the run predicts them; of those of the random slice, as heads that did not know them do."""
    stored = read_predictions(now.project.heads_dir)
    found: dict[int, tuple[int, float]] = {} if stored is None else dict(stored.of(sorted(ids)))
    if facts.run is not None:
        found |= {clip.clip: (clip.predicted, clip.confidence) for clip in facts.run.report.tested}
    none = (0, float("nan"))
    labels = np.array([places.get(found.get(clip, none)[0], NO_LABEL) for clip in ids], dtype=np.int64)
    return labels, 1 - np.array([found.get(clip, none)[1] for clip in ids], dtype=np.float32)
