"""From the key that gives a label until the next clip sounds, in a browser."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import opened_page
from benchmarks.harness import Figures, row
from benchmarks.plain_streamlit import SCRIPT
from benchmarks.processes import app, streamlit
from benchmarks.sample_project import SAMPLE_DATA, sample_project

KEYS = 30
LISTENING = 600
"""Milliseconds between a clip's start and the key: what a person takes at least, and what loads ahead has time for."""

WATCH = """
  window.taken = [];
  let pressed = null, sounding = null;
  window.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
  const sounds = ({ target }) => {
    if (target.currentSrc === sounding) return;
    sounding = target.currentSrc;
    if (pressed !== null) window.taken.push(performance.now() - pressed);
    pressed = null;
  };
  document.addEventListener("playing", sounds, true);
  const play = HTMLMediaElement.prototype.play;  // for audio elements that are not in the document
  HTMLMediaElement.prototype.play = function () {
    if (!this.isConnected) this.addEventListener("playing", sounds, { once: true });
    return play.call(this);
  };
"""
"""Runs before the page's own scripts; the same for both pages."""


def _median_of_keys(page: Page) -> float:
    for done in range(KEYS):
        page.wait_for_timeout(LISTENING)
        page.keyboard.press(str(1 + done % 4))
        page.wait_for_function("count => window.taken.length > count", arg=done, timeout=20_000)
    taken: list[float] = page.evaluate("window.taken")
    return statistics.median(taken)


def _earmark(folder: Path) -> float:
    project = sample_project(folder)
    project.close()
    with app(project.directory) as (address, _), opened_page() as page:
        page.add_init_script(WATCH)
        page.goto(f"{address}/?annotator=bench")
        page.locator("[data-testid=player][data-state=playing]").wait_for()
        return _median_of_keys(page)


def _plain(folder: Path) -> float:
    script = folder / "plain.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with streamlit(script, str(SAMPLE_DATA / "clips"), str(folder / "answers.csv")) as address, opened_page() as page:
        page.add_init_script(WATCH)
        page.goto(address)
        page.locator("audio").wait_for()
        page.locator("button", has_text="sad").wait_for()
        return _median_of_keys(page)


@row("key-to-next-clip", what="Key to the next clip's sound", against="`st.button(shortcut=...)` and `st.audio(autoplay=True)`")
def measure() -> Figures:
    """Median over the keys, in the same browser."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = _earmark(Path(folder) / "earmark"), _plain(Path(folder))
    return Figures(ours=ours, theirs=theirs, unit="ms", details=f"median of {KEYS} keys in Chromium, server on the same machine")
