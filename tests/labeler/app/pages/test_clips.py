"""The page Clips: what the address asks for is shown, and what a lead does to many clips at once is done, counted and noted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from db.decisions.asked_again import clips_asked_again
from db.decisions.log import live_decisions
from db.models import Clip, ClipState, Event
from db.project import OpenProject
from labeler.app.opened import VARIABLE
from labeler.app.pages.clips import actions
from labeler.app.pages.clips.portions import BulkWork, run_in_portions
from tests.filled_projects import add_clips, answer


def clips_page() -> None:
    """The script of the page."""
    from labeler.app.pages.clips.page import show_clips
    from labeler.app.pages.failing import in_one_sentence

    with in_one_sentence():
        show_clips()


@pytest.fixture
def clips(project: OpenProject) -> list[int]:
    """Six clips; the first three are answered."""
    clips = add_clips(project, 6, speakers=2)
    for clip, label in zip(clips, ("angry", "sad", "sad"), strict=False):
        answer(project, clip, label)
    return clips


@pytest.fixture
def opened(project: OpenProject, clips: list[int], monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens the page at an address with these parameters."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))

    def open_at(**address: str) -> AppTest:
        page = AppTest.from_function(clips_page, default_timeout=120)
        for name, value in {"annotator": "Lead", **address}.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return open_at


def files(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["file"]) if page.dataframe else []


def events(project: OpenProject) -> list[tuple[str, str | None, dict[str, Any]]]:
    with project.read() as session:
        return [(event.kind, event.done_by, event.details) for event in session.scalars(select(Event).order_by(Event.id))]


def said(page: AppTest) -> str:
    return " ".join(each.value for each in [*page.success, *page.warning, *page.error]).replace("\\", "").replace(":small[]", "")


def act(page: AppTest, action: str) -> AppTest:
    page.button_group(key="clips-action").set_value(action).run()
    return page


def test_without_a_name_nothing_is_shown(opened: Callable[..., AppTest]) -> None:
    page = opened(annotator="")
    assert page.text_input(key="annotator-name").label == "Your name"
    assert not page.dataframe


def test_the_address_says_what_is_shown(opened: Callable[..., AppTest]) -> None:
    page = opened(label="sad", sort="file name", down="true")
    assert files(page) == ["2.wav", "1.wav"]
    page.text_input(key="q").set_value("1.WAV").run()
    assert files(page) == ["1.wav"]
    page.text_input(key="q").set_value("100%_").run()
    assert files(page) == []
    page.button(key="clips-all").click().run()
    assert len(files(page)) == 6


def test_nonsense_in_the_address_is_left_out(opened: Callable[..., AppTest]) -> None:
    page = opened(label="<b>", sort="1;drop", page="999", min="x", mark="none", state="gone", show="what", by="Nobody")
    assert len(files(page)) == 6
    assert not page.error


def test_all_that_match_are_asked_again(project: OpenProject, clips: list[int], opened: Callable[..., AppTest]) -> None:
    page = act(opened(), "Ask again")
    page.button(key="clips-do").click().run()
    assert said(page) == "Asked again: 3 clips. 3 others had no answer yet, or were asked already."
    with project.read() as session:
        assert clips_asked_again(session) == set(clips[:3])
    assert events(project) == [("asked-again", "Lead", {"clips": 3})]
    page.button(key="clips-do").click().run()
    assert said(page).startswith("Asked again: 0 clips.")
    assert len(events(project)) == 1, "nothing was done"


def test_labels_are_fixed_in_the_leads_name(
    project: OpenProject, clips: list[int], opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_FIXED_AT_ONCE", 2)
    page = act(opened(label="sad"), "Fix the label")
    page.selectbox(key="clips-fix-as").set_value("happy").run()
    page.button(key="clips-do").click().run()
    assert said(page) == "Fixed as happy: 2 clips."
    with project.read() as session:
        gold = [decision for decision in live_decisions(session) if decision.gold]
    assert [decision.clip_id for decision in gold] == clips[1:3]
    assert not any(decision.blind for decision in gold), "the table shows what the classifier expects"
    assert events(project) == [("gold", "Lead", {"clips": 2, "label": "happy"})]
    assert files(page) == [], "none of them is sad any more"


def test_clips_are_withdrawn_only_with_a_reason_and_their_number(
    project: OpenProject, clips: list[int], opened: Callable[..., AppTest]
) -> None:
    page = act(opened(speaker="s1"), "Withdraw")
    assert "3 clips with 1 answer would be lost for good" in said(page)
    assert page.button(key="clips-do").disabled
    page.text_input(key="clips-typed").set_value("6").run()
    page.text_input(key="clips-reason").set_value("consent").run()
    assert page.button(key="clips-do").disabled, "six clips are not what would be withdrawn"
    page.text_input(key="clips-typed").set_value("3").run()
    page.button(key="clips-do").click().run()
    assert said(page) == "Withdrawn for good: 3 clips."
    with project.read() as session:
        gone = session.scalars(select(Clip.id).where(Clip.state == ClipState.WITHDRAWN).order_by(Clip.id)).all()
    assert gone == clips[1::2]
    assert events(project) == [("withdrawn", "Lead", {"clips": 3, "reason": "consent", "answers": 1})]


def test_nothing_is_done_when_other_clips_match_by_now(
    project: OpenProject, clips: list[int], opened: Callable[..., AppTest]
) -> None:
    page = act(opened(label="sad"), "Ask again")
    answer(project, clips[5], "sad")
    page.button(key="clips-do").click().run()
    assert said(page) == "Other clips match by now than when you looked; look again, and press once more."
    assert events(project) == []
    page.button(key="clips-do").click().run()
    assert said(page) == "Asked again: 3 clips."


def test_work_that_is_stopped_is_noted_as_far_as_it_came(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(project.directory))
    from labeler.app.opened import serving

    def portions() -> Iterator[int]:
        yield 2
        yield 4
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_portions(serving(), BulkWork("gold", "Lead", range(10), {}), portions())  # type: ignore[arg-type]
    assert events(project) == [("gold", "Lead", {"clips": 4})]
