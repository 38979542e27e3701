"""Fixtures of the browser tests: a project that is served, and Chromium pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from db.project import OpenProject
from tests.browser.served import Seat, Served
from tests.learner.audio_files import import_files, tone, written
from tests.supervised_processes import free_port

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
CLIPS = 40
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium or Chrome on this machine."""
    # The first one has the same engine without windows, and takes a third less of the processor.
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    for name in (os.environ.get("EARMARK_CHROMIUM", ""), *names):
        path = shutil.which(name)
        if path:
            return path
    pytest.skip("there is no Chromium here (apt-get install chromium-headless-shell, or name one in EARMARK_CHROMIUM)")


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright, started once."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A browser that lets pages make sound at once."""
    opened = playwright_driver.chromium.launch(executable_path=chromium_path, args=[*FLAGS, AUTOPLAY])
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def strict_browser(playwright_driver: Playwright, chromium_path: str) -> Iterator[Browser]:
    """A browser with its usual setting: silent until the visitor touches the page."""
    opened = playwright_driver.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
    yield opened
    opened.close()


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """The audio files of the project that is served; override it to serve others."""
    folder = tmp_path / "audio"
    folder.mkdir()
    return [written(folder / f"{number:02d}.wav", tone(200 + 20 * number, 0.4)) for number in range(CLIPS)]


@pytest.fixture
def served(project: OpenProject, clips: list[Path], tmp_path: Path) -> Iterator[Served]:
    """The project of those clips, served by the real app (without a learner)."""
    import_files(project, clips)
    running = Served(project, free_port(), tmp_path / "app.log")
    yield running
    running.kill()


@pytest.fixture
def seat_in(served: Served) -> Iterator[Callable[..., Seat]]:
    """Makes seats: `seat_in(browser)` is a new visitor, `seat_in(context=…)` another tab of the same one."""
    with ExitStack() as stack:

        def make(browser: Browser | None = None, *, context: BrowserContext | None = None, annotator: str = "Ann") -> Seat:
            if context is None:
                assert browser is not None
                context = browser.new_context(viewport={"width": 1280, "height": 720})
                stack.callback(context.close)
            return Seat(context.new_page(), served, annotator=annotator)

        yield make


@pytest.fixture
def seat(seat_in: Callable[..., Seat], browser: Browser) -> Seat:
    """One visitor called Ann; `seat.open()` opens the page."""
    return seat_in(browser)
