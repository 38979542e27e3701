"""The section: does an encoder that is trained on the labels beat the usual classifier, and is it worth the time to find out?"""

from __future__ import annotations

import streamlit as st

from db.dashboard import DashboardFacts
from db.finetuned.document import read_finetuned
from db.finetuned.worth_trying import labelled_now, worth_trying
from db.records.people.roles import may_lead
from labeler.app.opened import serving
from labeler.app.pages.dashboard.explained import why
from labeler.app.pages.dashboard.fine_tuning.last import show_last
from labeler.app.pages.dashboard.fine_tuning.started import show_started
from labeler.app.pages.entry.required import role_for_navigation
from labeler.app.pages.plain_text import plain


def show_fine_tuning(facts: DashboardFacts) -> None:
    """Whether it is worth trying, and the last result; leads can start one."""
    now = serving()
    with now.project.read() as session:
        answer = worth_trying(labelled_now(session))
    found = read_finetuned(now.project.heads_dir)
    left, right = st.columns([2.1, 1], gap="medium")
    with left:
        st.markdown(plain(answer.sentence))
        if found is not None:
            show_last(found, facts)
    with right:
        if may_lead(role_for_navigation()):
            show_started(now, answer)
        why(
            [
                "The usual classifier leaves the encoder as it is. Fine-tuning trains the encoder itself on the labels, once for "
                "each fold, so it takes minutes to hours; labelling goes on meanwhile.",
                "V-FT trains the transformer on the labels. TAPT first continues the encoder's own pre-training on the clips; "
                "P-TAPT first predicts clusters of their frames.",
                "“Only compare” changes nothing: the usual classifier goes on, and the result says which one is better.",
                "“Predict with it” gives the network to `earmark predict`. “Make it the encoder” trains one on labels outside of "
                "the random slice; then all features are made anew. You can go back from both.",
            ],
            key="fine-tuning",
        )
