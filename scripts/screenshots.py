"""Take the pictures of docs/pictures: every page of the demo project, as a visitor sees it.

`make screenshots`; or `python -m scripts.screenshots --every-size FOLDER`, which takes each page on a phone, a laptop and a large
screen, in light and in dark colours, to be looked at after a change.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.measuring.browser import opened_page
from benchmarks.measuring.processes import app, learner, start_page
from db.decisions.flags import append_flag
from db.decisions.log import live_decisions
from db.models import Source
from db.project import open_project
from db.records.labels import active_labels
from db.records.people.annotators import annotator_named
from labeler.demo import SAMPLE_DATA, make_demo
from tests.filled_projects import answer

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
ANSWERS = 4
"""Answers given before the picture of the Label page, so that it is not empty. They are true ones, since they enter the curve."""


Picture = Callable[[Page, str, Path], None]
"""Takes one page's picture into a file, at an address."""


def _settled(page: Page) -> None:
    """Wait until the page shows no placeholders any more and has stopped moving."""
    page.locator("h1").wait_for()
    page.wait_for_timeout(1500)
    page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached")
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(1500)


def _label(page: Page, address: str, picture: Path) -> None:
    page.goto(f"{address}/?annotator=Ada")
    player = page.get_by_test_id("player")
    with (SAMPLE_DATA / "manifest.csv").open(encoding="utf-8", newline="") as file:
        styles = {row["file_name"]: row["label"] for row in csv.DictReader(file)}
    for _ in range(ANSWERS):
        page.locator("[data-testid=player][data-state=playing]").wait_for()
        page.wait_for_timeout(500)
        style = styles[player.get_attribute("data-clip") or ""]
        page.keyboard.press(str(1 + sorted(set(styles.values())).index(style)))
    page.locator("[data-testid=player][data-state=ended]").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_timeout(700)
    assert player.get_attribute("data-clip")
    page.screenshot(path=picture)


def _plain(name: str) -> Picture:
    """A page as it is when it opens."""

    def take_it(page: Page, address: str, picture: Path) -> None:
        page.goto(f"{address}/{name}?annotator=Rev")
        _settled(page)
        page.screenshot(path=picture)

    return take_it


def _start(page: Page, address: str, picture: Path) -> None:
    page.goto(address)
    _settled(page)
    page.screenshot(path=picture)


def _dashboard(page: Page, address: str, picture: Path) -> None:
    page.goto(f"{address}/dashboard?annotator=Rev")
    page.get_by_text("waiting for new answers").wait_for(timeout=120_000)
    _settled(page)
    page.screenshot(path=picture)


def _grid(page: Page, address: str, picture: Path) -> None:
    """Two clips confirmed and one rejected, none of them saved."""
    page.goto(f"{address}/grid?annotator=Ada")
    page.locator("[data-testid=grid][data-state=ready]").wait_for()
    page.wait_for_timeout(2500)
    for key in (" ", "ArrowRight", " ", "ArrowRight", "x", "ArrowRight"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
    page.screenshot(path=picture)


def _clips(page: Page, address: str, picture: Path) -> None:
    """The table of clips; the cell that is clicked plays its clip."""
    page.goto(f"{address}/clips?annotator=Rev&mark=labelled&show=label&show=answered+by&show=marks&show=speaker&show=seconds")
    _settled(page)
    page.locator(".st-key-clips-table-box .dvn-scroller").click(position={"x": 120, "y": 87})
    page.locator("[data-testid=clip][data-plays='1']").wait_for()
    page.screenshot(path=picture)


def _something_to_review(directory: Path) -> None:
    """A clip that a second annotator labels differently, and flags."""
    project = open_project(directory)
    with project.write() as session:
        first = live_decisions(session)[0]
        other = next(label.name for label in active_labels(session) if label.id != first.label_id)
        who = annotator_named(session, "Ben").id
        note = "both, I think: it begins calm and ends loud"
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=first.clip_id, annotator_id=who, note=note)
    answer(project, first.clip_id, other, annotator="Ben", source=Source.OVERLAP)
    project.close()


PAGES: dict[str, Picture] = {
    "label": _label,
    "grid": _grid,
    "dashboard": _dashboard,
    "clips": _clips,
    "review": _plain("review"),
    "activity": _plain("activity"),
    "audio": _plain("audio"),
    "labels": _plain("labels"),
    "people": _plain("people"),
    "settings": _plain("settings"),
    "export": _plain("export"),
}
SIZES = {"phone": (390, 844), "laptop": (1280, 800), "large": (2560, 1440)}


def take(folder: Path, *, every_size: bool = False) -> None:
    """Write label.png and so on, and start.png; with `every_size` label-phone-light.png and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        project = Path(place) / "demo"
        make_demo(project)
        _something_to_review(project)
        with app(project) as (address, _), learner(project):
            _take_all(address, folder, every_size=every_size)
        # The page lists projects that this user opened lately.
        os.environ["XDG_CONFIG_HOME"] = place
        with start_page(Path(place)) as address:
            _take_all(address, folder, every_size=every_size, pages={"start": _start})


def _take_all(address: str, folder: Path, *, every_size: bool, pages: Mapping[str, Picture] = PAGES) -> None:
    for size, (width, height) in SIZES.items() if every_size else [("", SIZES["laptop"])]:
        for colours in ("light", "dark") if every_size else ("light",):
            with opened_page(width=width, height=height, dark=colours == "dark") as page:
                for name, take_it in pages.items():
                    take_it(page, address, folder / (f"{name}-{size}-{colours}.png" if size else f"{name}.png"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--every-size"]:
        take(Path(sys.argv[2]), every_size=True)
    else:
        take(PICTURES)
