"""Made-up corpora, for tests of simulations that need no audio."""

from __future__ import annotations

import numpy as np

from learner.corpora.corpus import Corpus

LABELS = ("angry", "happy", "sad")


def blobs(
    counts: tuple[int, ...] = (40, 40, 40), *, speakers: int = 10, dim: int = 12, spread: float = 1.0, seed: int = 0
) -> Corpus:
    """One blob for each label, with so many clips each, dealt to speakers in turn."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centers = rng.normal(size=(len(counts), dim)) * 1.2
    vectors = centers[labels] + spread * rng.normal(size=(len(labels), dim)) + 3.0
    names = [LABELS[label] if label < len(LABELS) else f"label {label}" for label in labels]
    return Corpus.of(vectors.astype(np.float16), names, [f"speaker {clip % speakers}" for clip in range(len(labels))])
