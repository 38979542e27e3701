"""What candidates told, kept on disk: a second probe of the same clips only adds encoders that are new.

One `.npy` of whole numbers a candidate, named by a hash of everything that its answers depend on.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from learner.arrays import Int64Array
from learner.corpora.candidates import Candidate
from learner.corpora.clips import ProbeClip, clip_key
from learner.corpora.vector_cache import unwritable
from learner.probing.scoring import Told
from learner.probing.splits import Splits

_METHOD = 1
"""Goes up with every change of how candidates are made or scored."""


class ToldCache:
    """Answers about these clips in these folds."""

    def __init__(self, folder: Path, clips: Sequence[ProbeClip], y: Int64Array, splits: Splits) -> None:
        self._folder = folder / "told"
        self._shape = (splits.count + 1, len(y))
        about = json.dumps([_METHOD, [clip_key(clip) for clip in clips]])
        numbers = (y, splits.fold_of, splits.group_of)
        self._about = b"".join([about.encode(), *(np.asarray(each, np.int64).tobytes() for each in numbers)])

    def get(self, fingerprint: str, candidate: Candidate) -> Told | None:
        """What the candidate told, of an encoder with this fingerprint, if it is known."""
        try:
            found = np.load(self._path(fingerprint, candidate), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if found.shape != self._shape or found.dtype != np.int32:
            return None
        numbers = found.astype(np.int64)
        return Told(numbers[0], numbers[1:])

    def add(self, fingerprint: str, candidate: Candidate, told: Told) -> None:
        """Keep it.

        Raises:
            FeatureError: the folder cannot be written to.
        """
        path = self._path(fingerprint, candidate)
        part = path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.save(file, np.concatenate([told.outer[None], told.inner]).astype(np.int32), allow_pickle=False)
            part.rename(path)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _path(self, fingerprint: str, candidate: Candidate) -> Path:
        # The fingerprint says which encoder it is; its name may be a folder that was moved.
        wanted = json.dumps([fingerprint, candidate.layers, candidate.pooling, candidate.speaker_norm])
        return self._folder / f"{hashlib.blake2b(self._about + wanted.encode(), digest_size=16).hexdigest()}.npy"
