"""One pass of an encoder over the clips: everything that its layers and poolings can be made from later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.errors import AudioError
from db.records.clips import SPAN_TOLERANCE, ClipAudio
from learner.arrays import BoolArray, Float16Array, Float32Array
from learner.audio.decoding import audio_info
from learner.corpora.clips import LeftOut, ProbeClip, clip_key
from learner.corpora.vector_cache import VectorCache
from learner.encoders.base import Encoder
from learner.features.embed import decoded_batches, encoded_stream, not_numbers
from learner.features.precision import as_stored, storable
from learner.progress import Progress

STORE_CLIPS = 256
"""At most this many clips are encoded again after a crash."""


@dataclass
class EncodedClips:
    """Vectors [n, dim] of the clips, zeros for clips that could not be encoded."""

    vectors: Float16Array
    encoded: BoolArray
    """Which rows hold a vector, [n]."""
    left_out: list[LeftOut]
    """The clips of the others."""


class _Unsaved:
    """Vectors that are not in the cache yet."""

    def __init__(self, cache: VectorCache) -> None:
        self._cache = cache
        self._keys: list[str] = []
        self._vectors: list[Float32Array] = []

    def add(self, key: str | None, vector: Float32Array) -> None:
        if key is not None:
            self._keys.append(key)
            self._vectors.append(vector)
        if len(self._keys) >= STORE_CLIPS:
            self.save()

    def save(self) -> None:
        keys, vectors = self._keys, self._vectors
        self._keys, self._vectors = [], []
        if keys:
            self._cache.add(keys, np.stack(vectors))


def encode_clips(clips: Sequence[ProbeClip], encoder: Encoder, cache: VectorCache, *, progress: Progress) -> EncodedClips:
    """The vector of each clip, from the cache or, clip by clip, from the audio.

    Args:
        progress: called with clips encoded and clips to encode; never where all are in the cache.

    Raises:
        EncoderError: the encoder cannot be loaded or run.
        FeatureError: the cache cannot be written to.
    """
    found = EncodedClips(np.zeros((len(clips), encoder.dim), np.float16), np.zeros(len(clips), bool), [])
    keys = [clip_key(clip) for clip in clips]
    for row, key in enumerate(keys):
        known = None if key is None else cache.get(key)
        if known is not None:
            found.vectors[row], found.encoded[row] = known, True
    new = _audio_of(clips, np.flatnonzero(~found.encoded).tolist(), found.left_out)
    unsaved, done = _Unsaved(cache), 0
    try:
        for batch in decoded_batches(new, encoder.sampling_rate):
            whole = [(clip, audio) for clip, audio in batch if isinstance(audio, np.ndarray)]
            vectors = list(zip((clip for clip, _ in whole), encoder.encode([audio for _, audio in whole]), strict=True))
            for clip, audio in batch:
                result = encoded_stream(clip, encoder) if audio is None else audio
                if isinstance(result, AudioError):
                    found.left_out.append(LeftOut(clip.file_name, str(result)))
                elif audio is None:
                    vectors.append((clip, result))
            for clip, vector in vectors:
                if not storable(vector[np.newaxis])[0]:
                    found.left_out.append(LeftOut(clip.file_name, str(not_numbers(clip.path))))
                    continue
                found.vectors[clip.clip_id], found.encoded[clip.clip_id] = as_stored(vector), True
                unsaved.add(keys[clip.clip_id], vector)
            done += len(batch)
            progress(done, len(new))
    finally:
        # On Ctrl-C too: what is encoded is kept.
        unsaved.save()
    return found


def _audio_of(clips: Sequence[ProbeClip], rows: Sequence[int], left_out: list[LeftOut]) -> list[ClipAudio]:
    """Where the audio of these rows lies, with the row as its id; files that cannot be read are left out."""
    found = []
    for row in rows:
        clip = clips[row]
        try:
            info = audio_info(clip.path)
        except AudioError as error:
            left_out.append(LeftOut(clip.file_name, str(error)))
            continue
        found.append(
            ClipAudio(
                clip_id=row,
                file_name=clip.file_name,
                path=clip.path,
                start=clip.start,
                end=info.duration if clip.end is None else clip.end,
                whole=clip.start <= SPAN_TOLERANCE and clip.end is None,
                content_hash="",
                sampling_rate=info.sampling_rate,
                channels=info.channels,
            )
        )
    return found
