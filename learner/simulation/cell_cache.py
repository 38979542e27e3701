"""Cells on disk, so that a stopped simulation goes on and a repeated one takes no time.

A cell is kept under a hash of all that it depends on: features, labels, settings, seed, and the code behind
`learner.simulation.cells`.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from db.store.files import write_whole
from learner.corpora.corpus import Corpus
from learner.corpora.vector_cache import unwritable
from learner.progress import Progress
from learner.query.strategies import NAMES, strategy_named
from learner.simulation import cells
from learner.simulation.cell_workers import cells_simulated
from learner.simulation.cells import FULL, Cell, WantedCell
from learner.simulation.code_version import code_version


def cached_cells(
    corpus: Corpus, asked: Sequence[WantedCell], *, cache: Path, jobs: int = 1, progress: Progress = lambda *_: None
) -> list[Cell]:
    """The cells in the order of `asked`, from the cache or simulated now.

    Args:
        cache: folder that keeps them.
        jobs: processes.
        progress: called with the cells simulated and those to simulate.

    Raises:
        FeatureError: the cache cannot be written to.
        LearnerError: a strategy is unknown or fails.
    """
    for name in {one.how.strategy for one in asked} - {*NAMES, FULL}:
        # Before the first minute is spent.
        strategy_named(name)
    paths = [cache / f"{cell_key(corpus, one)}.json" for one in asked]
    found = {place: cell for place, path in enumerate(paths) if (cell := _read(path)) is not None}
    new = [place for place in range(len(asked)) if place not in found]
    simulated = cells_simulated(corpus, [asked[place] for place in new], jobs=jobs)
    for done, (number, cell) in enumerate(simulated, start=1):
        found[new[number]] = cell
        _write(paths[new[number]], cell)
        progress(done, len(new))
    return [found[place] for place in range(len(asked))]


def cell_key(corpus: Corpus, asked: WantedCell) -> str:
    """The name of a cell's file, 40 hexadecimal digits."""
    content = json.dumps([corpus.fingerprint, asdict(asked), _code(asked.how.strategy)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:40]


@functools.cache
def _code(strategy: str) -> str:
    """Changes with the code that a cell of this strategy runs through."""
    earmark = code_version(cells.__name__)
    if strategy in NAMES or strategy == FULL:
        return earmark
    try:
        own = inspect.getsource(inspect.unwrap(strategy_named(strategy)))
    except (OSError, TypeError):
        # Compiled, or an object that can be called: its name must do.
        own = strategy
    return hashlib.sha256(f"{earmark}\n{own}".encode()).hexdigest()


def _read(path: Path) -> Cell | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cell = Cell(**{one.name: content[one.name] for one in fields(Cell)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    scores: list[Any] = cell.ua
    return cell if cell.labels and all(isinstance(ua, float) and math.isfinite(ua) for ua in scores) else None


def _write(path: Path, cell: Cell) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asdict(cell)), durable=False)
    except OSError as error:
        raise unwritable(path.parent, error) from error
