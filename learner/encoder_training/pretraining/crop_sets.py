"""Crop sets: some thousand crops with their targets, made ahead in a separate process, and kept on disk for the training.

A crop set depends only on the recipe and its number, so that a training that was killed continues with the same crops.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from db.errors import EncoderError
from db.store.files import remove_leftovers, whole, write_whole
from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.encoder_training.crops import Cropper
from learner.encoder_training.pretraining.descriptors import Descriptors
from learner.encoder_training.pretraining.teacher import Teacher
from learner.worker_processes import deaf_to_ctrl_c

if TYPE_CHECKING:
    import torch

STATISTICS_CROPS = 1024
"""Statistics are measured on at most so many crops; a smaller set uses all its crops."""
_STATISTICS = 1 << 30
"""Stands for a set's number where the crops are only measured."""
_AT_ONCE = 64
FULL_SCALE = 32767


@dataclass(frozen=True)
class Recipe:
    """Everything that a crop set depends on."""

    cropper: Cropper
    crops: int
    seed: int
    teacher: Path | None


@dataclass(frozen=True)
class Statistics:
    """Means and deviations of the targets, and of the teacher's input, over crops of the recipe."""

    arrays: dict[str, Float32Array]

    def standardised(self, name: str, values: Float32Array) -> Float16Array:
        """Values in standard deviations from the mean, cut off at five of them."""
        deviations = (values - self.arrays[f"{name}_mean"]) / self.arrays[f"{name}_scale"]
        clipped: Float16Array = np.clip(deviations, -5, 5).astype(np.float16)
        return clipped


class CropSet:
    """One crop set, mapped from disk."""

    def __init__(self, folder: Path) -> None:
        self._arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        self.names = [name for name in self._arrays if name != "waveforms"]

    def __len__(self) -> int:
        return len(self._arrays["waveforms"])

    def batch(self, rows: Int64Array) -> dict[str, Float32Array]:
        """`waveforms` [n, samples] and targets: `frames` [n, frames, width]; `descriptors`, `teacher` [n, width]."""
        found = {name: array[rows].astype(np.float32) for name, array in self._arrays.items()}
        found["waveforms"] /= FULL_SCALE
        return found


class CropSets:
    """The crop sets of a run, each made while the one before is trained on."""

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._folder = folder
        self._recipe = recipe
        self._executor = ProcessPoolExecutor(
            max_workers=1, mp_context=get_context("spawn"), initializer=_begin, initargs=(os.getpid(),)
        )
        self._coming: dict[int, Future[None]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)

    def prepare(self, number: int) -> None:
        """Begin to make a set, if it is not there or being made."""
        if number not in self._coming and not self._place(number).is_dir():
            with deaf_to_ctrl_c():
                making = self._executor.submit(make_crop_set, self._recipe, number, self._folder, self._place(number))
            self._coming[number] = making

    def get(self, number: int) -> CropSet:
        """The set; older ones are removed.

        Raises:
            EncoderError: the process that makes it died.
        """
        self.prepare(number)
        if number in self._coming:
            try:
                self._coming.pop(number).result()
            except EncoderError:
                raise
            except Exception as error:
                raise EncoderError(
                    f"Crops to train on could not be made ({error}); free some disk space and memory and run it again."
                ) from error
        for place in self._folder.glob("pool-*"):
            if place.name < self._place(number).name:
                shutil.rmtree(place, ignore_errors=True)
        return CropSet(self._place(number))

    def statistics(self) -> Statistics:
        """The recipe's statistics, measured if they are not on disk."""
        if not (self._folder / "statistics.json").is_file():
            with deaf_to_ctrl_c():
                measuring = self._executor.submit(make_statistics, self._recipe, self._folder)
            measuring.result()
        return read_statistics(self._folder)

    def close(self) -> None:
        """End the process."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        for process in list((getattr(self._executor, "_processes", None) or {}).values()):
            process.terminate()

    def _place(self, number: int) -> Path:
        return self._folder / f"pool-{number:06d}"


def _begin(parent: int) -> None:
    """Use one thread beside the training's own, and end with the training, however that ends."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def crops_of(recipe: Recipe, number: int, count: int) -> Float32Array:
    """The crops [count, samples] of a set."""
    drawn = (recipe.cropper.crop(np.random.default_rng([recipe.seed, number, row])) for row in range(count))
    return np.stack(list(drawn))


def make_statistics(recipe: Recipe, folder: Path) -> None:
    """Measure the statistics of the targets, and write them."""
    import torch

    waveforms = torch.from_numpy(crops_of(recipe, _STATISTICS, min(STATISTICS_CROPS, recipe.crops)))
    arrays: dict[str, Float32Array] = {}
    described = Descriptors()
    parts = [described.frames(some) for some in torch.split(waveforms, _AT_ONCE)]
    frames = torch.cat(parts)
    _measure(arrays, "frames", frames.flatten(0, 1))
    _measure(arrays, "descriptors", described.clips(frames))
    if recipe.teacher is not None:
        teacher = Teacher(recipe.teacher)
        pictures = torch.cat([teacher.mel(some) for some in torch.split(waveforms, _AT_ONCE)])
        mean, scale = float(pictures.mean()), float(pictures.std())
        arrays["picture_mean"], arrays["picture_scale"] = np.array([mean], np.float32), np.array([scale], np.float32)
        embedded = torch.cat([teacher.embeddings(some, mean=mean, scale=scale) for some in torch.split(waveforms, _AT_ONCE)])
        _measure(arrays, "teacher", embedded)
    write_whole(folder / "statistics.json", json.dumps({name: array.tolist() for name, array in arrays.items()}))


def _measure(arrays: dict[str, Float32Array], name: str, values: torch.Tensor) -> None:
    arrays[f"{name}_mean"] = values.mean(dim=0).numpy()
    arrays[f"{name}_scale"] = values.std(dim=0).clamp(min=1e-3).numpy()


def read_statistics(folder: Path) -> Statistics:
    """What `make_statistics` wrote."""
    content = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    return Statistics({name: np.array(values, np.float32) for name, values in content.items()})


def make_crop_set(recipe: Recipe, number: int, folder: Path, place: Path) -> None:
    """Write a set; it appears under its name only when it is whole."""
    import torch

    statistics = read_statistics(folder)
    waveforms = crops_of(recipe, number, recipe.crops)
    described = Descriptors()
    teacher = Teacher(recipe.teacher) if recipe.teacher is not None else None
    targets: dict[str, list[Float16Array]] = {"frames": [], "descriptors": []}
    for some in torch.split(torch.from_numpy(waveforms), _AT_ONCE):
        frames = described.frames(some)
        targets["frames"].append(statistics.standardised("frames", frames.numpy()))
        targets["descriptors"].append(statistics.standardised("descriptors", described.clips(frames).numpy()))
        if teacher is not None:
            mean, scale = (float(statistics.arrays[f"picture_{what}"][0]) for what in ("mean", "scale"))
            targets.setdefault("teacher", []).append(
                statistics.standardised("teacher", teacher.embeddings(some, mean=mean, scale=scale).numpy())
            )
    with whole(place, durable=False) as part:
        part.mkdir()
        np.save(part / "waveforms.npy", np.round(waveforms * FULL_SCALE).astype(np.int16))
        for name, values in targets.items():
            np.save(part / f"{name}.npy", np.concatenate(values))
