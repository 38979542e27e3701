"""The remarks of annotators: leads answer them, and settle them."""

from __future__ import annotations

import streamlit as st

from db.decisions.comments import MOST_CHARACTERS, Thread, append_comment, open_threads, threads
from db.store.engine import Turn
from labeler.app.guard.places import address
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import annotator_id_of
from labeler.app.pages.moments import stretch
from labeler.app.pages.plain_text import plain
from labeler.app.pages.playable_clips import clip_token
from labeler.words.run import counted

PAGE = 20
"""Clips."""


def show_remarks(now: Serving, name: str) -> None:
    """The list; `name` is who answers."""
    with now.project.read() as session:
        waiting = open_threads(session)
        shown = st.session_state.setdefault("remarks-shown", PAGE)
        found = threads(session, limit=shown + 1)
    if not found:
        st.text("Nobody has written a remark. Annotators write them on the Label page, with the key of the full stop.")
        return
    st.text(f"{counted(waiting, 'clip')} with remarks that need an answer." if waiting else "All remarks are settled.")
    for thread in found[:shown]:
        _thread(now, thread, name)
    if len(found) > shown and st.button("Show more", key="remarks-more"):
        st.session_state["remarks-shown"] = shown + PAGE
        st.rerun()


def _thread(now: Serving, thread: Thread, name: str) -> None:
    with st.container(border=True):
        mark = ":material/chat_bubble:" if thread.is_open else ":material/check:"
        st.markdown(f"{mark} **{plain(thread.file_name)}**")
        # Nothing else goes into the HTML.
        source = address(f"audio/{clip_token(now, thread.clip_id)}")
        st.html(f'<audio controls preload="none" src="{source}" style="width:100%;height:36px"></audio>')
        for remark in thread.remarks:
            text = plain(remark.text) if remark.text else "*settled*"
            st.markdown(f"**{plain(remark.annotator)}** :gray[{stretch(remark.created_at, remark.created_at)}]  \n{text}")
        with st.form(f"reply-{thread.clip_id}", clear_on_submit=True, border=False):
            field, settle, send = st.columns([4, 1.3, 1.2], vertical_alignment="bottom")
            text = field.text_input("Answer", max_chars=MOST_CHARACTERS, key=f"reply-text-{thread.clip_id}")
            settled = settle.checkbox("Settled", value=True, key=f"reply-settles-{thread.clip_id}")
            if send.form_submit_button("Answer", width="stretch") and (text.strip() or settled):
                _answer(now, thread.clip_id, name, text, settled=settled)


def _answer(now: Serving, clip_id: int, name: str, text: str, *, settled: bool) -> None:
    who = annotator_id_of(now, name)
    with now.project.write(Turn.ANSWERS) as session:
        append_comment(session, uuid=None, clip_id=clip_id, annotator_id=who, text=text, settled=settled)
    st.rerun()
