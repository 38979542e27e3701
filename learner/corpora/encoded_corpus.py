"""A corpus made from the audio of labelled clips. Its cache of vectors is the one that `earmark probe` uses."""

from __future__ import annotations

from pathlib import Path

from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LabelledClips, LeftOut
from learner.corpora.corpus import Corpus
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache
from learner.encoders.registry import encoder_named
from learner.features.precision import as_stored
from learner.progress import Watch


def encoded_corpus(
    labelled: LabelledClips,
    *,
    encoder: str,
    layers: str | None = None,
    pooling: str | None = None,
    cache: Path,
    watch: Watch,
) -> tuple[Corpus, list[LeftOut]]:
    """The clips with their vectors by an encoder, and the clips that had to be left out.

    Args:
        encoder: as `encoder_named` takes it.
        layers, pooling: as `encoder_named` takes them; none takes the encoder's default.
        cache: folder that keeps the vectors.

    Raises:
        EncoderError: the encoder cannot be loaded or run, or has no such layers or pooling.
        FeatureError: the cache cannot be written to.
        LabelError: the clips whose audio can be read have fewer than two labels.
    """
    asked = encoder_named(encoder, layers=layers, pooling=pooling).settings
    probed = ProbedEncoder(encoder)
    known = VectorCache(cache, fingerprint=probed.fingerprint, width=probed.encoder.dim)
    with watch(f"encode with {probed.name}", "clip") as moved:
        found = encode_clips(labelled.clips, probed.encoder, known, progress=moved)
    candidate = Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False)
    vectors = probed.features(found.vectors[found.encoded], candidate)
    clips = [clip for clip, encoded in zip(labelled.clips, found.encoded, strict=True) if encoded]
    corpus = Corpus.of(as_stored(vectors), [clip.label for clip in clips], [clip.speaker for clip in clips])
    return corpus, [*labelled.left_out, *found.left_out]
