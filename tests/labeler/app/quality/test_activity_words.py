"""The lines of the page Activity: in words, and harmless whatever people wrote."""

from __future__ import annotations

import sys

import pytest
from streamlit.testing.v1 import AppTest

from db.activity.happened import Happening, Kind
from db.decisions.guidelines import note_guidelines
from db.models import Source
from db.project import OpenProject
from db.records.people.events import record_event
from labeler.app.opened import VARIABLE
from labeler.app.pages.lead.activity_words import in_words
from tests.filled_projects import add_clips, answer

HOSTILE = "[x](javascript:alert(1)) **bold** <b>"


def line(kind: Kind, what: str, details: dict[str, object] | None = None, *, count: int = 1) -> str:
    words = in_words(Happening(kind, "Lea", 0.0, 0.0, what, count=count, details=details or {}))
    return words.replace("\\", "").replace(":small[]", "")


def test_each_kind_has_its_words() -> None:
    assert line(Kind.ANSWERS, "given", count=42) == "42 answers"
    assert line(Kind.ANSWERS, "imported") == "1 answer imported"
    assert line(Kind.CLIPS, "added", count=3) == "3 clips added"
    assert line(Kind.WITHDRAWALS, "withdrawn", {"reason": "consent"}, count=2) == "2 clips withdrawn: consent"
    assert line(Kind.WITHDRAWALS, "withdrawn", {"reason": None}, count=2) == "2 clips withdrawn"
    names = {"before": None, "after": None, "label": "sad", "into": None}
    assert line(Kind.LABELS, "add", {**names, "after": "sad"}) == "label *sad* added"
    assert line(Kind.LABELS, "rename", {**names, "before": "sad", "after": "low"}) == "label *sad* renamed to *low*"
    assert line(Kind.LABELS, "merge", {**names, "into": "low"}) == "label *sad* merged into *low*"
    assert line(Kind.LABELS, "retire", {**names, "before": "sad"}) == "label *sad* retired"
    assert line(Kind.GUIDELINES, "version", {"number": 2}) == "guidelines, version 2"
    back = {"annotator": "Ada", "answers": [1, 2], "brought_back": True}
    assert line(Kind.TAKEN_BACK, "answers-taken-back", back) == "2 answers of Ada taken back, undone since"
    assert line(Kind.TAKEN_BACK, "answers-reinstated", {"annotator": "Ada", "answers": 2}) == "2 answers of Ada brought back"


def test_an_event_of_any_other_kind_is_shown_with_its_details() -> None:
    details: dict[str, object] = {"key": "gold_share", "before": None, "after": 0.2, "clips": [1, 2, 3, 4], "few": [1, 2]}
    shown = line(Kind.OTHERS, "setting-changed", details)
    assert shown == "setting changed: key gold_share, after 0.2, clips (4), few 1, 2"
    assert len(line(Kind.OTHERS, "note", {"text": "x" * 5000})) < 300


def activity_page() -> None:
    """The script of the page."""
    import streamlit as st

    from labeler.app.pages.lead.activity import show_activity

    st.session_state["annotator"] = "Lea"
    show_activity()


def test_every_part_of_the_page_shows_a_hostile_project_without_an_error(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = add_clips(project, 3)
    for clip in clips:
        answer(project, clip, annotator="<b>Ada</b>")
        answer(project, clip, annotator="lead", source=Source.REVIEW, gold=True)
        answer(project, clip, "sad", annotator="$x$", source=Source.GOLD_CHECK)
    with project.write() as session:
        record_event(session, HOSTILE[:32], by=HOSTILE, details={HOSTILE: HOSTILE})
        note_guidelines(session, HOSTILE, by=HOSTILE)
        note_guidelines(session, f"{HOSTILE}\n```\nmore", by=None)
    # It makes its script the main module, where processes that other tests start would look for what they run.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    page = AppTest.from_function(activity_page, default_timeout=60).run()
    for part in ("What happened", "Remarks", "Gold checks", "Agreement plan", "Guidelines"):
        page.session_state["activity-shown"] = part
        page.run()
        assert not page.exception, page.exception
        assert not page.error
        texts = [text.value for text in page.markdown]
        assert not any("<b>Ada" in text or HOSTILE in text for text in texts)
