"""The progress of commands that take long: how much is done, how fast, and how long the rest takes. Drawn only in a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NoReturn

from tqdm import tqdm

from labeler.processes.progress_lines import are_wanted, progress_writer

_SECOND = 1.0


@contextmanager
def progress_bar(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that moves a bar on stderr; a total of 0 is not known. The unit B is for bytes.

    The time goes on once a second, whether or not a step ends. Where `done` falls, other work has begun: the rate starts anew.
    """
    if are_wanted():
        yield progress_writer()
        return
    shown = sys.stderr.isatty()
    count = "{n_fmt}B/{total_fmt}B" if unit == "B" else f"{{n_fmt}}/{{total_fmt}} {unit}s"
    pace = "[{elapsed}<{remaining}, {rate_noinv_fmt}]"
    form = f"{{desc}}: {{percentage:3.0f}}%|{{bar}}| {count} {pace}"
    how: dict[str, Any] = {"unit": "", "unit_scale": unit == "B", "bar_format": form, "dynamic_ncols": True}
    with tqdm(desc=what, file=sys.stderr, disable=not shown, **how) as bar:

        def moved(done: int, total: int) -> None:
            if done < bar.n:
                bar.reset()
            bar.total = total or None
            bar.update(done - bar.n)

        with _drawn_every_second(bar) if shown else nullcontext():
            yield moved
        bar.leave = bar.n > 0


@contextmanager
def beside_progress() -> Iterator[None]:
    """What is printed in this block goes above a bar that is drawn."""
    with tqdm.external_write_mode(file=sys.stderr):
        yield


@contextmanager
def _drawn_every_second(bar: tqdm[NoReturn]) -> Iterator[None]:
    over = threading.Event()

    def draw() -> None:
        while not over.wait(_SECOND):
            bar.refresh()

    drawing = threading.Thread(target=draw, name="progress", daemon=True)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()
