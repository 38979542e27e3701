"""What is wrong, at a glance: each line leads to the section that shows more."""

from __future__ import annotations

import streamlit as st

from db.dashboard import DashboardFacts
from db.finetuned.document import read_finetuned
from db.finetuned.worth_trying import Labelled, worth_trying
from labeler.app.opened import serving
from labeler.app.pages.dashboard.mixups import mix_ups
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted

SECTION = "dashboard-section"
LABELS, MIX_UPS, PEOPLE, DOUBTS, MAP, FINE_TUNING = "Each label", "Mix-ups", "Annotators", "Doubts", "Map", "Fine-tuning"
_ASKED, _SHOWS = "dashboard-glance-asked", "dashboard-glance-shows"
SECTIONS = [MIX_UPS, LABELS, PEOPLE, DOUBTS, MAP, FINE_TUNING]


def glance(facts: DashboardFacts) -> None:
    """A line for each finding."""
    found = [
        line
        for line in (_mixed_up(facts), _weakest(facts), *_people(facts), _doubts(facts), _asked(facts), _tuning(facts))
        if line
    ]
    if not found:
        return
    with st.container(horizontal=True, gap="small", key="glance"):
        for place, (words, section) in enumerate(found):
            st.button(plain(words), key=f"glance-{place}", on_click=_open, args=(section,), type="secondary")


def _open(section: str) -> None:
    st.session_state[SECTION] = section
    st.session_state[_ASKED] = st.session_state.get(_ASKED, 0) + 1
    st.session_state[_SHOWS] = True


def section_asked() -> int:
    """Another number each time that a line was pressed, in the run that follows; otherwise 0."""
    return int(st.session_state[_ASKED]) if st.session_state.pop(_SHOWS, False) else 0


def _mixed_up(facts: DashboardFacts) -> tuple[str, str] | None:
    pairs = [] if facts.run is None else mix_ups(facts.run.report.tested)
    if not pairs:
        return None
    first, second = (facts.label_names.get(label, "?") for label in (pairs[0].first, pairs[0].second))
    return f"Mixed up most: {first} and {second}, {counted(pairs[0].clips, 'clip')}", MIX_UPS


def _weakest(facts: DashboardFacts) -> tuple[str, str] | None:
    per_label = {} if facts.run is None else facts.run.report.per_label
    known = {name: (recall.recall, -recall.clips) for name, recall in per_label.items() if recall.recall is not None}
    if not known:
        return None
    # Of two labels that are as weak, the one that is known better.
    name = min(known, key=lambda label: known[label])
    return f"Weakest label: {name}, recall {known[name][0]:.0%} of {counted(-known[name][1], 'clip')}", LABELS


def _people(facts: DashboardFacts) -> list[tuple[str, str]]:
    team = None if facts.run is None else facts.run.report.team
    if team is None:
        return []
    lines = []
    if team.pairs:
        pair = min(team.pairs, key=lambda each: (each.agreement, -each.clips))
        first, second = (facts.annotators.get(who, "?") for who in (pair.first, pair.second))
        lines.append((f"Disagree most: {first} and {second}, agree on {pair.agreement:.0%}", PEOPLE))
    measured = [who for who in team.annotators if who.reliability is not None]
    if len(measured) > 1:
        least = min(measured, key=lambda who: who.reliability or 0.0)
        name = facts.annotators.get(least.annotator, "?")
        lines.append((f"Least reliable: {name}, right {least.reliability:.0%} of the time", PEOPLE))
    return lines


def _doubts(facts: DashboardFacts) -> tuple[str, str] | None:
    suspects = (facts.run.report.suspects or []) if facts.run is not None else []
    return (f"Doubtful labels: {len(suspects)}", DOUBTS) if suspects else None


def _tuning(facts: DashboardFacts) -> tuple[str, str] | None:
    """That fine-tuning is worth trying, until somebody has tried it."""
    if facts.run is None:
        return None
    report = facts.run.report
    # As of the run, which has counted already: this line is drawn with every answer.
    found = Labelled(per_label=report.examples, tested=sum(map(sum, report.confusion.counts)), speakers={None})
    if not worth_trying(found).worth or read_finetuned(serving().project.heads_dir) is not None:
        return None
    return "Fine-tuning is worth a try", FINE_TUNING


def _asked(facts: DashboardFacts) -> tuple[str, str] | None:
    return (f"Flagged clips: {facts.now.flagged}", DOUBTS) if facts.now.flagged else None
