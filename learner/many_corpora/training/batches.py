"""Batches of crops to learn from, and the probabilities of whole clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from learner.arrays import Float64Array, Int64Array
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.inputs.clip_cache import Inputs
from learner.many_corpora.network.base import Array, CorpusNetwork

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


def batch_of(
    network: CorpusNetwork, corpus: ReadCorpus, rows: Int64Array, *, size: int, seed: int, step: int, device: str
) -> Iterator[tuple[Any, Tensor]]:
    """Crops of a step as the network takes them, and their classes [n]; in portions that fit in memory."""
    chosen = batch_rows(rows, size=size, step=step, seed=seed)
    rng = np.random.default_rng([seed, step, 1])
    crops = [network.crop(corpus.inputs[row], rng) for row in chosen.tolist()]
    for places, inputs in network.portions(crops, device=device):
        yield inputs, torch.from_numpy(corpus.y[chosen[places]]).to(device)


def probabilities(network: CorpusNetwork, inputs: Inputs, rows: Int64Array, *, device: str) -> Float64Array:
    """Probabilities [n, classes] of clips: those of the windows that cover a clip, averaged."""
    return _averaged(network, inputs, rows, lambda one: network(one).double().softmax(dim=1), device=device)


def pooled_outputs(network: CorpusNetwork, inputs: Inputs, rows: Int64Array, *, device: str) -> Float64Array:
    """What the head classifies of clips, [n, width]: that of the windows that cover a clip, averaged."""
    return _averaged(network, inputs, rows, lambda one: network.pooled(one).double(), device=device)


def _averaged(
    network: CorpusNetwork, inputs: Inputs, rows: Int64Array, compute: Callable[[Any], Tensor], *, device: str
) -> Float64Array:
    found = [each.mean(axis=0) for each in of_windows(network, inputs, rows, compute, device=device)]
    return np.array(found, dtype=np.float64)


@torch.inference_mode()
def of_windows(
    network: CorpusNetwork, inputs: Inputs, rows: Int64Array, compute: Callable[[Any], Tensor], *, device: str
) -> Iterator[Float64Array]:
    """What is computed of each window of a clip, [windows, values], clip by clip."""
    network.eval()
    waiting: list[Sequence[Array]] = []
    for number, row in enumerate(rows.tolist(), start=1):
        waiting.append(network.windows(inputs[row]))
        if sum(map(len, waiting)) >= _AT_ONCE or number == len(rows):
            cuts = [window for windows in waiting for window in windows]
            found: dict[int, Float64Array] = {}
            for places, one in network.portions(cuts, device=device):
                found.update(zip(places.tolist(), compute(one).cpu().numpy(), strict=True))
            each = np.stack([found[place] for place in range(len(cuts))])
            yield from np.split(each, np.cumsum([len(windows) for windows in waiting])[:-1])
            waiting.clear()


def mean_recall(y: Int64Array, predicted: Int64Array) -> float:
    """UAR over the labels that are there; 0 without a clip."""
    recalls = [float((predicted[y == label] == label).mean()) for label in np.unique(y)]
    return float(np.mean(recalls)) if recalls else 0.0
