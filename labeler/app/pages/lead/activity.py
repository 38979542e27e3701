"""Activity: who did what when, remarks, gold checks, agreement, and versions of the guidelines."""

from __future__ import annotations

import streamlit as st

from labeler.app.opened import serving
from labeler.app.pages.asked_name import ask_for_name, known_name
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.lead.activity_list import show_list
from labeler.app.pages.lead.agreement_page import show_agreement_plan, show_guidelines
from labeler.app.pages.lead.gold_items import show_gold_items
from labeler.app.pages.lead.remarks import show_remarks

_HAPPENED, _REMARKS, _GOLD, _PLAN, _GUIDES = "What happened", "Remarks", "Gold checks", "Agreement plan", "Guidelines"


def show_activity() -> None:
    """The page. Only what is shown is read."""
    require_lead()
    name = known_name()
    if name is None:
        ask_for_name("Who is leading?", "Show the activity")
        return
    now = serving()
    st.title("Activity", anchor=False)
    parts = [_HAPPENED, _REMARKS, _GOLD, _PLAN, _GUIDES]
    shown = st.segmented_control("Show", parts, default=_HAPPENED, key="activity-shown", label_visibility="collapsed")
    if shown == _REMARKS:
        show_remarks(now, name)
    elif shown == _GOLD:
        show_gold_items(now)
    elif shown == _PLAN:
        show_agreement_plan(now)
    elif shown == _GUIDES:
        show_guidelines(now)
    else:
        show_list(now, name)
