"""Rows of the table: how they register, and how the table is written."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True)
class Figures:
    """What one row measured, both sides in one run; smaller is better."""

    ours: float
    theirs: float
    unit: str
    details: str = ""
    """How it was measured: sizes, repetitions."""

    @property
    def ratio(self) -> float:
        """How many times more the alternative costs."""
        return self.theirs / self.ours


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    what: str
    against: str
    """The alternative, named."""
    measure: Callable[[], Figures]


ROWS: dict[str, Row] = {}


def row(name: str, *, what: str, against: str) -> Callable[[Callable[[], Figures]], Callable[[], Figures]]:
    """Register a function that measures one row."""

    def register(measure: Callable[[], Figures]) -> Callable[[], Figures]:
        ROWS[name] = Row(name, what, against, measure)
        return measure

    return register


def median_seconds(work: Callable[[], object], *, repetitions: int) -> float:
    """Median wall time of one call, after one call to warm up."""
    work()
    taken = []
    for _ in range(repetitions):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def machine() -> str:
    """What the figures were measured on, in one line."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    return f"{os.cpu_count()} cores of {model or platform.machine()}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def number(value: float) -> str:
    """The number with three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(measured: Iterable[tuple[Row, Figures]]) -> str:
    """The rows as Markdown."""
    lines = ["| what | Earmark | alternative | | ratio |", "| --- | ---: | --- | ---: | ---: |"]
    for line, figures in measured:
        ours, theirs = (f"{number(value)} {figures.unit}" for value in (figures.ours, figures.theirs))
        what = f"{line.what} ({figures.details})" if figures.details else line.what
        lines.append(f"| {what} | {ours} | {line.against} | {theirs} | {number(figures.ratio)} |")
    return "\n".join(lines)


def put_between(markdown: Path, begin: str, end: str, body: str) -> None:
    """Put text between two markers of a file; markers that are not there are added at its end."""
    text = markdown.read_text(encoding="utf-8") if markdown.exists() else "# Benchmarks\n"
    if begin not in text:
        text = f"{text}\n{begin}\n{end}\n"
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    markdown.write_text(f"{before}{begin}\n{body}\n{end}{after}", encoding="utf-8")


def write(measured: Sequence[tuple[Row, Figures]], *, markdown: Path, document: Path) -> None:
    """Put the table between the markers of `markdown`, and the figures into `document` as JSON."""
    put_between(markdown, BEGIN, END, f"\n{table(measured)}\n\nOne run, {machine()}.\n")
    rows = {line.name: {**asdict(figures), "ratio": figures.ratio} for line, figures in measured}
    document.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n", encoding="utf-8")
