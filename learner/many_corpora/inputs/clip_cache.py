"""Arrays of clips on disk, by what the file holds, the span and the settings; together no larger than a limit.

What was not used for longest goes first. What finds no room is computed whenever it is needed.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np

from db.errors import AudioError
from db.store.files import whole_file
from learner.array_files import mapped_array
from learner.arrays import Float16Array, Float32Array, Waveform
from learner.audio.decoding import content_hash, decode_blocks
from learner.corpora.clips import LeftOut, ProbeClip
from learner.progress import Progress

LIMIT = 8 * 2**30
"""Bytes."""


class Inputs(Protocol):
    """What a network takes of the clips of a corpus."""

    @property
    def clips(self) -> list[ProbeClip]:
        """Those that can be decoded."""

    @property
    def keys(self) -> list[str]:
        """What each clip holds, as a digest of file, span and settings."""

    def __getitem__(self, row: int) -> Float16Array | Float32Array:
        """The array of a clip."""


class ClipInputs:
    """The arrays of clips that can be decoded, in one cache."""

    def __init__(self, cache: ClipCache) -> None:
        self._cache = cache
        self.clips: list[ProbeClip] = []
        self.left_out: list[LeftOut] = []
        self.cut = 0
        """Clips of which only the beginning is used."""
        self._paths: list[Path] = []

    def __getitem__(self, row: int) -> Float16Array:
        """The array of a clip.

        Raises:
            AudioError: it is no longer in the cache, and its audio is gone.
        """
        found = self._cache.kept(self._paths[row])
        return self._cache.computed(self.clips[row])[0] if found is None else found

    @property
    def most_seconds(self) -> float:
        """Of a longer clip the beginning is used."""
        return self._cache.most_seconds

    @property
    def keys(self) -> list[str]:
        """What each clip holds, as a digest of file, span and settings."""
        return [path.parent.name + path.stem for path in self._paths]

    def add(self, clip: ProbeClip, path: Path) -> None:
        """One more clip, whose array is at `path` unless there was no room."""
        self.clips.append(clip)
        self._paths.append(path)

    def chosen(self, rows: Sequence[int]) -> ClipInputs:
        """Those of some clips."""
        found = ClipInputs(self._cache)
        found.left_out, found.cut = self.left_out, self.cut
        for row in rows:
            found.add(self.clips[row], self._paths[row])
        return found


class ClipCache(ABC):
    """A folder of arrays that are computed from clips."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self._folder, self._limit = folder, limit
        self._hashes: dict[str, str] = {}
        self._free = self._room()

    @property
    @abstractmethod
    def settings(self) -> str:
        """Changes with everything that an array depends on besides its clip."""

    @property
    @abstractmethod
    def most_seconds(self) -> float:
        """Of a longer clip the beginning is used."""

    @abstractmethod
    def computed(self, clip: ProbeClip) -> tuple[Float16Array, bool]:
        """The array of a clip's beginning, and whether there is more of the clip.

        Raises:
            AudioError: it cannot be decoded.
        """

    @abstractmethod
    def is_right(self, array: Float16Array) -> bool:
        """Whether an array of two dimensions that was kept has the shape of one that is computed."""

    @abstractmethod
    def is_cut(self, array: Float16Array) -> bool:
        """Whether an array that was kept is that of a beginning."""

    def of(self, clips: Sequence[ProbeClip], *, progress: Progress) -> ClipInputs:
        """The arrays of clips; what cannot be decoded is left out with its reason."""
        found = ClipInputs(self)
        for done, clip in enumerate(clips):
            progress(done, len(clips))
            try:
                self._add(clip, found)
            except AudioError as error:
                found.left_out.append(LeftOut(clip.file_name, str(error)))
        progress(len(clips), len(clips))
        return found

    def kept(self, path: Path) -> Float16Array | None:
        """An array that was kept; None if it is gone or damaged."""
        try:
            found = mapped_array(path)
        except (OSError, ValueError):
            return None
        return found if found.dtype == np.float16 and found.ndim == 2 and self.is_right(found) else None

    def _add(self, clip: ProbeClip, found: ClipInputs) -> None:
        path = self._path(clip)
        array = self.kept(path)
        if array is None:
            array, cut = self.computed(clip)
            self._keep(path, array)
        else:
            cut = self.is_cut(array)
            with suppress(OSError):
                os.utime(path)
        found.cut += cut
        found.add(clip, path)

    def _path(self, clip: ProbeClip) -> Path:
        if clip.path not in self._hashes:
            self._hashes[clip.path] = content_hash(clip.path)
        text = f"{self._hashes[clip.path]}|{clip.start!r}|{clip.end!r}|{self.settings}|{self.most_seconds}"
        name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.npy"

    def _keep(self, path: Path, array: Float16Array) -> None:
        """A full disk is no reason to stop: the array is computed again where it is needed."""
        if array.nbytes > self._free:
            return
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path, durable=False) as file:
                np.save(file, array, allow_pickle=False)
            self._free -= array.nbytes

    def _room(self) -> int:
        """How many bytes may be added, after what is too much has been removed."""
        known: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("??/*.npy"):
            with suppress(OSError):
                status = path.stat()
                known.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in known)
        # Where it is nearly full, half is left free, so that new corpora find room.
        wanted = self._limit // 2 if total > self._limit * 9 // 10 else self._limit
        for _, size, path in sorted(known):
            if total <= wanted:
                break
            with suppress(OSError):
                path.unlink()
                total -= size
        return self._limit - total


def beginning_of(clip: ProbeClip, *, seconds: float, rate: int) -> tuple[Waveform, bool]:
    """The waveform of a clip's beginning at a sampling rate, and whether there is more of it.

    Raises:
        AudioError: it cannot be decoded.
    """
    most, blocks, samples = round(seconds * rate), [], 0
    for block in decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=rate):
        blocks.append(block)
        samples += len(block)
        if samples > most:
            break
    return np.concatenate(blocks)[:most], samples > most
