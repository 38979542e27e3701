"""Cells on disk: simulated once, found again, and forgotten when anything that they depend on changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from db.errors import FeatureError
from learner.corpora.corpus import Corpus
from learner.simulation import cell_cache
from learner.simulation.cell_cache import cached_cells, cell_key
from learner.simulation.cells import FULL, Cell, WantedCell
from learner.simulation.replay import Annotating
from tests.learner.synthetic_corpora import blobs

ASKED = WantedCell(Annotating(strategy="random", budget=20), seed=0, held_out=0.2)


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of the cells that were simulated; no replay is run."""
    seeds: list[int] = []

    def cells_simulated(corpus: Corpus, asked: Sequence[WantedCell], *, jobs: int) -> Iterator[tuple[int, Cell]]:
        # The last one is ready first, as may happen with several processes.
        for place, one in reversed(list(enumerate(asked))):
            seeds.append(one.seed)
            yield place, Cell([10], [one.seed / 10])

    monkeypatch.setattr(cell_cache, "cells_simulated", cells_simulated)
    return seeds


@pytest.fixture(autouse=True)
def code_is_read_anew() -> Iterator[None]:
    """The version of the code is kept for a process, which here must see it change."""
    cell_cache._code.cache_clear()
    yield
    cell_cache._code.cache_clear()


def of_seeds(*seeds: int) -> list[WantedCell]:
    return [replace(ASKED, seed=seed) for seed in seeds]


def test_a_cell_is_simulated_once(simulated: list[int], tmp_path: Path) -> None:
    assert cached_cells(blobs(), of_seeds(1, 2), cache=tmp_path) == [Cell([10], [0.1]), Cell([10], [0.2])]
    assert cached_cells(blobs(), of_seeds(2, 3, 1), cache=tmp_path) == [Cell([10], [seed / 10]) for seed in (2, 3, 1)]
    assert sorted(simulated) == [1, 2, 3]


def test_what_was_simulated_before_an_interruption_is_kept(simulated: list[int], tmp_path: Path) -> None:
    def interrupted(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_cells(blobs(), of_seeds(1, 2, 3), cache=tmp_path, progress=interrupted)
    cached_cells(blobs(), of_seeds(1, 2, 3), cache=tmp_path)
    assert simulated == [3, 2, 1]


def test_a_damaged_cell_is_simulated_anew(simulated: list[int], tmp_path: Path) -> None:
    cached_cells(blobs(), of_seeds(1), cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    for damage in ("", "{}", json.dumps({**json.loads(kept.read_text()), "ua": [None]})):
        kept.write_text(damage)
        assert cached_cells(blobs(), of_seeds(1), cache=tmp_path) == [Cell([10], [0.1])]
    assert simulated == [1, 1, 1, 1]


def test_a_cell_goes_with_all_that_it_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    key = cell_key(blobs(), ASKED)
    assert key == cell_key(blobs(), ASKED)
    others = [
        cell_key(blobs(spread=0.9), ASKED),
        cell_key(blobs(), replace(ASKED, seed=1)),
        cell_key(blobs(), replace(ASKED, estimates=True)),
        cell_key(blobs(), replace(ASKED, how=replace(ASKED.how, batch=5))),
        cell_key(blobs(), replace(ASKED, how=replace(ASKED.how, strategy="margin"))),
    ]
    monkeypatch.setattr(cell_cache, "code_version", lambda module: "another version")
    cell_cache._code.cache_clear()
    others.append(cell_key(blobs(), ASKED))
    assert len({key, *others}) == 7


def test_the_code_of_a_strategy_from_elsewhere_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    how = replace(ASKED.how, strategy="my_strategies:first")
    keys = []
    for body in ("list(range(n_instances))", "list(range(n_instances))[::-1]"):
        (tmp_path / "my_strategies.py").write_text(f"def first(learner, X, n_instances=1):\n    return {body}\n")
        monkeypatch.delitem(sys.modules, "my_strategies", raising=False)
        cell_cache._code.cache_clear()
        keys.append(cell_key(blobs(), replace(ASKED, how=how)))
    assert keys[0] != keys[1]


def test_a_cache_that_cannot_be_written_to_is_named(simulated: list[int], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FeatureError, match=r"file cannot be written to .*EARMARK_CACHE"):
        cached_cells(blobs(), of_seeds(1), cache=tmp_path / "file")


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    asked = [*of_seeds(0, 1), WantedCell(Annotating(strategy=FULL), seed=0, held_out=0.2)]
    one = cached_cells(blobs((8, 8), speakers=4), asked, cache=tmp_path / "one")
    two = cached_cells(blobs((8, 8), speakers=4), asked, cache=tmp_path / "two", jobs=2)
    assert one == two
    assert one[0].labels == [10, 12]
    assert one[2].labels == [12]
