"""What is compared: the labelled clips with the vectors of their sound, by an encoder and by hand, and of their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db.errors import LabelError
from learner.arrays import BoolArray, Float32Array, Int64Array
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LabelledClips, LeftOut, ProbeClip
from learner.corpora.encoded_texts import encode_texts
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache
from learner.encoders.base import LOGMEL
from learner.encoders.registry import encoder_named
from learner.features.precision import as_stored
from learner.progress import Watch
from learner.text_encoders.encoder import EncodedTexts, TextEncoder


@dataclass(frozen=True)
class Material:
    """Clips in a fixed order, with everything that is known of each."""

    clips: list[ProbeClip]
    y: Int64Array
    """Position of the label of each clip in `label_names`, [n]."""
    label_names: list[str]
    group_of: Int64Array
    """The speaker of each clip as a number, [n]; the clip itself where no speaker is known."""
    speakers: int
    audio: Float32Array
    """[n, values]."""
    handmade: Float32Array
    """Log-mel features, [n, values]."""
    text: EncodedTexts | None
    """None where no clip has words."""
    left_out: list[LeftOut]

    @property
    def grouped(self) -> bool:
        """Whether speakers can be held out; otherwise clips are, and the accuracy is not one for new speakers."""
        return self.speakers > 1

    @property
    def has_words(self) -> BoolArray:
        """Which clips have a transcript with words, [n]."""
        return np.zeros(len(self.clips), np.bool_) if self.text is None else self.text.has_words


def material_of(
    labelled: LabelledClips, *, encoder: str, text_encoder: TextEncoder | None, cache: Path, watch: Watch
) -> Material:
    """The clips whose audio can be read, encoded once and kept in the cache.

    Args:
        encoder: as `encoder_named` takes it.
        text_encoder: not used, and not loaded, where no clip has a transcript.

    Raises:
        EncoderError: an encoder cannot be loaded or run.
        FeatureError: the cache cannot be written to.
        LabelError: the clips whose audio can be read have fewer than two labels.
    """
    _check_labels([clip.label for clip in labelled.clips])
    left_out = list(labelled.left_out)
    audio, readable = _encoded(labelled.clips, encoder, left_out, cache=cache, watch=watch)
    handmade, too = _encoded(labelled.clips, LOGMEL, [], cache=cache, watch=watch)
    kept = np.flatnonzero(readable & too)
    clips = [labelled.clips[row] for row in kept.tolist()]
    _check_labels([clip.label for clip in clips])
    names, y = np.unique([clip.label for clip in clips], return_inverse=True)
    speakers = [clip.speaker for clip in clips]
    return Material(
        clips=clips,
        y=y.astype(np.int64),
        label_names=[str(name) for name in names],
        group_of=_groups(speakers),
        speakers=len({*speakers} - {None}),
        audio=audio[kept],
        handmade=handmade[kept],
        text=_words(clips, text_encoder, cache=cache, watch=watch),
        left_out=left_out,
    )


def _check_labels(labels: Sequence[str]) -> None:
    found = len({*labels})
    if found < 2:
        of = "1 label" if found else "no label"
        raise LabelError(f"There are {len(labels)} labelled clips of {of}; give clips of at least two labels.")


def _encoded(
    clips: Sequence[ProbeClip], name: str, left_out: list[LeftOut], *, cache: Path, watch: Watch
) -> tuple[Float32Array, BoolArray]:
    """Vectors [n, values] by the encoder's default layers and pooling, and which rows hold one."""
    asked = encoder_named(name).settings
    probed = ProbedEncoder(name)
    known = VectorCache(cache, fingerprint=probed.fingerprint, width=probed.encoder.dim)
    with watch(f"encode with {probed.name}", "clip") as moved:
        found = encode_clips(clips, probed.encoder, known, progress=moved)
    left_out += found.left_out
    candidate = Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False)
    return as_stored(probed.features(found.vectors, candidate)).astype(np.float32), found.encoded


def _words(clips: Sequence[ProbeClip], encoder: TextEncoder | None, *, cache: Path, watch: Watch) -> EncodedTexts | None:
    texts = [clip.transcript for clip in clips]
    if encoder is None or not any(text is not None and text.strip() for text in texts):
        return None
    with watch(f"encode with {encoder.name}", "text") as moved:
        found = encode_texts(texts, encoder, cache=cache, progress=moved)
    return found if found.has_words.any() else None


def _groups(speakers: Sequence[str | None]) -> Int64Array:
    single = len({*speakers} - {None}) < 2
    keys = [f"clip {row}" if single or speaker is None else f"speaker {speaker}" for row, speaker in enumerate(speakers)]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)
