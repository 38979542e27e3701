"""The Grid page: clips play by arrow, hover and click; many are confirmed or rejected; a save is undone in one step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from db.decisions.log import live_query
from db.models import Annotator, Clip, Decision, Lease, Source
from db.records.labels import label_by_name
from learner.search.likely import LikelyClips, write_likely
from tests.browser.served import Seat, Served, answers_meet, let_through, no_connection
from tests.learner.audio_files import tone, written
from tests.learner.synthetic_projects import embed_made_up
from tests.supervised_processes import wait_for

pytestmark = pytest.mark.browser


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Forty clips, long enough to be caught playing."""
    folder = tmp_path / "audio"
    folder.mkdir()
    return [written(folder / f"{number:02d}.wav", tone(200 + 20 * number, 1.5)) for number in range(40)]


@pytest.fixture
def names(served: Served) -> list[str]:
    """File names of the clips listed as likely happy, most probable first."""
    with served.project.read() as session:
        rows = session.execute(select(Clip.id, Clip.file_name).order_by(Clip.id)).all()
        happy = label_by_name(session, "happy").id
    ids = np.array([[row.id for row in rows]])
    write_likely(served.project.heads_dir, LikelyClips(1, [happy], ids, np.linspace(0.9, 0.1, 40, dtype=np.float32)[None]))
    return [row.file_name for row in rows]


class GridPage:
    """What a visitor does on the page."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served

    def open(self, label: str = "happy") -> GridPage:
        self.page.goto(f"{self.served.url}/grid?annotator=Ann")
        expect(self.part("cells")).to_be_attached(timeout=20_000)
        self.page.get_by_role("combobox", name="Label").click()
        self.page.get_by_role("option", name=label, exact=True).click()
        return self.expect_ready()

    def confirm_as(self, label: str) -> GridPage:
        self.page.get_by_role("combobox", name="Confirm as").click()
        self.page.get_by_role("option", name=label, exact=True).click()
        expect(self.part("notice")).to_contain_text("like", timeout=20_000)
        return self

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def cell(self, name: str) -> Locator:
        return self.page.locator(f"[data-testid=cell][data-clip={name!r}]")

    def expect_ready(self) -> GridPage:
        expect(self.part("grid")).to_have_attribute("data-state", "ready", timeout=20_000)
        expect(self.part("notice")).not_to_be_empty()
        return self

    def names(self) -> list[str]:
        return [cell.get_attribute("data-clip") or "" for cell in self.part("cell").all()]

    def expect_first(self, name: str) -> None:
        expect(self.part("cell").first).to_have_attribute("data-clip", name)

    def expect_playing(self, name: str) -> None:
        expect(self.cell(name)).to_have_attribute("data-state", "playing")

    def standing(self) -> list[tuple[str, Source, str]]:
        with self.served.project.read() as session:
            query = live_query().join(Clip, Clip.id == Decision.clip_id).join(Annotator, Annotator.id == Decision.annotator_id)
            found = query.with_only_columns(Clip.file_name, Decision.source, Annotator.name).order_by(Decision.id)
            return [(name, source, annotator) for name, source, annotator in session.execute(found)]

    def held(self) -> int:
        with self.served.project.read() as session:
            return len(list(session.scalars(select(Lease).where(Lease.source == Source.GRID, Lease.released_at.is_(None)))))


@pytest.fixture
def grid(seat: Seat, served: Served, names: list[str]) -> Iterator[GridPage]:
    """The page, open on likely happy clips; it may send requests to its own server only."""
    asked: list[str] = []
    seat.page.on("request", lambda request: asked.append(request.url))
    found = GridPage(seat.page, served).open()
    found.expect_first(names[0])
    yield found
    assert [url for url in asked if url.startswith("http") and not url.startswith(served.url)] == []


def test_many_clips_are_confirmed_one_is_rejected_and_the_whole_save_is_undone(grid: GridPage, names: list[str]) -> None:
    keyboard = grid.page.keyboard
    shown = grid.names()
    assert shown == names[: len(shown)]
    for _ in range(3):
        keyboard.press("ArrowRight")
        keyboard.press(" ")
    keyboard.press("ArrowRight")
    keyboard.press("x")
    expect(grid.part("marked")).to_have_text(f"3 confirmed, 1 rejected of {len(shown)}")
    expect(grid.part("grid-save")).to_contain_text("Save 3 as happy")
    assert grid.standing() == [], "nothing is saved before Enter"
    keyboard.press("Enter")
    expect(grid.part("saved-count")).to_have_text("3")
    expect(grid.part("save-state")).to_have_text("All saved")
    assert grid.standing() == [(name, Source.GRID, "Ann") for name in names[1:4]]
    with grid.served.project.read() as session:
        circumstances = [row.circumstances for row in session.scalars(live_query())]
    assert {(each or {}).get("grid") for each in circumstances} == {"likely happy"}

    grid.expect_ready()
    expect(grid.cell(names[4])).to_have_count(0)
    assert grid.names()[0] == names[0], "a clip that was neither played nor marked stays"
    keyboard.press("z")
    expect(grid.part("saved-count")).to_have_text("0")
    assert grid.standing() == []
    expect(grid.part("marked")).to_have_text(f"3 confirmed, 1 rejected of {len(shown)}")
    assert grid.names() == shown
    keyboard.press("Enter")
    expect(grid.part("saved-count")).to_have_text("3")


def test_a_clip_plays_by_arrow_hover_and_click_one_at_a_time(grid: GridPage, names: list[str]) -> None:
    grid.page.keyboard.press("ArrowRight")
    grid.expect_playing(names[1])
    grid.page.keyboard.press("ArrowDown")
    expect(grid.cell(names[1])).to_have_attribute("data-state", "still")
    grid.cell(names[2]).hover()
    grid.page.mouse.move(*[side + 3 for side in center(grid.cell(names[2]))])
    grid.expect_playing(names[2])
    grid.page.keyboard.press(" ")
    expect(grid.cell(names[2])).to_have_attribute("data-mark", "yes")
    grid.cell(names[3]).locator(".face").click()
    grid.expect_playing(names[3])
    expect(grid.page.locator("[data-testid=cell][data-state=playing]")).to_have_count(1)
    grid.cell(names[3]).get_by_test_id("confirm").click()
    expect(grid.cell(names[3])).to_have_attribute("data-mark", "yes")
    expect(grid.part("grid-save")).to_contain_text("Save 2 as happy")
    grid.page.keyboard.press("?")
    expect(grid.part("key-help")).to_be_in_viewport(ratio=0.95)
    grid.page.keyboard.press("Escape")
    expect(grid.part("key-help")).to_be_hidden()
    grid.page.keyboard.press("c")
    expect(grid.page.get_by_role("dialog")).to_have_count(0)


def center(cell: Locator) -> tuple[float, float]:
    box = cell.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + 40


def test_an_empty_save_does_nothing_and_unsaved_answers_wait_in_the_browser(grid: GridPage, names: list[str]) -> None:
    keyboard = grid.page.keyboard
    keyboard.press("Enter")
    expect(grid.part("notice")).to_contain_text("No clip is marked or played yet")
    grid.expect_first(names[0])

    answers_meet(grid.page, no_connection)
    keyboard.press(" ")
    keyboard.press("Enter")
    expect(grid.part("save-state")).to_contain_text("1 answer not saved yet, kept here")
    let_through(grid.page)
    grid.page.reload()
    wait_for(lambda: grid.standing() == [(names[0], Source.GRID, "Ann")], what="the answer to arrive")


def test_leaving_the_page_releases_the_clips(grid: GridPage) -> None:
    assert grid.held() == len(grid.names())
    grid.page.get_by_role("link", name="Dashboard").click()
    wait_for(lambda: grid.held() == 0, what="the clips to be handed back")


def test_more_like_the_last_answer(seat: Seat, served: Served) -> None:
    with served.project.read() as session:
        ids = list(session.scalars(select(Clip.id)))
    embed_made_up(served.project, ids)
    seat.open()
    name = seat.press("2")
    seat.expect_saved(1)
    seat.page.get_by_role("button", name="Find more like the last answer").click()
    grid = GridPage(seat.page, served).expect_ready()
    expect(grid.part("notice")).to_contain_text(f"like {name}")
    expect(seat.page.get_by_role("combobox", name="Confirm as")).to_have_value("happy")
    assert name not in grid.names()
    seat.page.keyboard.press(" ")
    expect(grid.part("grid-save")).to_contain_text("Save 1 as happy")


def test_marks_belong_to_the_label_they_were_made_for_and_remember_what_was_heard(seat: Seat, served: Served) -> None:
    with served.project.read() as session:
        ids = list(session.scalars(select(Clip.id)))
    embed_made_up(served.project, ids)
    seat.page.goto(f"{served.url}/grid?annotator=Ann&like={ids[0]}")
    grid = GridPage(seat.page, served).confirm_as("happy").expect_ready()
    _, second, third = grid.names()[:3]
    grid.cell(second).locator(".face").click()
    grid.expect_playing(second)
    grid.cell(second).get_by_test_id("confirm").click()
    grid.cell(third).get_by_test_id("reject").click()
    shown = len(grid.names())
    expect(grid.part("marked")).to_have_text(f"1 confirmed, 1 rejected of {shown}")
    grid.confirm_as("sad").expect_ready()
    expect(grid.part("marked")).to_have_text(f"0 confirmed, 0 rejected of {shown}")
    grid.confirm_as("happy").expect_ready()
    expect(grid.part("marked")).to_have_text(f"1 confirmed, 1 rejected of {shown}")
    grid.part("grid-save").click()
    expect(grid.part("saved-count")).to_have_text("1")
    with served.project.read() as session:
        (row,) = session.scalars(live_query())
        assert row.plays == 1


def test_no_address_breaks_the_page(seat: Seat, served: Served) -> None:
    for like in ("0", "-1", "9" * 15, "9" * 5000, "abc", "\N{SUPERSCRIPT TWO}"):
        seat.page.goto(f"{served.url}/grid?annotator=Ann&like={like}")
        expect(seat.page.get_by_label("Number of the clip")).to_be_visible(timeout=20_000)
        expect(seat.page.get_by_test_id("stException")).to_have_count(0)
