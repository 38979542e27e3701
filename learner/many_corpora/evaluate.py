"""Predicts the clips of a manifest with one corpus's network of a model, and scores those that have a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import LabelError
from db.store.files import written_whole
from learner.corpora.clips import LeftOut, manifest_clips
from learner.encoders.runtime import chosen_device
from learner.many_corpora.corpora.reading import corpus_name
from learner.many_corpora.inputs.clip_cache import ClipCache
from learner.many_corpora.model_folder import Model, open_model
from learner.many_corpora.predictions import write_predictions
from learner.many_corpora.scores import scores
from learner.many_corpora.training.batches import probabilities
from learner.progress import Watch


@dataclass
class Evaluated:
    """What came out."""

    corpus: str
    scores: dict[str, Any] | None
    """None without a clip that has a label of the corpus."""
    clips: int
    left_out: list[LeftOut] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def evaluate(
    path: Path,
    manifest: Path,
    output: Path,
    *,
    corpus: str | None = None,
    run: int = 1,
    device: str | None = None,
    cache: ClipCache | None = None,
    watch: Watch,
) -> Evaluated:
    """Write a probability of each label for each clip of a manifest; clips without a label are predicted, and not scored.

    Args:
        corpus: whose labels to predict; by default the corpus that has the manifest's name, or the only one.

    Raises:
        EncoderError: the model cannot be read.
        LabelError: there is no such corpus or run, or no clip can be read.
        FormatError: the manifest cannot be read, or the output not written.
    """
    model = open_model(path)
    name = _chosen(model, corpus, manifest)
    if not 1 <= run <= model.runs:
        raise LabelError(f"{path} has runs 1 to {model.runs}, so {run} cannot be used; choose one of these with --run.")
    device = chosen_device(device)
    labelled = manifest_clips(manifest, unlabelled=True)
    with watch("read", "clip") as moved:
        inputs = (cache or model.backbone.cache(device=device)).of(labelled.clips, progress=moved)
    clips = inputs.clips
    found = Evaluated(name, None, len(clips), [*labelled.left_out, *inputs.left_out], list(labelled.notes))
    if not clips:
        raise LabelError(f"{manifest} has no clip that can be read; check its audio files.")
    network = model.network(run, name).to(device)
    rows = np.arange(len(clips))
    with watch("predict", "clip") as moved:
        parts = [rows[begin : begin + 64] for begin in range(0, len(rows), 64)]
        values = []
        for done, part in enumerate(parts):
            values.append(probabilities(network, inputs, part, device=device))
            moved(min(64 * (done + 1), len(rows)), len(rows))
    each = np.concatenate(values)
    labels = model.corpora[name]
    with written_whole(output, example="predictions.csv") as part_of_output:
        write_predictions(part_of_output, clips, each, labels=labels, label_of=[clip.label for clip in clips])
    place = {label: number for number, label in enumerate(labels)}
    known = np.array([clip.label in place for clip in clips])
    unknown = sorted({clip.label for clip in clips if clip.label and clip.label not in place})
    if unknown:
        found.remarks.append(
            f"{name} does not know the labels of some clips ({_few(unknown)}): "
            f"{int(sum(bool(clip.label) for clip in clips) - known.sum())} of {len(clips)} are predicted, and not scored."
        )
    if known.any():
        scored = [clip for clip, here in zip(clips, known, strict=True) if here]
        y = np.array([place[clip.label] for clip in scored], dtype=np.int64)
        found.scores = scores(scored, y, each[known].argmax(axis=1), labels=labels)
    return found


def _chosen(model: Model, corpus: str | None, manifest: Path) -> str:
    name = corpus or corpus_name(manifest)
    if name in model.corpora:
        return name
    if corpus is None and len(model.corpora) == 1:
        return next(iter(model.corpora))
    asked = f"has no corpus {name!r}" if corpus else f"does not know which corpus {manifest.name} is"
    raise LabelError(f"{model.folder.path} {asked}; name one with --corpus: {_few(sorted(model.corpora))}.")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (" and more" if len(names) > 10 else "")
