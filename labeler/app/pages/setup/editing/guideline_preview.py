"""A guideline as annotators see it, with its examples to play."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from labeler.app.api.guidelines import example_addresses, guidelines_html
from labeler.app.opened import Serving
from labeler.app.pages.plain_text import plain

_BUTTON = re.compile(r"<button [^>]*>")


def show_preview(now: Serving, markdown: str) -> None:
    """Show it. The player makes play buttons of examples; here each has controls of its own below the text."""
    found: dict[str, str] = {}
    missing: list[str] = []
    with now.project.read() as session:
        look_up = example_addresses(session, now.tokens)

        def address(file_name: str) -> str | None:
            sound = look_up(file_name)
            if sound is None:
                missing.append(file_name)
            else:
                found[file_name] = sound
            return sound

        html = guidelines_html(markdown, address=address)
    with st.container(border=True):
        st.caption("As annotators see it")
        # Here nothing would listen to a button; text that looks like one has been escaped.
        st.html(_BUTTON.sub("<u>", html).replace("</button>", "</u>"))
        if missing:
            st.caption(plain(f"There is no clip called {', '.join(missing[:5])}."))
        for file_name, sound in found.items():
            # Nothing but an escaped name and a signed token goes into the HTML.
            st.html(
                f'<div style="display:flex;gap:1rem;align-items:center"><span>{escape(file_name)}</span>'
                f'<audio controls preload="none" src="{sound}" style="height:2rem"></audio></div>'
            )
