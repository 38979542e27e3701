"""Which labels are mixed up, and the clips behind it: chosen in the matrix or in a list, most frequent first."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from db.dashboard import DashboardFacts
from db.decisions.listed import listed_clips
from db.reports import ConfusedClip
from labeler.app.opened import serving
from labeler.app.pages.choosing import choose
from labeler.app.pages.dashboard.clips_of import show_clips
from labeler.app.pages.dashboard.explained import data_of, why
from labeler.app.pages.plain_text import plain
from labeler.charts.confusion import CELL, confusion_chart, confusion_rows
from labeler.words.run import counted

_CHOSEN, _MATRIX = "mixups-chosen", "mixups-matrix"
_MOST = 200
"""Clips listed."""


@dataclass(frozen=True)
class MixUp:
    """Two labels that are mixed up: ids, and how many clips of each are taken for the other."""

    first: int
    second: int
    clips: int
    """Both ways."""
    of: int
    """Clips that have one of the two labels."""


def mix_ups(tested: list[ConfusedClip]) -> list[MixUp]:
    """Pairs of labels, most mixed up first: by clips, and where these are equal by their share."""
    wrong: dict[tuple[int, int], int] = {}
    have: dict[int, int] = {}
    for clip in tested:
        have[clip.label] = have.get(clip.label, 0) + 1
        if clip.label != clip.predicted:
            pair = min(clip.label, clip.predicted), max(clip.label, clip.predicted)
            wrong[pair] = wrong.get(pair, 0) + 1
    found = [MixUp(*pair, clips, have.get(pair[0], 0) + have.get(pair[1], 0)) for pair, clips in wrong.items()]
    return sorted(found, key=lambda pair: (-pair.clips, -pair.clips / max(pair.of, 1), pair.first, pair.second))


def show_mix_ups(facts: DashboardFacts) -> None:
    """The matrix, the list of pairs, and the clips of what is chosen; the most frequent pair at first."""
    run = facts.run
    if run is None or not run.report.confusion.counts:
        st.caption("Nothing is known of mix-ups yet: they show as soon as clips of the random slice have labels.")
        return
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        st.markdown("**Label** (rows) and **prediction** (columns): click a cell to play its clips")
        st.altair_chart(confusion_chart(run.report.confusion), key=_MATRIX, on_select=_cell_chosen, width="stretch")
        data_of(lambda: confusion_rows(run.report.confusion), name="mix-ups")
    with right:
        pairs = mix_ups(run.report.tested)
        if not run.report.tested:
            st.caption("The clips behind the matrix are listed with the next run.")
            return
        _clips_of_choice(facts, pairs)


def _cell_chosen() -> None:
    cells = st.session_state[_MATRIX].selection.get(CELL) or []
    if cells:
        st.session_state[_CHOSEN] = (cells[0]["label"], cells[0]["predicted"])


def _pair_chosen() -> None:
    st.session_state.pop(_CHOSEN, None)


def _clips_of_choice(facts: DashboardFacts, pairs: list[MixUp]) -> None:
    run, names = facts.run, facts.label_names
    assert run is not None
    pair: tuple[int, int] | None = None
    if pairs:
        words = {
            place: f"{names.get(each.first, '?')} and {names.get(each.second, '?')}: {each.clips} of {counted(each.of, 'clip')}"
            for place, each in enumerate(pairs)
        }
        place = choose(st, "Pairs of labels, most mixed up first", words, key="mixups-pair", start=0, on_change=_pair_chosen)
        pair = pairs[place].first, pairs[place].second
    else:
        st.caption("The classifier is right on every clip of the random slice.")
    cell = st.session_state.get(_CHOSEN)
    ids = {name: number for number, name in names.items()}
    if cell is not None and cell[0] in ids and cell[1] in ids:
        label, predicted = ids[cell[0]], ids[cell[1]]
        found = [clip for clip in run.report.tested if (clip.label, clip.predicted) == (label, predicted)]
        st.caption(plain(f"The cell that was clicked: {cell[0]}, predicted as {cell[1]}; {counted(len(found), 'clip')}."))
    elif pair is not None:
        found = [clip for clip in run.report.tested if clip.label != clip.predicted and {clip.label, clip.predicted} == set(pair)]
    else:
        return
    found.sort(key=lambda clip: -clip.confidence)
    with serving().project.read() as session:
        known = listed_clips(session, (clip.clip for clip in found[:_MOST]))
    rows = [(clip.clip, (names.get(clip.label, "?"), names.get(clip.predicted, "?"), f"{clip.confidence:.0%}")) for clip in found]
    show_clips(known, rows, heads=("Label", "Predicted", "Confidence"), key="mixups-clips")
    why(
        ["Each clip is predicted by a classifier that never saw its speaker. The ones it was surest of come first."],
        key="mixups",
    )
