"""What should be looked at again: labels that the classifier contradicts, flags, and clips without a label."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from db.dashboard import DashboardFacts
from db.decisions.flags import raised_flags
from db.decisions.listed import listed_clips, unlabelled
from db.decisions.review import doubted_clips, open_flags
from db.models import Answer
from labeler.app.opened import serving
from labeler.app.pages.dashboard.clips_of import show_clips
from labeler.app.pages.dashboard.explained import why
from labeler.app.pages.dashboard.leaving import leave
from labeler.app.pages.review import show_review

_MOST = 50
"""Clips of each list."""


def show_doubts(facts: DashboardFacts) -> None:
    """Three lists, and the way to the page Review."""
    if st.button("Review these clips", icon=":material/rule:", key="doubts-review"):
        leave(_open_review)
    with serving().project.read() as session:
        doubted = doubted_clips(session, limit=_MOST)
        to_check = open_flags(session)
        flags = [flag for flag in raised_flags(session) if flag.clip_id in to_check][:_MOST]
        none = unlabelled(session, (Answer.SKIP, Answer.UNSURE), limit=_MOST)
        ids = [*(clip.clip_id for clip in doubted), *(flag.clip_id for flag in flags), *(each.clip_id for each in none)]
        known = listed_clips(session, ids)
    left, right = st.columns(2, gap="medium")
    thinks = _what_the_classifier_thinks(facts)
    with left:
        st.markdown(f"**Labels that the classifier contradicts** ({_count(len(doubted))})")
        rows = [
            (
                clip.clip_id,
                (", ".join(dict.fromkeys(given.answer for given in clip.answers)), *thinks.get(clip.clip_id, ("", ""))),
            )
            for clip in doubted
        ]
        if rows:
            show_clips(known, rows, heads=("Label", "Likelier", "Label likely"), key="doubts-labels")
            why(
                [
                    "The classifier is trained without each clip and finds its label improbable. The most doubtful comes "
                    "first; the classifier may be wrong. What a reviewer decides is final.",
                ],
                key="doubts",
            )
        else:
            st.caption("No label is doubted, or there are still too few labels to judge them.")
    with right:
        st.markdown(f"**Flagged clips** ({_count(len(flags))})")
        if flags:
            show_clips(
                known,
                [(flag.clip_id, (flag.note, flag.annotator)) for flag in {each.clip_id: each for each in flags}.values()],
                heads=("Note", "By"),
                key="doubts-flags",
                height=200,
            )
        else:
            st.caption("No flag waits for a review.")
        st.markdown(f"**Skipped or unsure** ({_count(len(none))})")
        if none:
            rows_of = {each.clip_id: (each.answer.value, each.reason or "", each.annotator) for each in reversed(none)}
            show_clips(known, list(reversed(rows_of.items())), heads=("Answer", "Reason", "By"), key="doubts-skipped", height=200)
        else:
            st.caption("Nobody has skipped a clip or was unsure about one.")


def _what_the_classifier_thinks(facts: DashboardFacts) -> dict[int, tuple[str, str]]:
    """By clip: the label that it finds likeliest, and how probable it finds the one that was given."""
    suspects = (facts.run.report.suspects or []) if facts.run is not None else []
    return {
        each.clip: (
            facts.label_names.get(each.likely or 0, ""),
            "" if each.score is None else f"{each.score:.0%}",
        )
        for each in suspects
    }


def _count(number: int) -> str:
    return f"{number} or more" if number >= _MOST else str(number)


def _open_review() -> NoReturn:
    st.switch_page(st.Page(show_review, url_path="review"))
