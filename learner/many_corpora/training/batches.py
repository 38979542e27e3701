"""Batches of crops to learn from, and the probabilities of whole clips."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.encoders.corpora_model.crops import crop, windows
from learner.encoders.corpora_model.log_mel import frames_in
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.network.resnet import CorpusNetwork
from learner.many_corpora.recipe import Recipe
from learner.many_corpora.spectrograms.spectrogram_cache import Spectrograms

_AT_ONCE = 32
"""Windows in one pass of the network."""


def batch_rows(rows: Int64Array, *, size: int, step: int, seed: int) -> Int64Array:
    """The clips of a step: all come before one comes again, each time in another order. Depends on nothing but its arguments."""
    size = min(size, len(rows))
    places = np.arange(step * size, (step + 1) * size)
    found = [
        np.random.default_rng([seed, turn]).permutation(rows)[places[places // len(rows) == turn] % len(rows)]
        for turn in range(places[0] // len(rows), places[-1] // len(rows) + 1)
    ]
    return np.concatenate(found)


def batch_of(corpus: ReadCorpus, rows: Int64Array, *, recipe: Recipe, seed: int, step: int, device: str) -> tuple[Tensor, Tensor]:
    """Crops [n, bands, frames] and classes [n] of a step."""
    chosen = batch_rows(rows, size=recipe.batch, step=step, seed=seed)
    rng, frames = np.random.default_rng([seed, step, 1]), frames_in(recipe.crop_seconds)
    crops = np.stack([crop(corpus.spectrograms[row], frames=frames, rng=rng) for row in chosen.tolist()])
    return torch.from_numpy(crops).to(device), torch.from_numpy(corpus.y[chosen]).to(device)


@torch.inference_mode()
def probabilities(
    network: CorpusNetwork, spectrograms: Spectrograms, rows: Int64Array, *, recipe: Recipe, device: str
) -> Float64Array:
    """Probabilities [n, classes] of clips: those of the windows that cover a clip, averaged."""
    network.eval()
    frames = frames_in(recipe.crop_seconds)
    found: list[Float64Array] = []
    waiting: list[Float32Array] = []

    def compute() -> None:
        if waiting:
            logits = network(torch.from_numpy(np.concatenate(waiting)).to(device))
            each = logits.double().softmax(dim=1).cpu().numpy()
            ends = np.cumsum([len(one) for one in waiting])[:-1]
            found.extend(part.mean(axis=0) for part in np.split(each, ends))
            waiting.clear()

    for row in rows.tolist():
        waiting.append(windows(spectrograms[row], frames=frames))
        if sum(len(one) for one in waiting) >= _AT_ONCE:
            compute()
    compute()
    return np.array(found, dtype=np.float64)


def mean_recall(y: Int64Array, predicted: Int64Array) -> float:
    """UAR over the labels that are there; 0 without a clip."""
    recalls = [float((predicted[y == label] == label).mean()) for label in np.unique(y)]
    return float(np.mean(recalls)) if recalls else 0.0
