"""The transcripts of clips as vectors. Each text is encoded once and kept; only a hash of it is written to the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from learner.corpora.vector_cache import VectorCache
from learner.features.precision import as_stored
from learner.progress import Progress
from learner.text_encoders.encoder import EncodedTexts, TextEncoder

_AT_ONCE = 64
"""Texts that are encoded again after a crash, at most."""


def encode_texts(texts: Sequence[str | None], encoder: TextEncoder, *, cache: Path, progress: Progress) -> EncodedTexts:
    """The vector of each text, from the cache or the encoder; none without words.

    Args:
        cache: folder that keeps the vectors.
        progress: called with texts encoded and texts to encode.

    Raises:
        EncoderError: the encoder cannot be loaded.
        FeatureError: the cache cannot be written to.
    """
    known = VectorCache(cache, fingerprint=_fingerprint(encoder), width=encoder.dim)
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if text is not None and text.strip():
            rows.setdefault(text, []).append(row)
    found = EncodedTexts(np.zeros((len(texts), encoder.dim), np.float32), np.zeros(len(texts), np.bool_))
    new = []
    for text, places in rows.items():
        vector = known.get(text)
        if vector is None:
            new.append(text)
        else:
            found.vectors[places], found.has_words[places] = vector, True
    for start in range(0, len(new), _AT_ONCE):
        batch = new[start : start + _AT_ONCE]
        encoded = encoder.encode(batch)
        # As they will come out of the cache, so that a second run finds the same.
        vectors = as_stored(encoded.vectors).astype(np.float32)
        with_words = np.flatnonzero(encoded.has_words).tolist()
        for row in with_words:
            places = rows[batch[row]]
            found.vectors[places], found.has_words[places] = vectors[row], True
        if with_words:
            known.add([batch[row] for row in with_words], encoded.vectors[with_words])
        progress(min(start + _AT_ONCE, len(new)), len(new))
    return found


def _fingerprint(encoder: TextEncoder) -> str:
    # The revision says which weights it holds, wherever they lie.
    kept = {key: value for key, value in encoder.settings.items() if key not in {"text_encoder", "origin"}}
    return hashlib.sha256(json.dumps({**kept, "dim": encoder.dim}, sort_keys=True).encode()).hexdigest()
