"""Answers that the server cannot take now, or ever: none is lost, and the page says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import func, select

from db.models import Flag
from tests.browser.served import Seat, Served, answers_meet, let_through, no_connection
from tests.filled_projects import LABELS
from tests.supervised_processes import wait_for

pytestmark = pytest.mark.browser

SENTENCE = "This answer was given too long ago."


def refuse(route: Route) -> None:
    answers = json.loads(route.request.post_data or "")["answers"]
    results = [{"uuid": answer["uuid"], "status": "refused", "error": SENTENCE} for answer in answers]
    route.fulfill(json={"results": results, "saved": None})


@contextmanager
def moved(directory: Path) -> Iterator[None]:
    """The project lies elsewhere for a while."""
    elsewhere = directory.rename(directory.with_name("elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(directory)


def test_what_the_server_refuses_stays_in_the_browser_and_can_be_sent_again(
    seat_in: Callable[..., Seat], browser: Browser, served: Served
) -> None:
    context = browser.new_context()
    seat = seat_in(context=context).open()
    answers_meet(seat.page, refuse)
    pressed = [(seat.press("1"), LABELS[0]), (seat.press("2"), LABELS[1])]
    expect(seat.part("save-state")).to_have_text("2 answers not saved")
    expect(seat.part("set-aside")).to_contain_text(SENTENCE)
    seat.page.close()
    let_through(seat.page)
    reopened = seat_in(context=context).open()
    expect(reopened.part("set-aside")).to_contain_text("2 answers were not saved and are kept in this browser")
    assert served.standing() == []
    with reopened.page.expect_download() as download:
        reopened.part("aside-download").click()
    kept = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert [answer["label"] for answer in kept] == [label for _, label in pressed]
    reopened.part("aside-send").click()
    reopened.expect_saved(2)
    expect(reopened.part("set-aside")).to_be_hidden()
    assert served.answers_of([name for name, _ in pressed]) == pressed
    context.close()


def test_what_was_refused_can_be_discarded_by_pressing_twice(seat: Seat, served: Served) -> None:
    seat.open()
    answers_meet(seat.page, refuse)
    seat.press("1")
    seat.part("aside-discard").click()
    expect(seat.part("aside-discard")).to_have_text("Discard for good?")
    expect(seat.part("set-aside")).to_be_visible()
    seat.part("aside-discard").click()
    expect(seat.part("set-aside")).to_be_hidden()
    expect(seat.part("save-state")).to_have_text("All saved")
    kept = seat.page.evaluate("Object.keys(localStorage)")
    assert [key for key in kept if key.startswith("earmark:")] == []


def test_fifty_flags_with_long_notes_leave_when_the_connection_is_back(seat: Seat, served: Served) -> None:
    seat.open()
    answers_meet(seat.page, no_connection)
    note = "\u2713" * 500
    for _ in range(50):
        seat.page.keyboard.press("f")
        seat.part("flag-note").fill(note)
        seat.page.keyboard.press("Enter")
    name = seat.press("1")
    expect(seat.part("save-state")).to_contain_text("51 answers not saved yet")
    let_through(seat.page)
    # As browsers report it. Without this, the page tries again within 15 seconds.
    seat.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(seat.part("save-state")).to_have_text("All saved", timeout=30_000)
    assert served.answers_of([name]) == [(name, LABELS[0])]
    with served.project.read() as session:
        assert session.scalar(select(func.count()).where(Flag.note == note)) == 50


def test_a_key_just_before_the_page_goes_is_an_answer(seat: Seat, served: Served) -> None:
    seat.open()
    name = seat.clip
    seat.page.keyboard.press("1")
    seat.page.goto("about:blank")
    wait_for(lambda: [row.file_name for row in served.standing()] == [name], what="the answer to be stored")


def test_a_project_that_is_moved_while_it_is_served_acknowledges_nothing(seat: Seat, served: Served) -> None:
    seat.open()
    seat.press("1")
    seat.expect_saved(1)
    with moved(served.project.directory):
        name = seat.press("2")
        expect(seat.part("save-state")).to_contain_text("1 answer not saved yet, kept here")
        expect(seat.part("save-state")).to_contain_text("The project's database was deleted, moved or replaced")
        expect(seat.part("saved-count")).to_have_text("1")
    seat.expect_saved(2)
    assert served.answers_of([name]) == [(name, LABELS[1])]


def test_the_other_pages_say_that_the_project_was_moved(seat: Seat, served: Served) -> None:
    seat.open()
    seat.page.get_by_role("link", name="Dashboard").click()
    expect(seat.page.get_by_text("Labels done")).to_be_visible()
    message = seat.page.get_by_text("The project's database was deleted, moved or replaced")
    with moved(served.project.directory):
        expect(message).to_be_visible()
        seat.page.get_by_role("link", name="Review").click()
        expect(seat.page.get_by_text("Labels done")).to_be_hidden()
        expect(message).to_be_visible()
    seat.page.get_by_role("link", name="Dashboard").click()
    expect(seat.page.get_by_text("Labels done")).to_be_visible()
    expect(message).to_be_hidden()
