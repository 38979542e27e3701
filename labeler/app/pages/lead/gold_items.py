"""Gold checks: how often each annotator gives the label that a reviewer has fixed."""

from __future__ import annotations

import streamlit as st

from db.quality.gold_checks import gold_clips, gold_scores
from db.quality.shares import Share
from labeler.app.opened import Serving
from labeler.words.run import counted


def show_gold_items(now: Serving) -> None:
    """The table, and how to get one."""
    share = now.project.settings.gold_share
    with now.project.read() as session:
        scores, known = gold_scores(session), gold_clips(session)
    if share > 0:
        st.text(f"{share:.0%} of the clips served are gold checks, from {counted(known, 'clip')} with a fixed label.")
    else:
        st.text(
            f"No gold checks are served: give them a share on the page Settings. {counted(known, 'clip')} with a fixed label."
        )
    with st.expander("Why?"):
        st.markdown(
            "A gold check is a clip whose label was fixed on the Review page. It is mixed in at the set share and looks like any "
            "other clip. Nobody gets one that they have answered before. Its answer counts for the reliability of the annotator "
            "and for agreement. It changes neither the label nor what the classifier learns from nor the random slice."
        )
    if not scores:
        st.text("No gold check has been answered yet.")
        return
    labels = list(dict.fromkeys(label for score in scores for label in score.by_label))
    rows = [
        {
            "Annotator": score.annotator,
            "Right": _of(score.right),
            "Share": _percent(score.right),
            "95% interval": f"{score.right.low:.0%}–{score.right.high:.0%}",
            "Unsure or skipped": score.undecided,
            **{f"On {label}": _of(score.by_label[label]) if label in score.by_label else "" for label in labels},
        }
        for score in scores
    ]
    st.dataframe(rows, hide_index=True, key="gold-scores")


def _of(share: Share) -> str:
    return f"{share.hits:.0f} of {share.of}"


def _percent(share: Share) -> str:
    return "" if share.value is None else f"{share.value:.0%}"
