"""Taking back a run of somebody's answers: it is asked for first, with how many and whose, and can be undone."""

from __future__ import annotations

import streamlit as st

from db.decisions.taking_back import AnswerRun, described, reinstate_answers, take_back_answers
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.moments import stretch
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted

_DONE = "answers-taken-back-or-brought-back"


@st.dialog("Take back answers?")
def ask_to_take_back(now: Serving, run: AnswerRun, name: str) -> None:
    """Ask, and take them back if the answer is yes.

    Args:
        now: the project.
        run: whose answers, from when to when.
        name: who would take them back.
    """
    # A dialog runs without its page.
    with in_one_sentence():
        require_lead()
        forget_what_was_done()
        _ask(now, run, name)


def _ask(now: Serving, run: AnswerRun, name: str) -> None:
    with now.project.read() as session:
        found = described(session, run)
    if not found.standing:
        st.markdown(f"No answer of {plain(found.annotator)} in this time counts any more.")
        return
    answers, when = counted(found.standing, "answer"), stretch(found.since, found.until)
    st.markdown(f"Take back **{answers}** of **{plain(found.annotator)}**, {when}?")
    st.caption("They will count no longer, and their clips will be served again. Nothing is deleted: this can be undone.")
    yes, no = st.columns(2)
    if no.button("Cancel", key="take-back-no", width="stretch"):
        st.rerun()
    if yes.button(f"Take back {answers}", key="take-back-yes", width="stretch"):
        with now.project.write() as session:
            done = take_back_answers(session, run, by=name)
        st.session_state[_DONE] = f"{counted(done, 'answer')} of {plain(found.annotator)} taken back."
        st.rerun()


def bring_back(now: Serving, event_id: int, name: str) -> None:
    """Undo it: the answers count again."""
    require_lead()
    with now.project.write() as session:
        found = reinstate_answers(session, event_id, by=name)
    words = f"{counted(found.answers, 'answer')} brought back."
    if found.answered_anew:
        words += f" {counted(found.answered_anew, 'answer')} stayed taken back: the clip was answered anew or withdrawn."
    st.session_state[_DONE] = words
    st.rerun()


def show_what_was_done() -> None:
    """What was done last, until something else is asked for."""
    if _DONE in st.session_state:
        st.success(st.session_state[_DONE])


def forget_what_was_done() -> None:
    """Something else was done since."""
    st.session_state.pop(_DONE, None)
