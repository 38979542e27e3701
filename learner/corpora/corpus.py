"""A labelled corpus with its features, as a simulation takes it; the vectors of encoders are shared with `earmark probe`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import LabelError
from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LabelledClips, LeftOut
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache
from learner.encoders.registry import encoder_named
from learner.features.precision import as_stored
from learner.progress import Watch


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
    def of(cls, vectors: Float32Array, labels: Sequence[str], speakers: Sequence[str | None]) -> Corpus:
        """From features [n, dim] as they are, and a label and a speaker a clip."""
        return _corpus(as_stored(vectors), labels, speakers)

    @property
    def label_ids(self) -> list[int]:
        """All of them."""
        return list(range(1, len(self.label_names) + 1))


def _corpus(stored: Float16Array, labels: Sequence[str], speakers: Sequence[str | None]) -> Corpus:
    names, positions = np.unique(list(labels), return_inverse=True)
    if len(names) < 2:
        raise LabelError(f"There are {len(labels)} labelled clips of {len(names)} labels; give clips of at least two labels.")
    digest = hashlib.blake2b(np.ascontiguousarray(stored).tobytes(), digest_size=16)
    digest.update(repr((list(labels), list(speakers))).encode("utf-8", "surrogatepass"))
    return Corpus(
        vectors=stored,
        label_of=positions.astype(np.int64) + 1,
        label_names=[str(name) for name in names],
        speakers=list(speakers),
        fingerprint=digest.hexdigest(),
    )


def encoded_corpus(
    labelled: LabelledClips,
    *,
    encoder: str,
    layers: str | None = None,
    pooling: str | None = None,
    cache: Path,
    watch: Watch,
) -> tuple[Corpus, list[LeftOut]]:
    """The clips with their features, and those that had to be left out.

    Args:
        encoder: as `encoder_named` takes it.
        layers, pooling: as `encoder_named` takes them; none takes the encoder's default.
        cache: folder that keeps the vectors of encoders.

    Raises:
        EncoderError: the encoder cannot be loaded or run, or has no such layers or pooling.
        FeatureError: the cache cannot be written to.
        LabelError: the clips that can be encoded have fewer than two labels.
    """
    asked = encoder_named(encoder, layers=layers, pooling=pooling).settings
    probed = ProbedEncoder(encoder)
    known = VectorCache(cache, fingerprint=probed.fingerprint, width=probed.encoder.dim)
    with watch(f"encode with {probed.name}", "clip") as moved:
        found = encode_clips(labelled.clips, probed.encoder, known, progress=moved)
    candidate = Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False)
    vectors = probed.features(found.vectors[found.encoded], candidate)
    clips = [clip for clip, encoded in zip(labelled.clips, found.encoded, strict=True) if encoded]
    corpus = _corpus(as_stored(vectors), [clip.label for clip in clips], [clip.speaker for clip in clips])
    return corpus, [*labelled.left_out, *found.left_out]
