"""Vectors of clips by encoder, kept on disk, so that a second probe encodes no clip again.

One folder an encoder (its fingerprint), and in it pairs of files: vectors in `.npy`, and in `.json` which clip each row is. The
`.json` is written last; a pair that is damaged or half there counts for nothing. Any number of processes may add to it at a time.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from db.errors import FeatureError
from db.project import OpenProject
from db.store.files import whole_file, write_whole
from learner.array_files import mapped_array
from learner.arrays import Float16Array, Float32Array
from learner.encoders.runtime import user_cache
from learner.features.erasing import probe_cache
from learner.features.precision import as_stored


def cache_folder(project: OpenProject | None) -> Path:
    """EARMARK_CACHE; or else beside the project's features, or in the user's cache folder."""
    if project is not None and not os.environ.get("EARMARK_CACHE"):
        return probe_cache(project)
    return user_cache() / "probe"


class VectorCache:
    """The vectors [width] of one encoder, by clip key. Values are float16, as in feature sets."""

    def __init__(self, folder: Path, *, fingerprint: str, width: int) -> None:
        self._folder = folder / fingerprint
        self._width = width
        self._rows: dict[str, tuple[Float16Array, int]] = {}
        for listing in sorted(self._folder.glob("*.json")):
            self._read(listing)

    def _read(self, listing: Path) -> None:
        try:
            keys = json.loads(listing.read_text(encoding="utf-8"))
            vectors = mapped_array(listing.with_suffix(".npy"))
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(keys, list) and vectors.dtype == np.float16 and vectors.shape == (len(keys), self._width):
            self._rows.update((str(key), (vectors, row)) for row, key in enumerate(keys))

    def get(self, key: str) -> Float16Array | None:
        """The vector of a clip, if it is known."""
        found = self._rows.get(_digest(key))
        return None if found is None else found[0][found[1]]

    def add(self, keys: Sequence[str], vectors: Float32Array) -> None:
        """Keep the vectors [n, width] of clips.

        Raises:
            FeatureError: the folder cannot be written to.
        """
        stored = as_stored(vectors)
        digests = [_digest(key) for key in keys]
        path = self._folder / uuid.uuid4().hex
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_file(path.with_suffix(".npy"), durable=False) as file:
                np.save(file, stored, allow_pickle=False)
            write_whole(path.with_suffix(".json"), json.dumps(digests), durable=False)
        except OSError as error:
            raise unwritable(self._folder, error) from error
        self._rows.update((digest, (stored, row)) for row, digest in enumerate(digests))


def unwritable(folder: Path, error: OSError) -> FeatureError:
    """The error of a cache that cannot be written to."""
    return FeatureError(f"{folder} cannot be written to ({error.strerror}); make room or name another folder in EARMARK_CACHE.")


def _digest(key: str) -> str:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
