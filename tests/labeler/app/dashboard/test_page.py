"""The Dashboard as a lead sees it: its figures, which are of one run, and its sections."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from db.models import Clip, Lease, Source
from db.project import OpenProject
from db.records.learner_state import report_state
from db.records.lease_clock import lease_time
from db.records.people.annotators import annotator_named
from labeler.app.opened import VARIABLE
from labeler.app.pages.dashboard.glance import DOUBTS, LABELS, PEOPLE, SECTION
from tests.filled_projects import add_clips, answer
from tests.labeler.app.dashboard.reports import record, team_of


def dashboard() -> None:
    """The script of a page."""
    from labeler.app.pages.dashboard.page import show_dashboard

    show_dashboard()


@pytest.fixture
def opened(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    """Opens the page."""
    # It makes its script the main module, where processes that other tests start would look for what they run.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))

    def run() -> AppTest:
        page = AppTest.from_function(dashboard, default_timeout=60).run()
        assert not page.exception
        return page

    return run


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value.replace("\\", "") for metric in page.metric}


def texts(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.text, *page.info, *page.warning]
    return "\n".join(element.value for element in shown).replace("\\", "").replace(":small[]", "")


def test_an_empty_project_says_what_to_do(opened: Callable[[], AppTest]) -> None:
    page = opened()
    assert figures(page)["How good"] == "Not known yet"
    assert figures(page)["Labels done"] == "0"
    assert "Nothing is labelled yet: people label on the page Label" in texts(page)
    assert "No learner has run yet; `earmark serve` starts one" in texts(page)


def test_the_figures_answer_how_good_how_sure_how_much_more_and_whether_to_stop(
    project: OpenProject, opened: Callable[[], AppTest]
) -> None:
    for clip in add_clips(project, 30)[:12]:
        answer(project, clip)
    record(project, last_decision=12)
    page = opened()
    assert figures(page) == {
        "How good": "62%",
        "How sure": "±10 points",
        "Labels done": "12",
        "How much more": "about 20",
        "Stop?": "Go on",
    }
    assert "UA, 95%: 52%–72%; new speakers: 45%–77%" in texts(page)
    assert "On a group of 3 new speakers: UA 0.45–0.77 (95%)" in texts(page)
    assert "Speakers differ by 8 points (standard deviation)." in texts(page)
    assert "About 69 more random clips would narrow the interval to ±5 points." in texts(page)
    # A line in place of the one that newer answers bring: with it, the page does not jump.
    assert "Measured as of" not in texts(page)
    assert ", with all answers." in texts(page)


def test_figures_that_are_being_measured_anew_are_the_older_ones_and_say_so(
    project: OpenProject, opened: Callable[[], AppTest]
) -> None:
    clips = add_clips(project, 30)
    answer(project, clips[0])
    record(project, ua=0.62, last_decision=1)
    for clip in clips[1:4]:
        answer(project, clip)
    record(project, ua=0.71, last_decision=4, complete=False)
    page = opened()
    assert figures(page)["How good"] == "62%"
    assert "3 answers ago; measuring anew." in texts(page)


def test_what_holds_the_accuracy_up_is_named(project: OpenProject, opened: Callable[[], AppTest]) -> None:
    add_clips(project, 6)
    with project.read() as session:
        in_order = [clip.id for clip in session.query(Clip).order_by(Clip.slice_key, Clip.id)]
    with project.write() as session:
        now, who = lease_time(), annotator_named(session, "Bo").id
        session.add(Lease(clip_id=in_order[0], annotator_id=who, source=Source.RANDOM, created_at=now, expires_at=now + 600))
    for clip in in_order[1:4]:
        answer(project, clip)
    record(project, last_decision=3)
    assert "23 of the 26 random answers count" in texts(page := opened())
    assert "is open with Bo until" in texts(page)


def test_a_learner_at_work_is_shown(project: OpenProject, opened: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow this machine is.
    monkeypatch.setattr("labeler.app.pages.dashboard.learner_line.STALE_SECONDS", 1e6)
    with project.write() as session:
        report_state(session, state="evaluating", done=3, total=8)
    assert "The learner is measuring accuracy (3 of 8)." in texts(opened())


def test_a_glance_leads_to_the_section(project: OpenProject, opened: Callable[[], AppTest]) -> None:
    for clip in add_clips(project, 30)[:12]:
        answer(project, clip)
    record(project, team=team_of(project, {"Ann": 0.9, "Cleo": 0.41}))
    page = opened()
    words = [button.label.replace("\\", "") for button in page.button]
    assert "Mixed up most: angry and sad, 2 clips" in words
    assert "Least reliable: Cleo, right 41% of the time" in words
    disagree = next(button for button in page.button if button.label.startswith("Disagree most"))
    disagree.click().run()
    assert page.session_state[SECTION] == PEOPLE
    assert "Who disagrees with whom" in texts(page)


def test_the_section_of_labels_shows_what_a_threshold_brings(project: OpenProject, opened: Callable[[], AppTest]) -> None:
    for clip in add_clips(project, 30)[:12]:
        answer(project, clip)
    record(project)
    page = opened()
    page.session_state[SECTION] = LABELS
    page.run()
    assert "At 0.80, “sad” is right 94% of the time (81–98%) and keeps 61% of the clips" in texts(page)
    assert "Still missing: angry 46, happy 46, sad 46." in texts(page)
    page.number_input(key="labels-goal").set_value(4).run()
    assert "Every label has reached the goal." in texts(page)


@pytest.mark.parametrize("section", [PEOPLE, DOUBTS, LABELS, "Map", "Mix-ups"])
def test_every_section_opens_before_anything_is_measured(
    project: OpenProject, opened: Callable[[], AppTest], section: str
) -> None:
    answer(project, add_clips(project, 3)[0])
    page = opened()
    page.session_state[SECTION] = section
    page.run()
    assert not page.exception
    assert not page.error


def test_names_of_people_and_labels_are_text(project: OpenProject, opened: Callable[[], AppTest]) -> None:
    for clip in add_clips(project, 30)[:12]:
        answer(project, clip, annotator="# *Ann* :house:")
    record(project, missing_labels=["<b>sad</b> *x*"], team=team_of(project, {"# *Ann* :house:": 0.9, "Bo": 0.5}))
    page = opened()
    assert any("\\<b\\>sad\\<\\/b\\> \\*x\\*" in element.value for element in page.markdown)
    assert any("\\# \\*Ann\\*" in button.label for button in page.button)
