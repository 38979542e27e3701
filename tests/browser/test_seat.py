"""The annotator's seat: speed, loop, reasons, flags, and settings that stay with the person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from db.decisions.flags import raised_flags
from db.models import Decision
from db.project import OpenProject
from db.settings import SETTINGS_FILE
from tests.browser.served import Seat, Served
from tests.learner.audio_files import tone, written
from tests.supervised_processes import wait_for

pytestmark = pytest.mark.browser


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Twenty clips of two seconds."""
    folder = tmp_path / "audio"
    folder.mkdir()
    return [written(folder / f"{number}.wav", tone(300 + 20 * number, 2.0)) for number in range(20)]


def set_up(project: OpenProject, line: str) -> None:
    """Add a line to the settings before the app starts."""
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def rows(served: Served) -> list[Decision]:
    with served.project.read() as session:
        found = session.query(Decision).order_by(Decision.id).all()
        session.expunge_all()
    return found


def circumstances(served: Served) -> dict[str, Any]:
    return rows(served)[-1].circumstances or {}


def test_speed_and_loop_stay_with_the_annotator_and_are_recorded(
    seat: Seat, served: Served, seat_in: Callable[..., Seat], browser: Browser
) -> None:
    seat.open(state="playing")
    for _ in range(3):
        seat.page.keyboard.press("ArrowUp")
    seat.page.keyboard.press("l")
    expect(seat.part("speed")).to_have_text("1.75×")
    expect(seat.part("loop")).to_have_attribute("aria-pressed", "true")
    seat.page.wait_for_timeout(1500)  # The clip takes 2 s / 1.75, so it plays again in this time.
    seat.press("1")
    seat.expect_saved(1)
    (row,) = rows(served)
    assert (row.circumstances or {})["speed"] == 1.75
    assert row.plays is not None
    assert row.plays >= 2, "each round of the loop is a play"

    for _ in range(12):
        seat.page.keyboard.press("ArrowDown")
    expect(seat.part("speed")).to_have_text("0.75×")
    with seat.page.expect_response("**/earmark/api/preferences"):
        pass
    elsewhere = seat_in(browser).open(state="playing")
    expect(elsewhere.part("speed")).to_have_text("0.75×")
    expect(elsewhere.part("loop")).to_have_attribute("aria-pressed", "true")
    bob = seat_in(browser, annotator="Bob").open(state="playing")
    expect(bob.part("speed")).to_have_text("1×")


def test_a_skip_takes_its_reason_by_number(seat: Seat, served: Served) -> None:
    seat.open()
    name = seat.clip
    seat.page.keyboard.press("s")
    expect(seat.part("skip-reason-1")).to_have_text("too noisy1")
    seat.page.keyboard.press("Escape")
    expect(seat.part("skip-reasons")).to_be_hidden()
    seat.page.keyboard.press("s")
    assert seat.press("2") == name
    expect(seat.part("skip-reasons")).to_be_hidden()
    labelled = seat.press("2")
    seat.expect_saved(2)
    assert [(row.file_name, str(row.answer), row.reason) for row in served.standing()] == [
        (name, "skip", "nothing to hear"),
        (labelled, "label", None),
    ]


def test_a_flag_keeps_its_note_and_the_clip_stays(seat: Seat, served: Served) -> None:
    seat.open()
    name = seat.clip
    seat.page.keyboard.press("f")
    expect(seat.part("flag-note")).to_be_focused()
    seat.page.keyboard.type("12 <b>dogs</b>, s")
    seat.page.keyboard.press("Enter")
    expect(seat.part("flag-form")).to_be_hidden()
    expect(seat.part("flagged")).to_have_text("Flagged: 12 <b>dogs</b>, s")
    assert seat.clip == name, "digits typed into the note give no label"
    assert seat.press("1") == name
    expect(seat.part("flagged")).to_be_hidden()
    seat.expect_saved(1)
    seat.page.keyboard.press("z")
    expect(seat.player).to_have_attribute("data-clip", name)
    expect(seat.part("flagged")).to_be_visible()
    with served.project.read() as session:
        assert [(flag.file_name, flag.annotator, flag.note) for flag in raised_flags(session)] == [
            (name, "Ann", "12 <b>dogs</b>, s")
        ]
    seat.page.keyboard.press("f")
    seat.part("flag-lower").click()
    expect(seat.part("flagged")).to_be_hidden()
    wait_for(lambda: not flags(served), what="the flag to go")


def flags(served: Served) -> int:
    with served.project.read() as session:
        return len(raised_flags(session))


def test_compressed_clips_are_played_and_recorded_unless_the_annotator_wants_the_files(seat: Seat, served: Served) -> None:
    with seat.page.expect_response("**/earmark/audio/*as=opus*") as reply:
        seat.open(state="playing")
    assert reply.value.headers["content-type"] == "audio/ogg"
    seat.press("1")
    seat.expect_saved(1)
    assert circumstances(served)["form"] == "opus"
    seat.page.keyboard.press(",")
    with seat.page.expect_response("**/earmark/api/preferences"):
        original = seat.page.get_by_label("Always play the original files")
        original.check()
    original.blur()
    seat.expect_state("ended")
    seat.press("2")
    seat.expect_saved(2)
    assert "form" not in circumstances(served)


def test_arrows_seek_and_a_label_is_given_while_it_still_plays(seat: Seat, served: Served) -> None:
    seat.open(state="playing")
    name = seat.clip
    seat.page.keyboard.press("ArrowRight")
    seat.expect_state("playing")
    assert float(seat.part("picture").get_attribute("aria-valuenow") or 0) >= 1.0
    seat.page.keyboard.press("ArrowLeft")
    seat.expect_state("playing")
    assert seat.press("1") == name
    seat.expect_saved(1)


class TestSettingsOfTheLead:
    """Settings that the team lead chooses for all annotators."""

    @pytest.fixture
    def project(self, project: OpenProject) -> OpenProject:
        set_up(project, "least_heard = 0.9")
        set_up(project, 'label_keys = { angry = "a", sad = "1" }')
        return project

    @pytest.fixture
    def clips(self, tmp_path: Path) -> list[Path]:
        (tmp_path / "audio").mkdir()
        return [written(tmp_path / "audio" / f"{number}.wav", tone(300 + 20 * number, 1.2)) for number in range(8)]

    def test_a_clip_played_too_briefly_takes_no_label_and_the_chosen_keys_work(self, seat: Seat, served: Served) -> None:
        seat.open(state="playing")
        name = seat.clip
        seat.page.keyboard.press("a")
        expect(seat.part("last-answer")).to_have_text("Listen to at least 90% of the clip first")
        assert seat.clip == name
        seat.expect_state("ended")
        for key in "a12":
            seat.expect_state("ended")
            seat.press(key)
        seat.expect_saved(3)
        assert [row.label for row in served.standing()] == ["angry", "sad", "happy"]
