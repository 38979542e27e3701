"""Time from the key that gives a label until the next clip plays in a browser: learner idle, learner busy, burst of keys."""

from __future__ import annotations

import functools
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import select

from benchmarks.app.plain_streamlit import SCRIPT
from benchmarks.measuring.browser import opened_page
from benchmarks.measuring.nominal_encoder import DIM, NominalEncoder
from benchmarks.measuring.processes import app, learner, streamlit
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import STYLES, synthetic_project
from db.decisions.log import live_query
from db.models import Clip, Decision, Label
from db.project import OpenProject
from learner.features.store import FeatureStore
from tests.supervised_processes import wait_for

KEYS, THEIR_KEYS, BURST = 100, 30, 100
LISTENING = 300
"""Milliseconds between a clip's start and the key: a person takes at least this long, and the next clip loads meanwhile."""
A_SECOND = 10
"""Keys per second in the burst."""
SHORTEST, LONGEST = 1.0, 10.0
"""Seconds."""
PLAIN = "`st.button(shortcut=...)` and `st.audio(autoplay=True)`"

WATCH = """
  window.taken = [];
  window.pressed = [];
  let pressed = null, sounding = null;
  window.addEventListener("keydown", (event) => {
    pressed = event.timeStamp;
    const host = document.querySelector("[data-testid=stBidiComponentIsolated]");
    window.pressed.push([host?.shadowRoot?.querySelector("[data-testid=player]")?.dataset.clip, event.key]);
  }, true);
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


@dataclass(frozen=True)
class _Taken:
    """Milliseconds from key to sound."""

    idle: list[float]
    busy: list[float]
    burst: list[float]
    load: float
    """Cores that the learner kept busy in `busy`."""


def _one_by_one(page: Page, keys: int) -> list[float]:
    page.evaluate("window.taken = []")
    for done in range(keys):
        page.wait_for_timeout(LISTENING)
        page.keyboard.press(str(1 + done % 4))
        page.wait_for_function("count => window.taken.length > count", arg=done, timeout=20_000)
    taken: list[float] = page.evaluate("window.taken")
    return taken


def _burst(page: Page) -> list[float]:
    page.evaluate("window.taken = []; window.pressed = []")
    began = time.monotonic()
    for number in range(BURST):
        page.wait_for_timeout(max(1000 * (began + number / A_SECOND - time.monotonic()), 0.0))
        page.keyboard.press(str(1 + number % 4))
    page.wait_for_timeout(1000 / A_SECOND)
    taken: list[float] = page.evaluate("window.taken")
    return taken


@functools.cache
def _ours() -> _Taken:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        clips = 2 * KEYS + BURST + 20
        project = synthetic_project(Path(folder), seconds=np.linspace(SHORTEST, LONGEST, clips).tolist())
        with app(project.directory) as (address, _), opened_page() as page:
            page.add_init_script(WATCH)
            page.goto(f"{address}/?annotator=bench")
            page.locator("[data-testid=player][data-state=playing]").wait_for()
            idle = _one_by_one(page, KEYS)
            burst = _burst(page)
            expect(page.get_by_test_id("save-state")).to_have_text("All saved")
            _check_order(project, page.evaluate("window.pressed"))
            busy, load = _beside_a_busy_learner(project, page)
        project.close()
    return _Taken(idle, busy, burst, load)


def _beside_a_busy_learner(project: OpenProject, page: Page) -> tuple[list[float], float]:
    with project.read() as session:
        clips = list(session.scalars(select(Clip.id)))
    vectors = np.random.default_rng(0).standard_normal((len(clips), DIM), dtype=np.float32)
    FeatureStore(project, NominalEncoder()).append(clips, vectors)
    with learner(project.directory) as process:
        wait_for(lambda: sum(process.cpu_times()[:2]) > 2.5, what="the learner to work")
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        busy = _one_by_one(page, KEYS)
        return busy, (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)


def _check_order(project: OpenProject, pressed: list[tuple[str, str]]) -> None:
    """Check that every key of the burst became the right answer for the clip that it met, stored in the order of the keys."""
    query = live_query().join(Clip, Clip.id == Decision.clip_id).join(Label, Label.id == Decision.label_id)
    with project.read() as session:
        stored = session.execute(query.with_only_columns(Clip.file_name, Label.name).order_by(Decision.id)).all()
    given = [(clip, STYLES[int(key) - 1]) for clip, key in pressed]
    assert len(given) == BURST
    assert [tuple(one) for one in stored[-BURST:]] == given, "an answer is missing or out of order"


@functools.cache
def _plain() -> tuple[list[float], list[float], int]:
    """The same keys one by one and in a burst, and how many answers of the burst were stored."""
    with tempfile.TemporaryDirectory() as folder:
        project = synthetic_project(Path(folder), seconds=np.linspace(SHORTEST, LONGEST, THEIR_KEYS + BURST + 20).tolist())
        project.close()
        script, answers = Path(folder) / "plain.py", Path(folder) / "answers.csv"
        script.write_text(SCRIPT, encoding="utf-8")
        with streamlit(script, str(Path(folder) / "clips"), str(answers)) as address, opened_page() as page:
            page.add_init_script(WATCH)
            page.goto(address)
            page.locator("audio").wait_for()
            page.locator("button", has_text="sad").wait_for()
            single = _one_by_one(page, THEIR_KEYS)
            burst = _burst(page)
            page.wait_for_timeout(2000)
            stored = len(answers.read_text(encoding="utf-8").splitlines()) - THEIR_KEYS
    return single, burst, stored


def _p95(taken: list[float]) -> float:
    return float(np.quantile(taken, 0.95))


@row("key-to-next-clip", what="Key to the next clip's sound", against=PLAIN)
def measure() -> Figures:
    """Median over the keys, in the same browser."""
    ours, (theirs, _, _) = _ours().idle, _plain()
    details = (
        f"median of {KEYS} keys in Chromium, clips of {SHORTEST:.0f}-{LONGEST:.0f} s, server on the same machine, learner idle; "
        f"95th percentile {_p95(ours):.1f} ms"
    )
    return Figures(ours=float(np.median(ours)), theirs=float(np.median(theirs)), unit="ms", details=details)


@row("key-to-next-clip-busy", what="The same with the learner at full load", against="learner idle")
def measure_busy() -> Figures:
    """95th percentile over the keys."""
    taken = _ours()
    details = f"95th percentile of {KEYS} keys, {taken.load:.1f} cores busy learning; median {np.median(taken.busy):.1f} ms"
    return Figures(ours=_p95(taken.busy), theirs=_p95(taken.idle), unit="ms", details=details)


@row("key-to-next-clip-burst", what=f"The same, {A_SECOND} keys a second for {BURST // A_SECOND} s", against=PLAIN)
def measure_burst() -> Figures:
    """95th percentile over the clips that played before the next key; no answer was lost or out of order (`_check_order`)."""
    taken, (_, theirs, stored) = _ours(), _plain()
    details = f"95th percentile; all {BURST} answers stored, in their order; the alternative stored {stored}"
    return Figures(ours=_p95(taken.burst), theirs=_p95(theirs), unit="ms", details=details)
