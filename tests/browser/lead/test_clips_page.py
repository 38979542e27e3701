"""The page Clips in a browser: a clip is found, played by a click, asked again, and served to another annotator."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.models import Clip
from tests.browser.served import Seat, Served
from tests.filled_projects import answer

pytestmark = pytest.mark.browser


def click_first_row(page: Page) -> None:
    """Click the first cell of the first line: the table is a picture to the browser."""
    table = page.locator(".st-key-clips-table-box .dvn-scroller")
    expect(table).to_be_visible()
    table.click(position={"x": 120, "y": 52})


def test_a_clip_is_found_played_and_asked_again(seat_in: Callable[..., Seat], browser: Browser, served: Served) -> None:
    with served.project.read() as session:
        clip = session.scalars(select(Clip.id).where(Clip.file_name.like("%07.wav"))).one()
    answer(served.project, clip, "sad", annotator="Ann")
    answer(served.project, clip + 1, "sad", annotator="Ben")
    page = seat_in(browser).page
    page.goto(f"{served.url}/clips?annotator=Lead&label=sad")
    expect(page.get_by_text("2 clips")).to_be_visible(timeout=20_000)
    page.get_by_role("textbox", name="Search").fill("07.WAV")
    page.get_by_role("textbox", name="Search").press("Enter")
    expect(page.get_by_text("1 clip", exact=True)).to_be_visible()
    click_first_row(page)
    expect(page.get_by_test_id("clip")).to_have_attribute("data-plays", "1")
    expect(page.get_by_text("sad — Ann")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query) == {"annotator": ["Lead"], "label": ["sad"], "q": ["07.WAV"]}

    page.get_by_text("Change clips").click()
    page.get_by_text("Ask again", exact=True).click()
    page.get_by_role("button", name="Ask again: 1 clip").click()
    expect(page.get_by_text("Asked again: 1 clip.")).to_be_visible()

    ben = seat_in(browser, annotator="Ben")
    ben.open()
    if not ben.clip.endswith("07.wav"):
        ben.press("1")
    assert ben.clip.endswith("07.wav"), "it comes before the queue, after a clip of the random slice"
