"""Key to the next clip's sound for an annotator far away: 200 ms round trip, 2 Mbit/s down, plain WAV files on the server.

Chromium itself slows the connection down (`Network.emulateNetworkConditions`). The alternative is Earmark for somebody who has
chosen to play original files, in the same run.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from playwright.sync_api import Page

from benchmarks.app.key_to_next_clip import WATCH
from benchmarks.measuring.browser import opened_page
from benchmarks.measuring.processes import app
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import STYLES
from db.project import OpenProject, create_project
from db.records.people.annotators import annotator_named
from learner.imports.source import import_source

KEYS, THEIR_KEYS = 40, 12
LISTENING = 2000
"""Milliseconds between a clip's sound and the key."""
SECONDS, RATE = 10.0, 44_100
ROUND_TRIP, BITS = 200, 2_000_000
"""Milliseconds, and bits a second to the browser; half as many from it."""
ORIGINALS = "the original files on the same line"


@dataclass(frozen=True)
class _Taken:
    """Milliseconds until the first clip sounds on a page that the browser has seen before, and from each key to the next clip."""

    first: float
    keys: list[float]


@contextmanager
def _project_of_wav_files(count: int) -> Iterator[OpenProject]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        clips = Path(folder) / "clips"
        clips.mkdir()
        rng, at = np.random.default_rng(0), np.arange(round(SECONDS * RATE)) / RATE
        for number in range(count):
            tone = np.sin(2 * np.pi * (150 + number) * at) * (1 + np.sin(2 * np.pi * 3 * at))
            samples = 0.2 * tone[:, None] + 0.02 * rng.standard_normal((len(at), 2))
            soundfile.write(clips / f"clip-{number:04}.wav", samples, RATE)
        project = create_project(Path(folder) / "project", labels=STYLES)
        import_source(project, clips, seed=1)
        yield project
        project.close()


def _far_away(page: Page) -> None:
    conditions = {"offline": False, "latency": ROUND_TRIP, "downloadThroughput": BITS / 8, "uploadThroughput": BITS / 16}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def _measured(project: OpenProject, address: str, *, name: str, keys: int) -> _Taken:
    with opened_page() as page:
        page.add_init_script(WATCH)
        # The page's own scripts come from the browser's cache afterwards, as for everybody who labels a second time.
        page.goto(f"{address}/?annotator={name}")
        page.locator("[data-testid=player][data-state=playing]").wait_for()
        page.goto("about:blank")
        for made in (project.cache_dir / "audio").iterdir():
            made.unlink()
        _far_away(page)
        began = time.monotonic()
        page.goto(f"{address}/?annotator={name}")
        page.locator("[data-testid=player][data-state=playing]").wait_for(timeout=60_000)
        first = 1000 * (time.monotonic() - began)
        for done in range(keys):
            page.wait_for_timeout(LISTENING)
            page.keyboard.press(str(1 + done % len(STYLES)))
            page.wait_for_function("count => window.taken.length > count", arg=done, timeout=60_000)
        taken: list[float] = page.evaluate("window.taken")
    return _Taken(first, taken)


@functools.cache
def _both() -> tuple[_Taken, _Taken]:
    with _project_of_wav_files(KEYS + THEIR_KEYS + 20) as project:
        with project.write() as session:
            annotator_named(session, "original").preferences = {"original": True}
        with app(project.directory) as (address, _):
            ours = _measured(project, address, name="opus", keys=KEYS)
            theirs = _measured(project, address, name="original", keys=THEIR_KEYS)
    return ours, theirs


@row("far-annotator", what="Key to the next clip's sound, annotator far away", against=ORIGINALS)
def measure() -> Figures:
    """Median over the keys."""
    ours, theirs = _both()
    details = (
        f"{KEYS} keys, one each {LISTENING / 1000:.0f} s, Chromium, {ROUND_TRIP} ms round trip, {BITS / 1e6:.0f} Mbit/s down; "
        f"clips of {SECONDS:.0f} s, WAV, {RATE / 1000:.1f} kHz, stereo; 95th percentile {np.quantile(ours.keys, 0.95):.0f} ms, "
        f"of the alternative {np.quantile(theirs.keys, 0.95):.0f} ms"
    )
    return Figures(ours=float(np.median(ours.keys)), theirs=float(np.median(theirs.keys)), unit="ms", details=details)


@row("far-annotator-first", what="The first clip's sound, on a page opened before", against=ORIGINALS)
def measure_first() -> Figures:
    """From opening the page; the first sound is made then, too."""
    ours, theirs = _both()
    return Figures(ours=ours.first, theirs=theirs.first, unit="ms")
