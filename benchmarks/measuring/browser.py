"""A headless browser that opens the app."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator

from playwright.sync_api import Page, ViewportSize, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")


def chromium() -> str:
    """Path of the browser."""
    found = next(filter(None, map(shutil.which, (os.environ.get("EARMARK_CHROMIUM", ""), *BROWSERS))), None)
    if found is None:
        sys.exit("There is no Chromium here; install it (apt-get install chromium) or name it in EARMARK_CHROMIUM.")
    return found


@contextlib.contextmanager
def opened_page(*, width: int = 1280, height: int = 720, dark: bool = False) -> Iterator[Page]:
    """An empty page in a headless browser that lets audio play by itself."""
    with opened_pages(1, width=width, height=height, dark=dark) as (page,):
        yield page


@contextlib.contextmanager
def opened_pages(count: int, *, width: int = 1280, height: int = 720, dark: bool = False) -> Iterator[list[Page]]:
    """Pages for this many people: each has its own cookies and storage."""
    arguments = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        size: ViewportSize = {"width": width, "height": height}
        yield [browser.new_page(viewport=size, color_scheme="dark" if dark else "light") for _ in range(count)]
        browser.close()
