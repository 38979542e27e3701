"""A corpus made from the audio of labelled clips. Its cache of vectors is the one that `earmark probe` uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LabelledClips, LeftOut
from learner.corpora.corpus import Corpus
from learner.corpora.listening import hear
from learner.corpora.vector_cache import VectorCache, as_stored
from learner.encoders.registry import encoder_named
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
    with watch(f"listen with {probed.name}", "clip") as moved:
        heard = hear(labelled.clips, probed.encoder, known, progress=moved)
    candidate = Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False)
    vectors = probed.features(heard.vectors[heard.there], candidate, np.zeros(0, dtype=np.int64))
    clips = [clip for clip, there in zip(labelled.clips, heard.there, strict=True) if there]
    corpus = Corpus.of(as_stored(vectors), [clip.label for clip in clips], [clip.speaker for clip in clips])
    return corpus, [*labelled.left_out, *heard.left_out]
