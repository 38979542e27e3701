"""The player when things go wrong: no permission to play, no connection, no file, and names that mean harm."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from tests.browser.served import PLAYED, Seat, Served, answers_meet, let_through, no_connection
from tests.filled_projects import LABELS
from tests.learner.audio_files import noise, written
from tests.supervised_processes import wait_for

pytestmark = pytest.mark.browser

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">.wav",
    "quotes ' and \" & `ticks` ${title}.wav",
    "two\nlines.wav",
    "\U0001f3a7 emoji.wav",
    "right‮to left.wav",
    "**bold** [link](javascript:alert(1)) $x^2$ :red[x].wav",
)


def test_without_permission_the_first_clip_waits_for_space(
    seat_in: Callable[..., Seat], strict_browser: Browser, served: Served
) -> None:
    """As in a real Chrome: no sound before the visitor touches the page."""
    seat = seat_in(strict_browser).open_untouched(state="paused")
    expect(seat.part("notice")).to_have_text("Press space to start")
    name = seat.clip
    seat.page.keyboard.press(" ")
    seat.expect_state(PLAYED)
    expect(seat.part("notice")).to_be_hidden()
    assert seat.press("1") == name
    seat.press("2")
    seat.expect_saved(2)
    assert [row.label for row in served.standing()] == [LABELS[0], LABELS[1]]


def test_a_clip_that_did_not_play_gets_no_label(seat_in: Callable[..., Seat], strict_browser: Browser, served: Served) -> None:
    seat = seat_in(strict_browser).open_untouched(state="paused")
    name = seat.clip
    seat.page.keyboard.press("1")
    seat.page.keyboard.press(" ")
    seat.expect_state(PLAYED)
    assert seat.clip == name
    seat.press("2")
    seat.expect_saved(1)
    assert served.answers_of([name]) == [(name, LABELS[1])]


def test_answers_survive_a_lost_connection_and_a_closed_tab(
    seat_in: Callable[..., Seat], browser: Browser, served: Served
) -> None:
    context = browser.new_context()
    seat = seat_in(context=context).open()
    answers_meet(seat.page, no_connection)
    pressed = [(seat.press("1"), LABELS[0]), (seat.press("2"), LABELS[1])]
    expect(seat.part("save-state")).to_contain_text("not saved yet, kept here")
    expect(seat.part("saved-count")).to_have_text("0")
    seat.page.close()
    assert served.standing() == []
    let_through(seat.page)
    reopened = seat_in(context=context).open()
    reopened.expect_saved(2)
    assert served.answers_of([name for name, _ in pressed]) == pressed
    context.close()


def test_an_answer_whose_acknowledgement_got_lost_is_stored_once(
    seat_in: Callable[..., Seat], browser: Browser, served: Served
) -> None:
    context = browser.new_context()
    seat = seat_in(context=context).open()
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if not lost:
            lost.append(route.request.post_data or "")
            route.fetch()
            route.abort()
        else:
            route.continue_()

    answers_meet(seat.page, lose_the_first)
    name = seat.press("1")
    seat.expect_saved(1)
    assert len(lost) == 1
    assert [(row.file_name, row.label) for row in served.standing()] == [(name, LABELS[0])]
    context.close()


def test_the_server_dies_and_comes_back(seat: Seat, served: Served) -> None:
    seat.open()
    seat.press("1")
    seat.expect_saved(1)
    served.kill()
    second = seat.press("2")
    expect(seat.part("save-state")).to_contain_text("not saved yet")
    served.start()
    seat.expect_saved(2)
    assert served.answers_of([second]) == [(second, LABELS[1])]


def sounds_loaded(page: Page) -> Callable[[], int]:
    """A function that lets the page go on for a moment; it returns how many clips have their sound by now."""
    addresses: set[str] = set()
    page.on("requestfinished", lambda request: addresses.add(request.url) if "/earmark/audio/" in request.url else None)

    def count() -> int:
        page.wait_for_timeout(20)
        return len(addresses)

    return count


def test_a_burst_outlives_the_websocket_the_server_and_the_tab(
    seat_in: Callable[..., Seat], browser: Browser, served: Served
) -> None:
    """Ten keys a second while the connections, the server and the tab end in turn; reopened, each answer is stored once."""
    context = browser.new_context()
    seat = seat_in(context=context)
    seat.page.add_init_script(
        "const Plain = WebSocket; window.sockets = [];"
        "window.WebSocket = class extends Plain { constructor(...given) { super(...given); window.sockets.push(this); } };"
    )
    seat.record_keys()
    loaded = sounds_loaded(seat.page)
    seat.open()
    wait_for(lambda: loaded() >= 6, what="the clip on screen and five ahead")
    for number in range(10):
        if number == 3:
            assert seat.page.evaluate("window.sockets.map((socket) => socket.close()).length") > 0
        if number == 6:
            wait_for(lambda: loaded() >= 10, what="clips for the keys after the server's end")
            served.kill()
        seat.page.keyboard.press(str(number % 3 + 1))
        seat.page.wait_for_timeout(100)  # Ten keys a second are what the test is about.
    met = [(clip, LABELS[int(key) - 1]) for key, clip in seat.recorded_keys() if clip]
    seat.page.close()
    assert len(met) >= 8, "the clips in memory can still be answered"
    served.start()
    seat_in(context=context).open().expect_saved(len(met))
    assert [(row.file_name, row.label) for row in served.standing()] == met
    context.close()


def test_a_clip_that_is_gone_can_be_skipped(seat: Seat, served: Served, clips: list[Path]) -> None:
    seat.open()
    gone = {clip.name for clip in clips}
    for clip in clips:
        clip.unlink()
    while not seat.part("notice").is_visible():
        seat.page.keyboard.press("1")
        seat.expect_state(re.compile("playing|ended|broken"))
    name = seat.clip
    assert name in gone
    expect(seat.part("notice")).to_contain_text("This clip cannot be played")
    seat.page.keyboard.press("1")
    expect(seat.player).to_have_attribute("data-clip", name)
    seat.page.keyboard.press("s")
    expect(seat.player).not_to_have_attribute("data-clip", name)
    wait_for(lambda: name in {row.file_name for row in served.standing()}, what="the skip to be stored")
    (row,) = [row for row in served.standing() if row.file_name == name]
    assert row.answer == "skip"
    assert row.reason is not None
    assert row.reason.startswith("cannot be played: ")


def test_nothing_leaves_this_machine(seat: Seat, served: Served) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    seat.page.on("request", note)
    seat.open()
    seat.press("1")
    for name in ("Dashboard", "Export"):
        seat.page.get_by_role("link", name=name).click()
        expect(seat.page.get_by_role("heading", name=name)).to_be_visible()
        seat.page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []


def test_a_change_of_theme_does_not_disturb_the_player(seat: Seat, served: Served) -> None:
    """Streamlit calls the component again: the clip and its sound stay, and each key still counts once."""
    seat.open(state="ended")
    name = seat.clip
    light = seat.part("label-1").evaluate("element => getComputedStyle(element).color")
    seat.page.emulate_media(color_scheme="dark")
    seat.page.wait_for_function(
        """light => {
          const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
          return getComputedStyle(root.querySelector("[data-testid=label-1]")).color !== light;
        }""",
        arg=light,
    )
    expect(seat.player).to_have_attribute("data-clip", name)
    expect(seat.player).to_have_attribute("data-state", "ended")
    seat.press("1")
    seat.expect_saved(1)
    assert len(served.standing()) == 1


class TestAFewClips:
    """A project with two clips, so that all are soon answered."""

    @pytest.fixture
    def clips(self, tmp_path: Path) -> list[Path]:
        folder = tmp_path / "audio"
        folder.mkdir()
        return [written(folder / f"{number}.wav", noise(0.3, seed=number)) for number in range(2)]

    def test_a_page_without_clips_asks_for_more_once_in_a_while(self, seat: Seat) -> None:
        seat.page.clock.install()
        seat.open()
        seat.press("1")
        seat.press("1")
        seat.expect_saved(2)
        seat.expect_state("empty")
        asked: list[str] = []
        seat.page.on("request", lambda request: asked.append(request.url))
        before = seat.page.evaluate("Date.now()")

        def asks_again() -> bool:
            seat.page.clock.run_for(3500)
            return len([url for url in asked if url.endswith("/api/next")]) >= 2

        wait_for(asks_again, what="two questions for more clips")
        seconds = (seat.page.evaluate("Date.now()") - before) / 1000
        assert len([url for url in asked if url.endswith("/api/next")]) <= 1 + seconds / 3

    def test_an_error_while_the_next_clip_is_shown_loses_no_answer(self, seat: Seat, served: Served) -> None:
        seat.open()
        name = seat.clip
        # Break something in the page that is needed to show a clip.
        seat.page.evaluate(
            """() => {
              const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
              const player = root.querySelector("[data-testid=player]");
              Object.defineProperty(player, "dataset", { get() { throw new Error("broken on purpose"); } });
            }"""
        )
        seat.page.keyboard.press("1")
        wait_for(lambda: [row.file_name for row in served.standing()] == [name], what="the answer to be stored")


class TestHostileNames:
    """Names are shown as text, whatever they contain."""

    @pytest.fixture
    def clips(self, tmp_path: Path) -> list[Path]:
        folder = tmp_path / "audio"
        folder.mkdir()
        return [written(folder / name, noise(0.3, seed=number)) for number, name in enumerate(HOSTILE)]

    def test_names_are_inert(self, seat: Seat, served: Served, browser: Browser) -> None:
        seat.page.on("dialog", lambda _dialog: pytest.fail("a name was run as a script"))
        seat.open()
        seen = []
        for _ in HOSTILE:
            name = seat.clip
            seen.append(name)
            assert seat.part("file-name").evaluate("element => element.textContent") == name
            assert seat.part("file-name").evaluate("element => element.children.length") == 0
            seat.press("1")
        seat.expect_saved(len(HOSTILE))
        assert sorted(seen) == sorted(HOSTILE)
        assert "owned" not in seat.page.title()

    def test_the_annotators_name_is_inert(self, seat_in: Callable[..., Seat], browser: Browser, served: Served) -> None:
        seat = seat_in(browser, annotator="%3Cimg%20src=x%20onerror=alert(1)%3E**b**")
        seat.open()
        expect(seat.part("annotator-name")).to_have_text("<img src=x onerror=alert(1)>**b**")
