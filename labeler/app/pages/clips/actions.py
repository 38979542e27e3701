"""What a lead does with many clips at once: ask again, fix the label, withdraw. Each says how many first, and leaves an event."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NoReturn

import streamlit as st

from db.browsing.matching import Known, Matching
from db.decisions.asked_again import ask_again
from db.decisions.review import fix_labels
from db.records.labels import active_labels
from db.store.engine import Turn
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import annotator_id_of
from labeler.app.pages.clips.portions import BulkWork, run_in_portions
from labeler.app.pages.clips.table import Picked
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted
from learner.withdrawal.withdraw import withdraw_in_portions

_DONE = "clips-done"
_OFFERED = "clips-offered"
_ASK, _FIX, _WITHDRAW = "Ask again", "Fix the label", "Withdraw"
_ASKED_AT_ONCE, _FIXED_AT_ONCE = 2000, 50
"""Clips of one transaction: annotators' answers wait for it."""


@dataclass(frozen=True)
class _Chosen:
    """What an action would concern."""

    clips: Sequence[int]
    answers: int
    """Answers that stand for them."""


def show_done() -> None:
    """Say what was done in the run before."""
    if _DONE in st.session_state:
        st.success(plain(st.session_state.pop(_DONE)))


def show_actions(now: Serving, name: str, matching: Matching, picked: Picked) -> None:
    """Offer the actions, and do what is confirmed."""
    lines = picked.ticked or ([] if picked.current is None else [picked.current])
    few = f"The {counted(len(lines), 'ticked clip')}" if picked.ticked else "The clip that plays"
    every = f"All {len(matching.clips):,} that match"
    scopes = [few, every] if lines else [every]
    with st.expander("Change clips", key="clips-change"):
        scope = st.radio("Which clips", scopes, key=f"clips-scope-{len(lines)}", horizontal=True)
        clips = matching.clips if scope == every else [line.clip_id for line in lines]
        chosen = _Chosen(clips, _answers(clips, matching.known))
        action = st.segmented_control("What to do", [_ASK, _FIX, _WITHDRAW], key="clips-action")
        if action == _ASK:
            _offer_asking(now, name, chosen)
        elif action == _FIX:
            _offer_fixing(now, name, chosen)
        elif action == _WITHDRAW:
            _offer_withdrawing(now, name, chosen)


def _answers(clips: Sequence[int], known: Known) -> int:
    return sum(len(known.answered[clip].people) for clip in clips if clip in known.answered)


def _offer_asking(now: Serving, name: str, chosen: _Chosen) -> None:
    st.text("Somebody who did not answer the clip last is asked once more, and does not see the earlier answers.")
    if not _confirmed(f"Ask again: {counted(len(chosen.clips), 'clip')}", chosen):
        return

    def asked(portion: Sequence[int]) -> int:
        with now.project.write() as session:
            return ask_again(session, portion, by=name)

    work = BulkWork("asked-again", name, chosen.clips, {})
    done = run_in_portions(now, work, _portions(chosen.clips, _ASKED_AT_ONCE, asked))
    left = len(chosen.clips) - done
    rest = f" {counted(left, 'other')} had no answer yet, or were asked already." if left else ""
    _report(f"Asked again: {counted(done, 'clip')}.{rest}")


def _offer_fixing(now: Serving, name: str, chosen: _Chosen) -> None:
    with now.project.read() as session:
        labels = [label.name for label in active_labels(session)]
    label = st.selectbox("Label", labels, index=None, key="clips-fix-as", placeholder="Choose a label")
    st.text(f"Your answer is final and outweighs {counted(chosen.answers, 'answer')} that stand now; it can be given anew.")
    if label is None or not _confirmed(f"Fix as {label}: {counted(len(chosen.clips), 'clip')}", chosen):
        return
    who = annotator_id_of(now, name)

    def fixed(portion: Sequence[int]) -> int:
        with now.project.write(Turn.ANSWERS) as session:
            # The table shows what the classifier expects.
            return fix_labels(session, portion, label, annotator_id=who, hinted=True)

    work = BulkWork("gold", name, chosen.clips, {"label": label})
    done = run_in_portions(now, work, _portions(chosen.clips, _FIXED_AT_ONCE, fixed))
    left = len(chosen.clips) - done
    rest = f" {counted(left, 'other')} had this label fixed already, or are not in service." if left else ""
    _report(f"Fixed as {label}: {counted(done, 'clip')}.{rest}")


def _offer_withdrawing(now: Serving, name: str, chosen: _Chosen) -> None:
    count = len(chosen.clips)
    st.warning(
        f"{counted(count, 'clip')} with {counted(chosen.answers, 'answer')} would be lost for good: names, speakers, "
        "transcripts, features, predictions, playable copies and uploaded files are deleted, and the answers count no more. "
        "Nothing brings them back. Your own audio files stay where they are."
    )
    reason = st.text_input("Reason", key="clips-reason", max_chars=500, help="It is kept for ever; do not name the person.")
    typed = st.text_input(f"Type {count} to confirm", key="clips-typed", max_chars=12)
    is_sure = typed.strip().replace(",", "") == str(count) and bool(reason.strip())
    if not _confirmed(f"Withdraw {counted(count, 'clip')} for good", chosen, disabled=not is_sure):
        return
    work = BulkWork("withdrawn", name, chosen.clips, {"reason": reason.strip(), "answers": chosen.answers})
    done = run_in_portions(now, work, withdraw_in_portions(now.project, chosen.clips, reason=reason.strip(), by=name))
    for field in ("clips-typed", "clips-reason", "clips-action"):
        st.session_state.pop(field, None)
    _report(f"Withdrawn for good: {counted(done, 'clip')}.")


def _confirmed(words: str, chosen: _Chosen, *, disabled: bool = False) -> bool:
    """Whether the button is pressed, and what it would do is what it said: others may have changed what matches meanwhile."""
    offered = st.session_state.get(_OFFERED)
    st.session_state[_OFFERED] = now = (words, hash(tuple(chosen.clips)))
    pressed = st.button(plain(words), key="clips-do", disabled=disabled or not chosen.clips)
    if pressed and offered != now:
        st.warning("Other clips match by now than when you looked; look again, and press once more.")
        return False
    return pressed


def _portions(clips: Sequence[int], size: int, work: Callable[[Sequence[int]], int]) -> Generator[int]:
    done = 0
    for first in range(0, len(clips), size):
        done += work(clips[first : first + size])
        yield done


def _report(words: str) -> NoReturn:
    st.session_state[_DONE] = words
    st.rerun()
