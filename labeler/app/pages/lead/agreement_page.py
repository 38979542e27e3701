"""How well people agree, how many clips they must share to know it better, and what the guidelines did to it."""

from __future__ import annotations

import difflib

import streamlit as st

from db.models import GuidelineVersion
from db.quality.agreement_plan import USUAL_AGREEMENT, Expected, expected_from, plans
from db.quality.shared_clips import AgreementNow, UnderVersion, agreement_by_version, agreement_now
from db.quality.shares import apart
from db.records.labels import active_labels
from labeler.app.opened import Serving
from labeler.app.pages.moments import stretch
from labeler.app.pages.plain_text import plain
from labeler.words.run import counted


def show_agreement_plan(now: Serving) -> None:
    """What is known, and a form for what is wished."""
    with now.project.read() as session:
        known, labels = agreement_now(session), len(active_labels(session))
    st.text(_known_in_words(known))
    expected = expected_from(known, labels=labels)
    first, second, third = st.columns(3)
    count = first.number_input("Labels", 2, 1000, max(labels, 2), key="plan-labels")
    agreed = second.number_input("Expected agreement, %", 1, 99, round(100 * min(expected.agreed, 0.99)), key="plan-agreed")
    within = third.number_input("Wished interval, ± points", 1, 50, 5, key="plan-within")
    kinds = ["Beyond chance (kappa, alpha)", "Share of pairs that are alike"]
    beyond = st.segmented_control("Measure", kinds, default=kinds[0], key="plan-measure") != kinds[1]
    from_data = known is not None and count == labels
    given = Expected(agreed=agreed / 100, labels=int(count), by_chance=expected.by_chance if from_data else None)
    rows = [
        {"Annotators per clip": plan.annotators, "Clips": plan.clips, "Answers": plan.answers}
        for plan in plans(given, half_width=within / 100, beyond_chance=beyond)
    ]
    st.dataframe(rows, hide_index=True, key="plan-table")
    with st.expander("Why?"):
        st.markdown(
            f"Before there are answers, {USUAL_AGREEMENT:.0%} is a common guess. With two people a clip is alike or not; "
            "more people on a clip give more pairs. This assumes that all clips are equally hard. They are not, so more clips "
            "with two people are safer than fewer with five. The setting overlap_share serves clips to a second person."
        )


def _known_in_words(known: AgreementNow | None) -> str:
    if known is None:
        return "No clip has labels of two people yet."
    beyond = "" if known.kappa is None else f"; beyond chance {known.kappa:.2f} ± {known.half_width / (1 - known.by_chance):.2f}"
    alike = f"{known.agreed:.0%} ± {100 * known.half_width:.0f} points of pairs are alike"
    return f"So far: {alike} on {counted(known.clips, 'clip')}{beyond}."


def show_guidelines(now: Serving) -> None:
    """The versions, newest first, each with the agreement under it and what changed."""
    with now.project.read() as session:
        under = agreement_by_version(session)
        contents = {row.id: row.content for row in session.query(GuidelineVersion)}
    versions = [one for one in under if one.version is not None]
    if not versions:
        st.text("There are no guidelines yet, so there is no version of them.")
        return
    for place in range(len(under) - 1, -1, -1):
        one, before = under[place], under[place - 1] if place else None
        if one.version is None:
            st.markdown(f"**Before the first version**  \n{_agreed(one)}")
            continue
        who = f" by {plain(one.version.changed_by)}" if one.version.changed_by else ""
        when = stretch(one.version.created_at, one.version.created_at)
        st.markdown(f"**Version {one.version.number}**, {when}{who}  \n{_agreed(one)}{_compared(one, before)}")
        with st.expander(f"What changed in version {one.version.number}"):
            older = contents[before.version.id] if before is not None and before.version is not None else None
            lines = difflib.unified_diff(_text(older), _text(contents[one.version.id]), lineterm="", n=2)
            st.code("\n".join(list(lines)[2:]) or "Nothing in the text.", language="diff", wrap_lines=True)


def _agreed(one: UnderVersion) -> str:
    if not one.agreed.of:
        return "Two people have labelled no clip under it."
    share = one.agreed.hits / one.agreed.of
    return f"{share:.0%} of pairs alike (95%: {one.agreed.low:.0%}–{one.agreed.high:.0%}) on {counted(one.agreed.of, 'clip')}."


def _compared(one: UnderVersion, before: UnderVersion | None) -> str:
    if before is None or not one.agreed.of or not before.agreed.of:
        return ""
    if not apart(one.agreed, before.agreed):
        return " The intervals overlap, so this does not show that agreement changed."
    higher = one.agreed.hits / one.agreed.of > before.agreed.hits / before.agreed.of
    return f" That is {'more' if higher else 'less'} than before; clips and people may differ, too."


def _text(content: dict[str, object] | None) -> list[str]:
    if content is None:
        return []
    labels = content.get("labels")
    parts = [str(content.get("text") or "")]
    parts += [f"## {name}\n{text}" for name, text in labels.items()] if isinstance(labels, dict) else []
    return "\n".join(part for part in parts if part).splitlines()
