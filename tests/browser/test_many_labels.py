"""Sixty labels, five of them digits: each is reachable by key or by its name, on every page, and whole words are shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from db.models import Clip
from db.project import OpenProject, create_project
from labeler.player.label_keys import label_keys
from tests.browser.served import Seat, Served
from tests.filled_projects import answer
from tests.learner.audio_files import tone, written
from tests.supervised_processes import wait_for

pytestmark = pytest.mark.browser

WORDS = ("anger", "boredom", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
LABELS = [*"01234", *WORDS, *(f"crow call {number}" for number in range(46)), "last of all"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[OpenProject]:
    opened = create_project(tmp_path / "project", labels=LABELS)
    yield opened
    opened.close()


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "audio"
    folder.mkdir()
    return [written(folder / f"{number}.wav", tone(200 + 20 * number, 0.4)) for number in range(8)]


def test_on_label_each_label_is_given_by_its_digit_or_by_its_name(seat: Seat, served: Served) -> None:
    seat.open()
    given = [(seat.press(digit), digit) for digit in "041"]
    keyless = [label for label, key in zip(LABELS, label_keys(LABELS, {}), strict=True) if key is None]
    assert "crow call 45" in keyless
    for typed, label in (("crow call 45", "crow call 45"), ("LÀST", "last of all")):
        seat.page.keyboard.press("/")
        expect(seat.part("find-label")).to_be_focused()
        seat.page.keyboard.type(typed)
        expect(seat.part("found")).to_have_text(f"Enter gives: {label}")
        given.append((seat.press("Enter"), label))
    name = seat.clip
    seat.page.keyboard.press("/")
    seat.page.keyboard.type("rc")
    expect(seat.part("found")).to_have_text("No label contains this.")
    seat.page.keyboard.press("Enter")
    seat.page.keyboard.press("Escape")
    assert seat.clip == name
    expect(seat.part("find-label")).to_have_value("")
    given.append((seat.press("2"), "2"))
    seat.expect_saved(len(given))
    assert served.answers_of([name for name, _ in given]) == given
    seat.page.keyboard.press("r")
    expect(seat.page.get_by_role("dialog")).to_have_count(0)

    broken = """element => {
      const range = document.createRange(), text = element.firstChild;
      return element.textContent.split(" ").filter((word) => {
        const at = element.textContent.indexOf(word);
        range.setStart(text, at);
        range.setEnd(text, at + word.length);
        return new Set([...range.getClientRects()].map((box) => box.top)).size > 1;
      });
    }"""
    for width in (1280, 390):
        seat.page.set_viewport_size({"width": width, "height": 720})
        names = seat.page.locator(".labels bdi").all()
        assert len(names) == 60
        assert [name.evaluate(broken) for name in names] == [[]] * 60, f"at {width} px no word is broken"


def press_until_focused(page: Page, key: str, field: Locator) -> None:
    """Press a key as a person does who sees that nothing has happened: the page takes keys once its script has run to the end."""
    for _ in range(20):
        page.keyboard.press(key)
        try:
            expect(field).to_be_focused(timeout=500)
        except AssertionError:
            continue
        return
    expect(field).to_be_focused()


def test_on_review_and_grid_each_label_is_found_by_its_name(seat: Seat, served: Served) -> None:
    page = seat.page
    with served.project.read() as session:
        clip = session.scalars(select(Clip.id).order_by(Clip.id)).first()
    assert clip is not None
    answer(served.project, clip, "0", annotator="ben")
    answer(served.project, clip, "1", annotator="eve")
    page.goto(f"{served.url}/review?annotator=Ann")
    expect(page.get_by_text("Clips to review: 1.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="last of all")).to_be_visible()
    buttons = page.locator("[class*=st-key-review-label-] button")

    def shown() -> list[str]:
        return [text.splitlines()[0].removesuffix(" (R)") for text in buttons.all_inner_texts()]

    # They are drawn one after the other.
    wait_for(lambda: shown() == LABELS, what="the labels in an order in which Tab goes row by row")
    expect(page.get_by_text("Last decided")).to_have_count(0)
    press_until_focused(page, "/", page.get_by_role("combobox", name="Find a label"))
    page.keyboard.type("crow call 45")
    expect(page.get_by_role("option", name="crow call 45")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Last decided: 0.wav: crow call 45")).to_be_visible()

    page.get_by_role("link", name="Grid").click()
    expect(page.get_by_test_id("notice")).to_contain_text("No clip to show")
    page.get_by_role("combobox", name="Label").click()
    page.keyboard.type("crow call 45")
    expect(page.get_by_role("option", name="crow call 45")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Label")).to_have_value("crow call 45")
    page.keyboard.press("c")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_have_count(0)
