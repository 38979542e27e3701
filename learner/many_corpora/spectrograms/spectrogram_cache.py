"""Spectrograms of clips on disk, by what the file holds, the span and the settings; together no larger than a limit.

What was not used for longest goes first. What finds no room is computed whenever it is needed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from db.errors import AudioError
from db.store.files import whole_file
from learner.array_files import mapped_array
from learner.arrays import Float16Array, Waveform
from learner.audio.decoding import content_hash, decode_blocks
from learner.corpora.clips import LeftOut, ProbeClip
from learner.encoders.corpora_model.log_mel import BANDS, HOP, RATE, SETTINGS, log_mel
from learner.encoders.runtime import user_cache
from learner.progress import Progress

LIMIT = 8 * 2**30
"""Bytes: about 290 hours of audio."""
MOST_SECONDS = 300.0
"""Of a longer clip the beginning is looked at."""


@dataclass
class Spectrograms:
    """The spectrograms of clips that can be decoded."""

    clips: list[ProbeClip] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    cut: int = 0
    """Clips that are longer than `MOST_SECONDS`."""
    _paths: list[Path] = field(default_factory=list)
    _lengths: list[int] = field(default_factory=list)

    def __getitem__(self, row: int) -> Float16Array:
        """[bands, frames] of a clip.

        Raises:
            AudioError: it is no longer in the cache, and its audio is gone.
        """
        found = _kept(self._paths[row])
        return log_mel(_waveform(self.clips[row])[0]) if found is None else found

    def frames(self, row: int) -> int:
        """How many frames a clip has."""
        return self._lengths[row]

    @property
    def keys(self) -> list[str]:
        """What each clip holds, as a digest of file, span and settings."""
        return [path.parent.name + path.stem for path in self._paths]

    def add(self, clip: ProbeClip, path: Path, *, frames: int) -> None:
        """One more clip, whose spectrogram is at `path` unless there was no room."""
        self.clips.append(clip)
        self._paths.append(path)
        self._lengths.append(frames)

    def chosen(self, rows: Sequence[int]) -> Spectrograms:
        """Those of some clips."""
        only = [(self.clips[row], self._paths[row], self._lengths[row]) for row in rows]
        clips, paths, lengths = (list(part) for part in zip(*only, strict=True)) if only else ([], [], [])
        return Spectrograms(clips, self.left_out, self.cut, paths, lengths)


class SpectrogramCache:
    """The folder of spectrograms."""

    def __init__(self, folder: Path | None = None, *, limit: int = LIMIT) -> None:
        """Without a folder, that in the user's cache."""
        self._folder, self._limit = folder or user_cache() / "spectrograms", limit
        self._hashes: dict[str, str] = {}
        self._free = self._room()

    def of(self, clips: Sequence[ProbeClip], *, progress: Progress) -> Spectrograms:
        """The spectrograms of clips; what cannot be decoded is left out with its reason."""
        found = Spectrograms()
        for done, clip in enumerate(clips):
            progress(done, len(clips))
            try:
                self._add(clip, found)
            except AudioError as error:
                found.left_out.append(LeftOut(clip.file_name, str(error)))
        progress(len(clips), len(clips))
        return found

    def _add(self, clip: ProbeClip, found: Spectrograms) -> None:
        path = self._path(clip)
        spectrogram = _kept(path)
        if spectrogram is None:
            waveform, cut = _waveform(clip)
            spectrogram = log_mel(waveform)
            self._keep(path, spectrogram)
        else:
            cut = spectrogram.shape[1] > MOST_SECONDS * RATE // HOP
            with suppress(OSError):
                os.utime(path)
        found.cut += cut
        found.add(clip, path, frames=spectrogram.shape[1])

    def _path(self, clip: ProbeClip) -> Path:
        if clip.path not in self._hashes:
            self._hashes[clip.path] = content_hash(clip.path)
        text = f"{self._hashes[clip.path]}|{clip.start!r}|{clip.end!r}|{SETTINGS}|{MOST_SECONDS}"
        name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.npy"

    def _keep(self, path: Path, spectrogram: Float16Array) -> None:
        """A full disk is no reason to stop: the spectrogram is computed again where it is needed."""
        if spectrogram.nbytes > self._free:
            return
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path, durable=False) as file:
                np.save(file, spectrogram, allow_pickle=False)
            self._free -= spectrogram.nbytes

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


def _kept(path: Path) -> Float16Array | None:
    try:
        found = mapped_array(path)
    except (OSError, ValueError):
        return None
    return found if found.dtype == np.float16 and found.ndim == 2 and found.shape[0] == BANDS and found.shape[1] else None


def _waveform(clip: ProbeClip) -> tuple[Waveform, bool]:
    """The waveform of a clip's beginning, and whether there is more of it."""
    most, blocks, samples = round(MOST_SECONDS * RATE), [], 0
    for block in decode_blocks(clip.path, start=clip.start, end=clip.end, sampling_rate=RATE):
        blocks.append(block)
        samples += len(block)
        if samples > most:
            break
    return np.concatenate(blocks)[:most], samples > most
