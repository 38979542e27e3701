"""The Label page besides the label keys: context, long clips, one loudness, guidelines, facts, suggestions, pace."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from db.models import Clip, Decision, Source
from db.project import OpenProject
from db.records.runs import record_run
from db.serving.ranked_queue import QueueItem, publish_queue
from db.settings import SETTINGS_FILE
from tests.browser.served import PLAYED, Seat, Served
from tests.learner.audio_files import import_files, tone, written

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
GUIDE = f"""# How to label
{HOSTILE} <script>document.title = 'owned'</script>
[a clear case](5.wav) and [bad](javascript:document.title='owned')
"""
SPAN, LONG = "6.wav", "7.wav"


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Six faint clips of a second, one of 8 s of which 2 are the clip, one of 50 s."""
    folder = tmp_path / "audio"
    folder.mkdir()
    seconds = [1.0] * 6 + [8.0, 50.0]
    return [written(folder / f"{number}.wav", 0.1 * tone(300 + 20 * number, length)) for number, length in enumerate(seconds)]


@pytest.fixture
def served(project: OpenProject, clips: list[Path], tmp_path: Path) -> Served:
    """A project with suggestions, facts and guidelines; the queue holds every clip."""
    ids = import_files(project, clips, spans={SPAN: (3.0, 5.0)})
    (project.directory / "guidelines.md").write_text(GUIDE, encoding="utf-8")
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write('suggestions = true\nshown_columns = ["room"]\nrandom_share = 0.5\n')
    with project.write() as session:
        run = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.0)
        publish_queue(session, run_id=run, entries=[QueueItem(clip, Source.UNCERTAIN, 0.5, 2) for clip in reversed(ids)])
        for clip in ids:
            session.get_one(Clip, clip).extra = {"room": HOSTILE}
    from tests.supervised_processes import free_port

    return Served(project, free_port(), tmp_path / "app.log")


@pytest.fixture(autouse=True)
def ended(served: Served) -> object:
    """The app does not outlive its test."""
    yield
    served.kill()


def go_to(seat: Seat, name: str) -> None:
    """Answer until the clip is on screen."""
    for _ in range(8):
        if seat.clip == name:
            return
        seat.press("u")
    raise AssertionError(f"{name} did not come")


def stored(served: Served) -> dict[str, Decision]:
    with served.project.read() as session:
        rows = session.query(Decision).join(Clip, Clip.id == Decision.clip_id).order_by(Decision.id).all()
        found = {session.get_one(Clip, row.clip_id).file_name: row for row in rows}
        session.expunge_all()
    return found


def test_a_span_plays_alone_and_with_its_context_on_demand(seat: Seat, served: Served) -> None:
    seat.open()
    go_to(seat, SPAN)
    expect(seat.part("time")).to_contain_text("/ 0:02.0")
    seat.page.keyboard.press("c")
    expect(seat.part("time")).to_contain_text("/ 0:08.0")
    expect(seat.part("context")).to_have_attribute("aria-pressed", "true")
    expect(seat.page.locator(".shade")).to_have_count(2)
    seat.expect_state("playing")
    seat.page.keyboard.press("c")
    expect(seat.part("time")).to_contain_text("/ 0:02.0")
    expect(seat.page.locator(".shade")).to_have_count(0)
    seat.press("1")
    wait_saved(seat)
    assert (stored(served)[SPAN].circumstances or {})["context"] is True


def wait_saved(seat: Seat) -> None:
    expect(seat.part("save-state")).to_have_text("All saved")


def test_a_long_clip_scrolls_and_its_band_shows_all_of_it(seat: Seat, served: Served) -> None:
    seat.open()
    go_to(seat, LONG)
    screen, window = seat.part("picture"), seat.page.locator(".window")
    expect(seat.page.locator(".strip img")).to_have_count(2)
    assert window.evaluate("element => element.style.left") == "0%"
    screen.hover()
    seat.page.mouse.wheel(4000, 0)
    expect(window).to_have_attribute("style", re.compile("left: 60%"))
    box = screen.bounding_box()
    assert box is not None
    seat.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 5)
    expect(seat.part("time")).to_contain_text(re.compile(r"^0:2[5-9]"))


def test_one_loudness_is_chosen_applied_and_recorded(seat: Seat, served: Served) -> None:
    seat.open()
    seat.page.keyboard.press("n")
    expect(seat.part("last-answer")).to_have_text("All clips at one loudness")
    seat.press("u")
    name = seat.press("1")
    wait_saved(seat)
    gain = (stored(served)[name].circumstances or {})["gain"]
    assert np.isclose(gain, 20 * np.log10(10 ** (-23 / 20) / (0.05 / np.sqrt(2))), atol=2.5)
    seat.open()
    seat.page.keyboard.press(",")
    expect(seat.page.get_by_label("Play all clips at one loudness")).to_be_checked()


def test_guidelines_and_facts_are_text_and_examples_play(seat: Seat, served: Served) -> None:
    seat.page.on("dialog", lambda _dialog: pytest.fail("a script ran"))
    seat.open()
    expect(seat.part("facts")).to_have_text(f"room{HOSTILE}")
    seat.page.keyboard.press("g")
    guide = seat.part("guide")
    expect(guide.get_by_role("heading", name="How to label")).to_be_visible()
    expect(guide).to_contain_text(HOSTILE)
    assert guide.evaluate("element => element.querySelectorAll('img, script, a').length") == 0
    with seat.page.expect_response(re.compile("/earmark/audio/")) as sound:
        guide.get_by_role("button", name="a clear case").click()
    assert sound.value.ok
    seat.page.keyboard.press("Escape")
    expect(guide).to_be_hidden()
    seat.press("1")
    assert "owned" not in seat.page.title()


def test_suggestions_are_marked_recorded_and_hidden_on_the_slice(seat: Seat, served: Served) -> None:
    seat.open(path="/label")
    assert "/label" not in seat.page.url
    expect(seat.page.get_by_text("Page not found")).to_have_count(0)
    shown = {}
    for _ in range(6):
        marked = seat.part("label-2").get_attribute("data-suggested") == "true"
        expect(seat.part("label-2").locator("small")).to_be_visible(visible=marked)
        shown[seat.press("1")] = marked
    wait_saved(seat)
    rows = stored(served)
    assert {name: rows[name].suggestion_shown for name in shown} == shown
    assert set(shown.values()) == {True, False}
    assert all(row.source != Source.RANDOM for row in rows.values() if row.suggestion_shown)


def test_goal_pace_and_a_break_after_a_long_streak(seat: Seat, served: Served) -> None:
    seat.page.clock.install()
    seat.open()
    seat.page.keyboard.press(",")
    goal = seat.page.get_by_label("Goal for a session")
    goal.fill("5")
    goal.blur()
    expect(seat.part("pace")).to_have_text("0 of 5 this session")
    last_answer = seat.part("last-answer")
    for number in range(4):
        seat.press("1")
        expect(last_answer).not_to_contain_text("break")
        expect(seat.part("pace")).to_contain_text(f"{number + 1} of 5 this session")
        seat.page.clock.fast_forward(4 * 60 * 1000)
    expect(seat.part("pace")).to_contain_text("s a clip")
    seat.page.keyboard.press("z")
    expect(seat.part("pace")).to_contain_text("3 of 5 this session")


def test_fields_give_the_keys_back_and_what_closes_leaves_the_page_where_it_was(seat: Seat, served: Served) -> None:
    page = seat.page
    seat.open()
    goal = page.get_by_label("Goal for a session")
    page.keyboard.press(",")
    goal.fill("20")
    goal.press("Enter")
    expect(goal).not_to_be_focused()
    seat.press("3")
    expect(seat.part("pace")).to_contain_text("1 of 20 this session")
    goal.fill("30")
    goal.press("Escape")
    expect(goal).not_to_be_focused()
    seat.press("3")
    expect(seat.part("pace")).to_contain_text("2 of 30 this session")
    goal.fill("40")
    name = seat.clip
    seat.part("label-2").click()
    expect(seat.player).not_to_have_attribute("data-clip", name)
    expect(goal).not_to_be_focused()
    seat.press("1")
    expect(seat.part("pace")).to_contain_text("4 of 40 this session")
    page.get_by_label("Suggest a break").click()
    seat.press("1")
    wait_saved(seat)
    assert len(stored(served)) == 5, "a box that was ticked leaves the keys to the player"
    page.keyboard.press(",")

    page.set_viewport_size({"width": 1280, "height": 420})
    top = "document.querySelector('[data-testid=stMain]').scrollTop"
    assert page.evaluate(top) == 0
    page.keyboard.press("g")
    expect(seat.part("guide").get_by_role("heading", name="How to label")).to_be_in_viewport()
    assert page.evaluate(top) > 0
    page.keyboard.press("g")
    expect(seat.part("guide")).to_be_hidden()
    assert page.evaluate(top) == 0


def test_a_picture_of_the_player_does_not_jump_between_clips(seat: Seat, served: Served) -> None:
    seat.open()
    places = set()
    for _ in range(6):
        seat.expect_state(PLAYED)
        box = seat.part("label-1").bounding_box()
        assert box is not None
        places.add((round(box["x"]), round(box["y"]), round(box["width"]), round(box["height"])))
        seat.press("1")
    assert len(places) == 1
