"""Labelling by keyboard through the real app: one key, one answer, and the database holds what was pressed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Error as PlaywrightError

from tests.browser.served import PLAYED, Seat, Served
from tests.filled_projects import LABELS

pytestmark = pytest.mark.browser


def test_thirty_clips_by_keyboard(seat: Seat, served: Served) -> None:
    seat.open()
    pressed = [(seat.press(str(number % 3 + 1)), LABELS[number % 3]) for number in range(30)]
    seat.expect_saved(30)
    assert len({name for name, _ in pressed}) == 30, "no clip came twice"
    assert served.answers_of([name for name, _ in pressed]) == pressed
    for row in served.standing():
        assert row.annotator == "Ann"
        assert row.seconds is not None
        assert row.plays == 1


def test_a_burst_of_keys_loses_none(seat: Seat, served: Served) -> None:
    """Twenty keys, typed fast: each meets a clip, or none at all."""
    seat.record_keys()
    seat.open()
    for number in range(20):
        seat.page.keyboard.press(str(number % 3 + 1))
        seat.page.wait_for_timeout(100)  # Ten keys a second are what the test is about.
    met = [(clip, LABELS[int(key) - 1]) for key, clip in seat.recorded_keys() if clip]
    seat.expect_saved(len(met))
    assert len(met) == 20
    assert served.answers_of([clip for clip, _ in met]) == met


def test_every_kind_of_answer(seat: Seat, served: Served) -> None:
    seat.open()
    unsure = seat.press("u")
    seat.page.keyboard.press("S")
    expect(seat.part("skip-reasons")).to_be_visible()
    skipped, clicked = seat.press("S"), seat.clip
    seat.part("label-2").click()
    expect(seat.player).not_to_have_attribute("data-clip", clicked)
    seat.expect_saved(3)
    assert served.answers_of([unsure, skipped, clicked]) == [(unsure, "unsure"), (skipped, "skip"), (clicked, LABELS[1])]


def test_undo_goes_back_any_number_of_steps(seat: Seat, served: Served) -> None:
    seat.open()
    names = [seat.press("1") for _ in range(6)]
    for name in reversed(names):
        seat.page.keyboard.press("z" if name != names[0] else "Backspace")
        expect(seat.player).to_have_attribute("data-clip", name)
        seat.expect_state(PLAYED)
    seat.expect_saved(0)
    assert served.standing() == []
    again = [seat.press("2") for _ in range(6)]
    seat.expect_saved(6)
    assert again == names
    assert served.answers_of(names) == [(name, LABELS[1]) for name in names]


def test_undo_reaches_answers_of_an_earlier_visit(seat: Seat, served: Served) -> None:
    seat.open()
    first, second = seat.press("1"), seat.press("2")
    seat.expect_saved(2)
    seat.open()
    for name in (second, first):
        seat.page.keyboard.press("z")
        expect(seat.player).to_have_attribute("data-clip", name)
    seat.expect_saved(0)
    seat.page.keyboard.press("z")
    expect(seat.part("last-answer")).to_have_text("Nothing left to undo")
    seat.press("3")
    seat.expect_saved(1)
    assert [(row.file_name, row.label) for row in served.standing()] == [(first, LABELS[2])]


def test_space_pauses_and_enter_replays(seat: Seat, served: Served) -> None:
    seat.open(state="ended")
    name = seat.clip
    seat.page.keyboard.press("Enter")
    seat.expect_state("playing")
    seat.page.keyboard.press(" ")
    seat.expect_state("paused")
    seat.page.keyboard.press(" ")
    seat.expect_state("ended")
    seat.page.keyboard.press(" ")
    seat.expect_state("playing")
    seat.press("1")
    seat.expect_saved(1)
    (row,) = served.standing()
    assert (row.file_name, row.plays) == (name, 3), "the first play, Enter, and space after the end"


def test_a_key_held_down_answers_once(seat: Seat, served: Served) -> None:
    seat.open()
    for _ in range(5):
        seat.page.keyboard.down("1")
    seat.page.keyboard.up("1")
    seat.press("2")
    seat.expect_saved(2)
    assert [row.label for row in served.standing()] == [LABELS[0], LABELS[1]]


def test_keys_mean_nothing_while_typing_or_with_a_modifier(seat: Seat, served: Served) -> None:
    seat.open()
    seat.page.evaluate("document.body.append(Object.assign(document.createElement('input'), {id: 'field'}))")
    seat.page.locator("#field").focus()
    seat.page.keyboard.type("12u s")
    expect(seat.page.locator("#field")).to_have_value("12u s")
    seat.page.evaluate("document.querySelector('#field').remove()")
    for chord in ("Alt+1", "Meta+2", "Control+u"):
        seat.page.keyboard.press(chord)
    seat.press("3")
    seat.expect_saved(1)
    assert [row.label for row in served.standing()] == [LABELS[2]]


def test_tab_only_moves_the_focus_and_enter_presses_what_has_it(seat: Seat, served: Served) -> None:
    seat.open()
    name = seat.clip
    focused = "document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot.activeElement?.dataset.testid"
    for _ in range(30):
        seat.page.keyboard.press("Tab")
        if seat.page.evaluate(focused) == "label-2":
            break
    assert seat.clip == name
    seat.page.keyboard.press("Enter")
    expect(seat.player).not_to_have_attribute("data-clip", name)
    seat.expect_saved(1)
    assert served.answers_of([name]) == [(name, LABELS[1])]


class TestEightClips:
    """A small project, where the tabs of two people hold everything there is."""

    @pytest.fixture
    def clips(self, clips: list[Path]) -> list[Path]:
        return clips[:8]

    def test_the_last_clip_is_followed_by_all_done(self, seat: Seat, clips: list[Path]) -> None:
        seat.open()
        for _ in clips:
            seat.press("1")
        seat.expect_state("empty")
        expect(seat.part("notice")).to_contain_text("All done")
        expect(seat.part("done-count")).to_have_text("8 of 8 clips done")
        seat.page.keyboard.press("z")
        seat.expect_state(PLAYED)
        seat.expect_saved(7)

    def test_clips_that_are_open_elsewhere_are_not_done_and_an_idle_tab_hands_them_back(
        self, seat_in: Callable[..., Seat], browser: Browser, served: Served
    ) -> None:
        ann, ben = seat_in(browser), seat_in(browser, annotator="Ben")
        ann.page.clock.install()
        ann.open()
        ben.open()
        for _ in range(2):
            ben.press("1")
        ben.expect_state("empty")
        expect(ben.part("notice")).to_contain_text("No clip is free at the moment: 6 clips open in another tab")
        ann.expect_state("ended")
        ann.page.clock.run_for(4 * 60 * 1000)
        ben.expect_state(PLAYED)
        for _ in range(5):
            ben.press("2")
        ben.expect_state("empty")
        expect(ben.part("notice")).to_contain_text("No clip is free at the moment: 1 clip open in another tab")
        ann.page.keyboard.press("3")
        expect(ben.part("notice")).to_contain_text("All done: every clip has an answer.")

    def test_after_a_crash_ones_own_open_clips_come_back_at_once(
        self, seat_in: Callable[..., Seat], browser: Browser, served: Served
    ) -> None:
        before = seat_in(browser).open()
        for _ in range(2):
            before.press("1")
        before.expect_saved(2)
        with pytest.raises(PlaywrightError):
            before.page.goto("chrome://crash")
        again = seat_in(browser).open()
        for _ in range(6):
            again.press("2")
        again.expect_saved(8)
        expect(again.part("notice")).to_contain_text("All done: every clip has an answer.")


def test_two_annotators_get_different_clips(seat_in: Callable[..., Seat], browser: Browser, served: Served) -> None:
    ann, bob = seat_in(browser).open(), seat_in(browser, annotator="Bob").open()
    names = [(ann.press("1"), bob.press("2")) for _ in range(8)]
    ann.expect_saved(8)
    bob.expect_saved(8)
    assert len({name for pair in names for name in pair}) == 16
    assert {row.annotator for row in served.standing()} == {"Ann", "Bob"}


def test_the_name_is_asked_once(seat: Seat, served: Served) -> None:
    page = seat.page
    page.goto(served.url)
    name = page.get_by_label("Your name", exact=True)
    expect(name).to_be_focused(timeout=20_000)
    name.fill("   ")
    page.get_by_role("button", name="Start labelling").click()
    expect(page.get_by_text("Please type your name")).to_be_visible()
    name.fill("Zoë <b>*Q*</b>")
    name.press("Enter")
    expect(seat.part("annotator-name")).to_have_text("Zoë <b>*Q*</b>")
    expect(page).to_have_url(re.compile(r"annotator=Zo"))
    page.reload()
    expect(seat.part("annotator-name")).to_have_text("Zoë <b>*Q*</b>")


def test_leaving_the_page_and_coming_back(seat: Seat, served: Served) -> None:
    seat.open()
    first = seat.press("1")
    seat.page.get_by_role("link", name="Dashboard").click()
    expect(seat.page.get_by_role("heading", name="Dashboard")).to_be_visible()
    seat.page.keyboard.press("2")
    seat.page.get_by_role("link", name="Label").click()
    seat.expect_state(PLAYED)
    assert seat.clip != first
    seat.press("3")
    seat.expect_saved(2)
    assert [row.label for row in served.standing()] == [LABELS[0], LABELS[2]]
