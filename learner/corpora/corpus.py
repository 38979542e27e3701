"""A labelled corpus with its features, as a simulation takes it. `learner.corpora.encoded_corpus` makes one from audio."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.errors import LabelError
from learner.arrays import Float16Array, Int64Array


@dataclass(frozen=True)
class Corpus:
    """Clips with features and true labels. Clip ids are 1 to n in the order of the rows, label ids 1 to the number of labels."""

    vectors: Float16Array
    """[n, dim], float16 as in feature sets."""
    label_of: Int64Array
    """Label id of each clip, [n]."""
    label_names: list[str]
    speakers: list[str | None]
    fingerprint: str
    """Changes with everything above."""

    @classmethod
    def of(cls, vectors: Float16Array, labels: Sequence[str], speakers: Sequence[str | None]) -> Corpus:
        """Of features [n, dim], and a label and a speaker for each clip.

        Raises:
            LabelError: the clips have fewer than two labels.
        """
        names, positions = np.unique(list(labels), return_inverse=True)
        if len(names) < 2:
            raise LabelError(f"There are {len(labels)} labelled clips of {len(names)} labels; give clips of at least two labels.")
        digest = hashlib.blake2b(np.ascontiguousarray(vectors).tobytes(), digest_size=16)
        digest.update(repr((list(labels), list(speakers))).encode("utf-8", "surrogatepass"))
        return cls(
            vectors=vectors,
            label_of=positions.astype(np.int64) + 1,
            label_names=[str(name) for name in names],
            speakers=list(speakers),
            fingerprint=digest.hexdigest(),
        )

    @property
    def label_ids(self) -> list[int]:
        """All of them."""
        return list(range(1, len(self.label_names) + 1))
