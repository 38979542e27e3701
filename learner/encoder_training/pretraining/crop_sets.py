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
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from db.errors import EncoderError
from db.store.files import remove_leftovers, whole, write_whole
from learner.arrays import Float32Array, Int64Array
from learner.encoder_training.crops import Cropper
from learner.encoder_training.pretraining.targets import Statistics, Targets, TeacherChoice
from learner.worker_processes import deaf_to_ctrl_c

STATISTICS_CROPS = 1024
"""Statistics are measured on at most so many crops; a smaller set uses all its crops."""
_STATISTICS = 1 << 30
"""Stands for a set's number where the crops are only measured."""
FULL_SCALE = 32767


@dataclass(frozen=True)
class Recipe:
    """Everything that a crop set depends on."""

    cropper: Cropper
    crops: int
    seed: int
    teacher: TeacherChoice


class CropSet:
    """One crop set, mapped from disk."""

    def __init__(self, folder: Path) -> None:
        self._arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        self.names = [name for name in self._arrays if name != "waveforms"]

    def __len__(self) -> int:
        return len(self._arrays["waveforms"])

    def batch(self, rows: Int64Array) -> dict[str, Float32Array]:
        """`waveforms` [n, samples] and targets: see `Targets.of`."""
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
    measured = Targets(recipe.teacher).measured(crops_of(recipe, _STATISTICS, min(STATISTICS_CROPS, recipe.crops)))
    content = {name: array.tolist() for name, array in measured.arrays.items()}
    write_whole(folder / "statistics.json", json.dumps(content))


def read_statistics(folder: Path) -> Statistics:
    """What `make_statistics` wrote."""
    content = json.loads((folder / "statistics.json").read_text(encoding="utf-8"))
    return Statistics({name: np.array(values, np.float32) for name, values in content.items()})


def make_crop_set(recipe: Recipe, number: int, folder: Path, place: Path) -> None:
    """Write a set; it appears under its name only when it is whole."""
    statistics, targets = read_statistics(folder), Targets(recipe.teacher)
    waveforms = crops_of(recipe, number, recipe.crops)
    with whole(place, durable=False) as part:
        part.mkdir()
        np.save(part / "waveforms.npy", np.round(waveforms * FULL_SCALE).astype(np.int16))
        row = 0
        written: dict[str, np.memmap[Any, np.dtype[np.float16]]] = {}
        for some in targets.portions(waveforms):
            for name, values in targets.of(some, statistics).items():
                if name not in written:
                    # Mapped: the frames of a large teacher are hundreds of megabytes.
                    shape = (len(waveforms), *values.shape[1:])
                    written[name] = open_memmap(part / f"{name}.npy", mode="w+", dtype=np.float16, shape=shape)
                written[name][row : row + len(some)] = values
            row += len(some)
        for array in written.values():
            array.flush()
