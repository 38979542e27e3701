"""Reading the vectors of transcripts: a feature set like those of sound, each row of which also holds a stamp of its text.

The stamp is a hash of the text that was encoded, in a few values behind the vector. So vector and stamp are written, overwritten
and backed up together, and a transcript that has changed since is noticed. The app process may load this.
"""

from __future__ import annotations

import hashlib

import numpy as np

from db.project import OpenProject
from db.records.features import words_set
from learner.arrays import Float32Array, Int64Array
from learner.features.base import Features
from learner.features.matrix import FeatureMatrix, open_feature_set

STAMP = 6
"""Values of a stamp."""
_BITS = 11
"""Of a hash in each of them: float16 holds whole numbers up to 2048 exactly."""


def stamp_of(text: str | None) -> Float32Array:
    """The stamp [STAMP] of a text; zeros for one without words."""
    found = np.zeros(STAMP, dtype=np.float32)
    if text is None or not text.strip():
        return found
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    bits = int.from_bytes(digest)
    for place in range(STAMP):
        found[place] = (bits >> (_BITS * place)) % 2**_BITS
    # One of zeros stands for no text.
    found[0] = max(found[0], 1.0)
    return found


class WordFeatures(Features):
    """Vectors of transcripts without their stamps; zeros for clips whose text has no words any more."""

    def __init__(self, stored: FeatureMatrix) -> None:
        super().__init__(stored.clip_ids, dim=stored.dim - STAMP, feature_set_id=stored.feature_set_id)
        self._stored = stored

    def stamps(self) -> Float32Array:
        """The stamps [n, STAMP] in the order of `clip_ids`, not numbers where a vector is damaged; reads all vectors.

        Raises:
            FeatureError: they cannot be read any more.
        """
        found = [np.zeros((0, STAMP), np.float32)]
        for chunk in self._stored.chunks():
            stamps = chunk[:, self.dim :].copy()
            stamps[~np.isfinite(chunk).all(axis=1)] = np.nan
            found.append(stamps)
        return np.concatenate(found)

    def _vectors_at(self, positions: Int64Array) -> Float32Array:
        return self._stored._vectors_at(positions)[:, : self.dim]


def open_words(project: OpenProject) -> WordFeatures | None:
    """The vectors of transcripts by the text encoder of the settings; None where there are none, or words are not used."""
    with project.read() as session:
        stored = words_set(session, project.settings.text_encoder)
        if stored is None:
            return None
        feature_set_id = stored.id
    return WordFeatures(open_feature_set(project, feature_set_id))
