"""A list of clips to play, as Streamlit sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from labeler.player.scripts import named_for_scripts, read, script

_COMPONENT = st.components.v2.component(
    "earmark_cliplist",
    html='<div class="earmark cliplist"></div>',
    css=read("shared/earmark.css") + read("cliplist/cliplist.css"),
    js=script("cliplist/cliplist.js"),
)


@dataclass(frozen=True, kw_only=True)
class PlayableClip:
    """A clip of the list. Every text is shown as it is."""

    clip: int
    """Id."""
    token: str
    """Of its audio and picture; see `labeler.app.pages.playable_clips`."""
    name: str
    facts: tuple[str, ...] = ()
    """What stands beside its name, in columns: labels, names, numbers."""
    seconds: float | None = None
    """How long it is."""


def clip_list(
    rows: Sequence[PlayableClip],
    *,
    key: str,
    heads: Sequence[str] = (),
    action: str | None = None,
    height: int | None = None,
    plays: int | None = None,
) -> int | None:
    """Put the list on the page. One clip plays at a time; arrow keys go from row to row, space and Enter play.

    What plays goes on when the page runs again and the clip is still listed.

    Args:
        rows: in this order; a few hundred at most.
        key: Streamlit's key of the component.
        heads: names of the columns of facts.
        action: what a second button of each row says, if there is one.
        height: pixels above which the list scrolls.
        plays: the clip that begins to play when this first names it.

    Returns:
        The id of the clip whose second button was pressed, in the run of the script that follows; None otherwise.
    """
    data = {
        "rows": [named_for_scripts(asdict(row)) for row in rows],
        "heads": list(heads),
        "action": action,
        "height": height,
        "plays": plays,
    }
    pressed = _COMPONENT(key=key, data=data, on_pressed_change=_nothing).pressed
    return int(pressed) if isinstance(pressed, int | float) and any(row.clip == pressed for row in rows) else None


def _nothing() -> None:
    """Streamlit wants a function for each value that a component reports."""
