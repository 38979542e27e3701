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
from labeler.app.pages.dashboard.explained import chart, data_of
from labeler.app.pages.moments import today_or_moment
from labeler.app.pages.plain_text import plain
from labeler.charts.labels import intervals_chart
from labeler.words.run import counted
from labeler.words.team import team_in_words

_MOST = 200
"""Clips listed."""
_RELIABILITY = [
    "Reliability is the probability that a label of this person is the clip's true label. It is measured on gold clips, or "
    "else by the answers of the others.",
    "The dashed line is what guessing brings.",
]


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
                "Newest": today_or_moment(speed.last_at) if speed else "",
                "Reliability": None if good is None or good.reliability is None else 100 * good.reliability,
                "95%": _between(good),
                "Drift": [] if good is None else [100 * point.reliability for point in good.drift],
                "Measured on": _measured_on(good),
            }
        )
    rows.sort(key=lambda row: -row["Answers"])
    st.dataframe(
        _columns(rows),
        hide_index=True,
        placeholder="",
        key="people-table",
        column_config={
            "Seconds each": st.column_config.NumberColumn(format="%.1f", help="Median from the first sound to the answer"),
            "An hour": st.column_config.NumberColumn(help="Answers in the hours with any, of the last 24"),
            "Last 24 hours": st.column_config.BarChartColumn(help="Answers in each hour"),
            "Reliability": st.column_config.NumberColumn(format="%.0f%%", help="How often a label of this person is right"),
            "Drift": st.column_config.LineChartColumn(y_min=0, y_max=100, help="Reliability, first answers to newest"),
        },
    )
    data_of(lambda: rows, name="people")


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _measured_on(good: AnnotatorQuality | None) -> str:
    return "" if good is None or good.reliability is None else f"{counted(good.clips, 'clip')}, {good.measured_on}"


def _between(good: AnnotatorQuality | None) -> str:
    return "" if good is None or good.reliability is None else f"{100 * good.low:.0f}–{good.high:.0%}"


def _reliability(facts: DashboardFacts, team: TeamReport) -> None:
    st.markdown("**Reliability**, with its 95% interval")
    rows = [
        {
            "label": facts.annotators.get(who.annotator, "?"),
            "value": who.reliability,
            "low": who.low,
            "high": who.high,
            "clips": who.clips,
        }
        for who in sorted(team.annotators, key=lambda each: -1 if each.reliability is None else each.reliability)
        if who.reliability is not None
    ]
    if rows:
        chance = 1 / max(len(facts.labels), 1)
        drawn = intervals_chart(rows, value="Reliability", clips="Clips", chance=chance)
        chart(drawn, lambda: rows, name="reliability-of-people", because=_RELIABILITY)
    for sentence in team_in_words(team, facts.annotators, labels=len(facts.labels)):
        st.caption(plain(sentence))


def _pairs(facts: DashboardFacts, team: TeamReport) -> None:
    pairs = sorted(team.pairs, key=lambda pair: (pair.agreement, -pair.clips))
    st.markdown("**Who disagrees with whom**")
    if not pairs:
        st.caption("No two people have labelled the same clips yet.")
        return
    words = {place: _pair_in_words(facts, pair) for place, pair in enumerate(pairs)}
    pair = pairs[choose(st, "Pairs, least agreement first", words, key="people-pair", start=0)]
    with serving().project.read() as session:
        differ = disagreements(session, pair.first, pair.second, limit=_MOST)
        known = listed_clips(session, (each.clip_id for each in differ))
    names = tuple(facts.annotators.get(who, "?") for who in (pair.first, pair.second))
    rows = [(each.clip_id, (each.first, each.second)) for each in differ]
    show_clips(known, rows, heads=names, key="people-clips")


def _pair_in_words(facts: DashboardFacts, pair: AnnotatorPair) -> str:
    first, second = (facts.annotators.get(who, "?") for who in (pair.first, pair.second))
    kappa = "" if pair.kappa is None else f", kappa {pair.kappa:.2f}"
    return f"{first} and {second}: agree on {pair.agreement:.0%} of {counted(pair.clips, 'clip')}{kappa}"
