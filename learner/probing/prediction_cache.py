"""Predictions of candidates, kept on disk: a second probe of the same clips only adds encoders that are new.

One `.npy` of whole numbers a candidate, named by a hash of everything that its predictions depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from db.store.files import whole_file
from learner.array_files import read_array
from learner.arrays import Int64Array
from learner.corpora.candidates import Candidate
from learner.corpora.clips import ProbeClip, clip_key
from learner.corpora.vector_cache import unwritable
from learner.probing.scoring import HeldOutPredictions
from learner.probing.splits import Splits

_METHOD = 1
"""Goes up with every change of how candidates are made or scored."""


class PredictionCache:
    """Predictions for these clips in these folds."""

    def __init__(self, folder: Path, clips: Sequence[ProbeClip], y: Int64Array, splits: Splits) -> None:
        self._folder = folder / "predictions"
        self._shape = (splits.count + 1, len(y))
        about = json.dumps([_METHOD, [clip_key(clip) for clip in clips]])
        numbers = (y, splits.fold_of, splits.group_of)
        self._about = b"".join([about.encode(), *(np.asarray(each, np.int64).tobytes() for each in numbers)])

    def get(self, fingerprint: str, candidate: Candidate) -> HeldOutPredictions | None:
        """The stored predictions of a candidate; None if there are none or the file is damaged.

        `fingerprint` identifies the encoder.
        """
        try:
            found = read_array(self._path(fingerprint, candidate))
        except (OSError, ValueError):
            return None
        if found.shape != self._shape or found.dtype != np.int32:
            return None
        numbers = found.astype(np.int64)
        return HeldOutPredictions(numbers[0], numbers[1:])

    def add(self, fingerprint: str, candidate: Candidate, found: HeldOutPredictions) -> None:
        """Keep them.

        Raises:
            FeatureError: the folder cannot be written to.
        """
        numbers = np.concatenate([found.outer[None], found.inner]).astype(np.int32)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._path(fingerprint, candidate), durable=False) as file:
                np.save(file, numbers, allow_pickle=False)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _path(self, fingerprint: str, candidate: Candidate) -> Path:
        # The fingerprint identifies the encoder; its name may be a folder that was moved.
        wanted = json.dumps([fingerprint, candidate.layers, candidate.pooling, candidate.speaker_norm])
        return self._folder / f"{hashlib.blake2b(self._about + wanted.encode(), digest_size=16).hexdigest()}.npy"
