"""Who labels how fast, how reliable each one is, and who disagrees with whom about which clips."""

from __future__ import annotations

from typing import Any

import streamlit as st

from db.dashboard import DashboardFacts
from db.decisions.listed import disagreements, listed_clips
from db.reports import AnnotatorPair, AnnotatorQuality, TeamReport
from labeler.app.opened import serving
from labeler.app.pages.choosing import choose
from labeler.app.pages.dashboard.clips_of import show_clips
from labeler.app.pages.dashboard.explained import chart, clock, data_of, why
from labeler.charts.labels import intervals_chart
from labeler.words.run import counted
from labeler.words.team import team_in_words

_MOST = 200
"""Clips listed."""


def show_people(facts: DashboardFacts) -> None:
    """The table of people, their reliability, and the pairs."""
    if not facts.annotators:
        st.caption("Nobody has answered yet: people label on the page Label.")
        return
    team = None if facts.run is None else facts.run.report.team
    _table(facts, team)
    if team is None:
        st.caption("Reliability and agreement are measured as soon as some clips have answers of several annotators.")
        return
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        _reliability(facts, team)
    with right:
        _pairs(facts, team)


def _table(facts: DashboardFacts, team: TeamReport | None) -> None:
    quality = {} if team is None else {who.annotator: who for who in team.annotators}
    pace = {who.annotator_id: who for who in facts.pace}
    rows: list[dict[str, Any]] = []
    for annotator, name in facts.annotators.items():
        speed, good = pace.get(annotator), quality.get(annotator)
        if speed is None and good is None:
            continue
        rows.append(
            {
                "Name": name,
                "Answers": speed.answers if speed else good.answers if good else 0,
                "Seconds each": speed.seconds if speed else None,
                "An hour": round(speed.an_hour) if speed and speed.an_hour else None,
                "Last 24 hours": speed.by_hour if speed else [],
                "Newest": clock(speed.last_at) if speed else "",
                "Reliability": None if good is None or good.reliability is None else 100 * good.reliability,
                "95%": _between(good),
                "Drift": [] if good is None else [100 * point.reliability for point in good.drift],
