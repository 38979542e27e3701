"""How long saving takes when four people label in browsers at the same time, two keys a second each, while the learner works.

Measured from the moment the page sends an answer until the server has confirmed that it is stored. Every key must have become one
answer, and no page may show that anything went wrong.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, expect
from sqlalchemy import select

from benchmarks.measuring.browser import opened_pages
from benchmarks.measuring.nominal_encoder import DIM, NominalEncoder
from benchmarks.measuring.postgresql import on_both
from benchmarks.measuring.processes import app, learner
from benchmarks.measuring.rows import Figures
from benchmarks.measuring.sample_project import STYLES, sample_project
from db.decisions.log import live_decisions
from db.models import Clip
from db.project import OpenProject
from learner.features.store import FeatureStore
from tests.filled_projects import answer

PEOPLE, SECONDS, A_SECOND = 4, 15.0, 2.0
LABELED = 40
"""Clips that are labelled before they begin, so that there is a head to train."""
ALONE = "one browser alone, in the same project"

WATCH = """
  performance.setResourceTimingBufferSize(10000);
  window.seen = { keys: 0, inVain: 0, states: [] };
  const player = () => document.querySelector("[data-testid=stBidiComponentIsolated]")?.shadowRoot;
  window.addEventListener("keydown", () => {
    const here = player()?.querySelector("[data-testid=player]");
    const ready = here?.dataset.clip && ["playing", "paused", "ended", "loading"].includes(here.dataset.state);
    window.seen[ready ? "keys" : "inVain"] += 1;
  }, true);
  const note = (state) => state && !window.seen.states.includes(state) && window.seen.states.push(state);
  setInterval(() => {
    note(player()?.querySelector("[data-testid=player]")?.dataset.state);
    note(player()?.querySelector("[data-testid=save-state]")?.dataset.state);
    if (document.querySelector("[data-testid=stException]")) note("exception");
  }, 20);
"""
"""Runs before the page's own scripts: counts the keys that met a clip, and notes the states that the page showed."""
TROUBLE = {"failed", "refused", "broken", "empty", "exception"}
SAVINGS = """
  performance.getEntriesByType("resource").filter((one) => one.name.endsWith("/api/decisions")).map((one) => one.duration)
"""


def _filled(folder: Path, database_url: str | None) -> OpenProject:
    project = sample_project(folder, database_url=database_url)
    with project.read() as session:
        clips = list(session.scalars(select(Clip.id)))
    vectors = np.random.default_rng(0).standard_normal((len(clips), DIM), dtype=np.float32)
    FeatureStore(project, NominalEncoder()).append(clips, vectors)
    for number, clip in enumerate(clips[:LABELED]):
        answer(project, clip, STYLES[number % len(STYLES)])
    return project


def _opened(page: Page, address: str, name: str) -> None:
    page.add_init_script(WATCH)
    page.goto(f"{address}/?annotator={name}")
    page.locator("[data-testid=player][data-state=playing]").wait_for()


def _press(pages: list[Page]) -> None:
    """Every person presses keys at moments of their own, spread over the half second."""
    began = time.monotonic()
    for number in range(int(SECONDS * A_SECOND) * len(pages)):
        due = began + number / A_SECOND / len(pages)
        pages[number % len(pages)].wait_for_timeout(max(1000 * (due - time.monotonic()), 0.0))
        pages[number % len(pages)].keyboard.press(str(1 + number % len(STYLES)))


def _labelled(address: str, names: list[str]) -> tuple[int, list[float]]:
    """Number of keys pressed, and the milliseconds that each saving took."""
    with opened_pages(len(names)) as pages:
        for page, name in zip(pages, names, strict=True):
            _opened(page, address, name)
        _press(pages)
        keys, taken = 0, []
        for page in pages:
            expect(page.get_by_test_id("save-state")).to_have_text("All saved")
            seen: dict[str, Any] = page.evaluate("window.seen")
            assert seen["inVain"] == 0, "a key met no clip"
            assert not TROUBLE & set(seen["states"]), seen["states"]
            keys += seen["keys"]
            taken += page.evaluate(SAVINGS)
    return keys, taken


def _measured(database_url: str | None) -> Figures:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = _filled(Path(folder), database_url)
        with learner(project.directory), app(project.directory) as (address, _):
            keys_alone, alone = _labelled(address, ["alone"])
            keys, taken = _labelled(address, [f"annotator {number}" for number in range(PEOPLE)])
        with project.read() as session:
            stored = live_decisions(session)
        project.close()
    assert len(stored) == LABELED + keys_alone + keys, f"{keys_alone + keys} keys became {len(stored) - LABELED} answers"
    assert max(Counter(decision.clip_id for decision in stored).values()) == 1, "a clip went to two people"
    details = (
        f"99th percentile of {len(taken)} requests with {keys} answers in {SECONDS:.0f} s with the learner at work, as the "
        f"browsers see it; median {float(np.median(taken)):.0f} ms; no answer lost or stored twice, no error shown"
    )
    ours, theirs = (float(np.quantile(each, 0.99)) for each in (taken, alone))
    return Figures(ours=ours, theirs=theirs, unit="ms", details=details)


on_both("four-browsers", _measured, what="Saving an answer, four browsers at once", against=ALONE)
