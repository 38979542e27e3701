"""The clips that are picked, to be played, and all that is known of the one that is looked at."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from db.browsing.rows import ClipHistory, ClipLine, GivenOnce, history_of
from labeler.app.guard.places import address
from labeler.app.opened import Serving
from labeler.app.pages.grid import open_grid
from labeler.app.pages.plain_text import plain
from labeler.app.pages.playable_clips import clip_token
from labeler.app.sign_in.ways import arranged
from labeler.player.cliplist.component import PlayableClip, clip_list

_MOST_LISTED = 100
_LIST_PIXELS = 360
_MOST_COLUMNS, _LONGEST = 40, 300
"""Columns of the manifest, and characters of each."""


def show_picked(now: Serving, ticked: Sequence[ClipLine], current: ClipLine) -> None:
    """Play the clip that is looked at, list those that are ticked, and show what became of the former."""
    listed = [current, *(line for line in ticked if line.clip_id != current.clip_id)][:_MOST_LISTED]
    rows = [
        PlayableClip(
            clip=line.clip_id,
            token=clip_token(now, line.clip_id),
            name=line.file_name,
            facts=(line.label or "", ", ".join(line.people)),
            seconds=line.seconds,
        )
        for line in listed
    ]
    with st.container(key="clips-player"):
        clip_list(
            rows,
            key="clips-list",
            base=arranged().base_path,
            heads=("label", "answered by"),
            height=_LIST_PIXELS,
            plays=current.clip_id,
        )
    with now.project.read() as session:
        history = history_of(session, current.clip_id)
    if history is None:
        return
    left, right = st.columns([1, 1], gap="large")
    with left:
        _facts(now, current, history)
    with right:
        _history(history)


def _facts(now: Serving, line: ClipLine, history: ClipHistory) -> None:
    # Nothing but a signed token goes into the HTML.
    st.html(
        f'<img src="{address(f"picture/{clip_token(now, line.clip_id)}")}" alt="" '
        'style="width:100%;height:140px;border-radius:10px;object-fit:fill">'
    )
    st.text(line.file_name)
    if line.transcript:
        st.text(line.transcript)
    facts = [f"clip {line.clip_id}", f"{history.start:.2f} to {history.end:.2f} s"]
    if line.speaker:
        facts.append(f"speaker {line.speaker}")
    if line.predicted is not None:
        sure = "" if line.confidence is None else f" ({line.confidence:.0%})"
        facts.append(f"predicted: {line.predicted}{sure}")
    st.caption(plain(" · ".join(facts)))
    if line.columns:
        columns = [f"{name}: {value[:_LONGEST]}" for name, value in list(line.columns.items())[:_MOST_COLUMNS]]
        st.caption(plain(" · ".join(columns)))
    if st.button("Find more like this", key="clips-like", type="tertiary", icon=":material/grid_view:"):
        open_grid(line.clip_id)


def _history(history: ClipHistory) -> None:
    if not history.answers:
        st.text("Nobody has answered this clip.")
    for given in history.answers:
        st.markdown(_in_words(given))
    for flag in history.flags:
        st.markdown(f":material/flag: {plain(flag.note) or 'flagged'} — {plain(flag.annotator)}, {_day(flag.at)}")
    for who, at in history.wishes:
        st.caption(f"Asked again by {plain(who or 'a script')}, {_day(at)}")


def _in_words(given: GivenOnce) -> str:
    answer = plain(given.answer)
    answer = f"**{answer}**" if given.stands else f"~~{answer}~~"
    fixed = ", label fixed" if given.gold else ""
    note = f": {plain(given.reason)}" if given.reason else ""
    return f"{answer}{note} — {plain(given.annotator)}, {_day(given.at)} :small[{plain(given.source)}{fixed}]"


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
