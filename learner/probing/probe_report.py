"""A probe from end to end: clips are encoded, candidates scored, and the best is reported with what choosing it is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import LabelError
from db.project import OpenProject
from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.clips import LabelledClips, LeftOut, ProbeClip
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache
from learner.dataset.speaker_norm import normalised_by_group
from learner.encoders.base import Encoder
from learner.evaluation.intervals import Interval
from learner.probing.known_labels import known_in_words
from learner.probing.prediction_cache import PredictionCache
from learner.probing.scoring import HeldOutPredictions, Scorer, all_predictions, nested
from learner.probing.splits import Splits, splits_of
from learner.progress import Watch


@dataclass(frozen=True)
class Result:
    """A candidate and its score."""

    candidate: Candidate
    ua: Interval
    dim: int

    def to_json(self) -> dict[str, Any]:
        """As `earmark probe --json` prints it."""
        scores: dict[str, float | None] = {"ua": self.ua.value, "ua_low": self.ua.low, "ua_high": self.ua.high}
        return {**vars(self.candidate), **_rounded(scores), "dim": self.dim}


@dataclass(frozen=True)
class ProbeReport:
    """What a probe found out."""

    results: list[Result]
    """Best first."""
    nested: Interval | None
    """The score of the choice; None with two speakers, which leave nothing to choose on."""
    clips: int
    speakers: int
    labels: int
    folds: int
    grouped: bool
    left_out: list[LeftOut] = field(default_factory=list)
    unlabelled: int = 0
    remarks: list[str] = field(default_factory=list)
    """On encoders that have learned from the labels of these clips."""

    @property
    def best(self) -> Result:
        """The best result."""
        return self.results[0]

    def to_json(self) -> dict[str, Any]:
        """As `earmark probe --json` prints it."""
        inside = self.nested
        scores = {
            "nested_ua": None if inside is None else inside.value,
            "nested_ua_low": None if inside is None else inside.low,
            "nested_ua_high": None if inside is None else inside.high,
        }
        return {
            "results": [result.to_json() for result in self.results],
            "best": {**self.best.to_json(), **_rounded(scores)},
            "clips": self.clips,
            "speakers": self.speakers,
            "labels": self.labels,
            "folds": self.folds,
            "remarks": self.remarks,
        }


@dataclass(frozen=True)
class _Entry:
    """A candidate on its way to be scored."""

    encoder: ProbedEncoder
    candidate: Candidate
    features: Callable[[], Float32Array]


def probe_encoders(
    labelled: LabelledClips,
    *,
    encoders: Sequence[str | Encoder],
    cache: Path,
    project: OpenProject | None = None,
    watch: Watch,
) -> ProbeReport:
    """Score every layer mix and pooling of the encoders on the clips, as they are and normalised per speaker.

    Args:
        encoders: names as `encoder_named` takes them, or encoders; at least one.
        cache: folder that keeps the vectors of encoders and the predictions of candidates.
        project: whose clips they are; None for those of a manifest.

    Raises:
        EncoderError: an encoder cannot be loaded or run.
        FeatureError: the cache cannot be written to.
        LabelError: the clips that can be encoded have fewer than two labels.
    """
    _check_labels(labelled.clips, labelled.left_out)
    # All are looked up before the first one encodes for minutes.
    probed = list({one.name: one for one in map(ProbedEncoder, encoders)}.values())
    left_out = list(labelled.left_out)
    there = np.ones(len(labelled.clips), dtype=bool)
    vectors: list[Float16Array] = []
    for one in probed:
        kept = VectorCache(cache, fingerprint=one.fingerprint, width=one.encoder.dim)
        with watch(f"encode with {one.name}", "clip") as moved:
            found = encode_clips(labelled.clips, one.encoder, kept, progress=moved)
        vectors.append(found.vectors)
        there &= found.encoded
        left_out += [clip for clip in found.left_out if clip not in left_out]
    clips = [clip for clip, by_all in zip(labelled.clips, there, strict=True) if by_all]
    _check_labels(clips, left_out)
    report = _scored(clips, probed, [each[there] for each in vectors], cache, watch)
    known = [known_in_words(one.encoder, clips, project) for one in probed]
    remarks = [sentence for sentence in known if sentence is not None]
    return replace(report, left_out=left_out, unlabelled=labelled.unlabelled, remarks=remarks)


def _scored(
    clips: Sequence[ProbeClip],
    probed: Sequence[ProbedEncoder],
    encoded: Sequence[Float16Array],
    cache: Path,
    watch: Watch,
) -> ProbeReport:
    labels, y = np.unique([clip.label for clip in clips], return_inverse=True)
    y = y.astype(np.int64)
    splits = splits_of([clip.speaker for clip in clips], y)
    entries = [
        _Entry(one, candidate, partial(_features, one, vectors, candidate, splits.group_of))
        for one, vectors in zip(probed, encoded, strict=True)
        for candidate in one.candidates(speakers=splits.grouped)
    ]
    predicted = _predicted(entries, PredictionCache(cache, clips, y, splits), y, splits, watch)
    scorer = Scorer(y, splits, labels=len(labels))
    widths = [entry.encoder.width(entry.candidate) for entry in entries]
    results = [
        Result(entry.candidate, scorer.interval(each.outer), width)
        for entry, each, width in zip(entries, predicted, widths, strict=True)
    ]
    return ProbeReport(
        results=sorted(results, key=lambda result: (-result.ua.value, result.dim)),
        nested=nested(predicted, widths, scorer, splits),
        clips=len(clips),
        speakers=splits.speakers,
        labels=len(labels),
        folds=splits.count,
        grouped=splits.grouped,
    )


def _features(encoder: ProbedEncoder, encoded: Float16Array, candidate: Candidate, group_of: Int64Array) -> Float32Array:
    """The features [n, d] of a candidate, normalised if it is one that normalises by speaker."""
    vectors = encoder.features(encoded, candidate)
    return normalised_by_group(vectors, group_of) if candidate.speaker_norm else vectors


def _predicted(
    entries: Sequence[_Entry], cache: PredictionCache, y: Int64Array, splits: Splits, watch: Watch
) -> list[HeldOutPredictions]:
    """The predictions of all candidates, from the cache or made now."""
    known = [cache.get(entry.encoder.fingerprint, entry.candidate) for entry in entries]
    new = [entry for entry, kept in zip(entries, known, strict=True) if kept is None]

    def keep(position: int, made: HeldOutPredictions) -> None:
        cache.add(new[position].encoder.fingerprint, new[position].candidate, made)

    with watch("score", "fit") as moved:
        found = iter(all_predictions([entry.features for entry in new], y, splits, keep=keep, progress=moved))
    return [next(found) if kept is None else kept for kept in known]


def _check_labels(clips: Sequence[ProbeClip], left_out: Sequence[LeftOut]) -> None:
    labels = sorted({clip.label for clip in clips})
    if len(labels) < 2:
        held = (
            f"{'1 clip' if len(clips) == 1 else f'{len(clips)} clips'}, all labelled {labels[0]!r}"
            if labels
            else "no clip with a label"
        )
        lost = f" ({len(left_out)} left out, the first since: {left_out[0].reason.rstrip('.')})" if left_out else ""
        raise LabelError(f"There is {held} to probe on{lost}; give clips of at least two labels.")


def _rounded(scores: dict[str, float | None]) -> dict[str, float | None]:
    return {key: None if value is None else round(value, 6) for key, value in scores.items()}
