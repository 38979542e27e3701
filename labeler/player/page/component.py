"""Keys and focus of a page that is Streamlit's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import streamlit as st

from labeler.player.scripts import named_for_scripts, script

_COMPONENT = st.components.v2.component("earmark_page", html="<span hidden></span>", js=script("page/page.js"))


@dataclass(frozen=True, kw_only=True)
class PageKeys:
    """What keys do on a page. Buttons and fields are named by their Streamlit keys.

    Streamlit's own shortcuts are dead while a switch or a list has the focus, and cannot be R, C or a punctuation mark.
    """

    buttons: Mapping[str, str] = field(default_factory=dict)
    """The button that a key presses."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The field that a key puts the cursor into."""
    focus: str | None = None
    """The field that has the cursor when the page opens."""
    shown: str = ""
    """What is on the page: when it changes, a list in which it was chosen gives up the focus."""
    turn: int = 0
    """Another number at each run of the page: no button is pressed twice in one."""


def page_keys(keys: PageKeys, *, key: str) -> None:
    """Put the keys on the page; call it after the elements that it names."""
    _COMPONENT(key=key, data=named_for_scripts(asdict(keys)))
