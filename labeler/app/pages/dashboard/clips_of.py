"""Clips behind a figure, as a list that plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from db.decisions.listed import ListedClip
from labeler.app.opened import serving
from labeler.app.pages.dashboard.leaving import leave
from labeler.app.pages.grid import open_grid
from labeler.app.pages.playable_clips import clip_token
from labeler.app.sign_in.ways import arranged
from labeler.player.cliplist.component import PlayableClip, clip_list

_HEIGHT = 340


def show_clips(
    known: Mapping[int, ListedClip],
    rows: Sequence[tuple[int, tuple[str, ...]]],
    *,
    heads: tuple[str, ...],
    key: str,
    height: int = _HEIGHT,
    plays: int | None = None,
) -> None:
    """List clips with what is known of them; a second button of each opens the grid with similar clips.

    Args:
        known: the clips that are in service.
        rows: id and facts of each clip, in order.
        heads: what the facts are.
        plays: the clip that starts to play when it is listed.
    """
    now = serving()
    shown = [
        PlayableClip(
            clip=clip,
            token=clip_token(now, clip),
            name=known[clip].file_name,
            facts=facts,
            seconds=known[clip].seconds,
        )
        for clip, facts in rows
        if clip in known
    ]
    if not shown:
        st.caption("No clip to list.")
        return
    pressed = clip_list(shown, key=key, base=arranged().base_path, heads=heads, action="More like it", height=height, plays=plays)
    if pressed is not None:
        leave(partial(open_grid, pressed))
