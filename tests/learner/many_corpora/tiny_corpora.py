"""Corpora of a few tones, a recipe that trains on them in a moment, and how tests train."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from learner.many_corpora.recipe import Recipe
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.train import Trained, train
from learner.progress import unseen
from tests.learner.audio_files import noise, tone, written

TINY = Recipe(width=2, blocks=1, epoch_steps=3, most_epochs=2, rates=(0.1, 0.01), batch=4, crop_seconds=0.2)


@contextmanager
def unwatched(_what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    """No progress bar."""
    yield unseen


def tones(folder: Path, name: str, labels: dict[str, float], *, each: int = 10, speakers: int = 5) -> Path:
    """A manifest of clips of 0.3 seconds, as many of each label, which is a pitch in hertz."""
    (folder / name).mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    for label, hertz in labels.items():
        for number in range(each):
            samples = tone(hertz + 5 * number, 0.3) * 0.3 + noise(0.3, seed=number, level=0.02)
            path = written(folder / name / f"{label}{number}.wav", samples)
            rows.append({"file": str(path.relative_to(folder)), "label": label})
            if speakers:
                rows[-1]["speaker"] = f"s{number % speakers}"
    return listed(folder / f"{name}.csv", rows)


def listed(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A manifest of these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def trained(manifests: list[Path], output: Path, *, mode: str, cache: Path, recipe: Recipe = TINY, **more: Any) -> Trained:
    """A model of one run, or as many as `runs` says."""
    settings = TrainSettings(mode=mode, recipe=recipe, runs=more.pop("runs", 1))
    return train(manifests, output, settings=settings, device="cpu", cache=SpectrogramCache(cache), watch=unwatched, **more)
