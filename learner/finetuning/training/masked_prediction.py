"""P-TAPT: k-means of a fine-tuned encoder's frames gives pseudo-labels, and the transformer predicts those of masked frames.

Chen & Rudnicky 2021 take the frames from wav2vec v1. Here they come from a V-FT of the encoder at hand: a variant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from sklearn.cluster import MiniBatchKMeans
from torch import nn

from db.store.files import whole
from learner.arrays import Float32Array, Int64Array
from learner.encoder_training.frames.transformer import FrameTransformer, Masks
from learner.finetuning.recipe import Pretraining
from learner.finetuning.training.crops import MaskedCrops, MaskedPortion, share_of_rate

_NARROW = 256
"""Hidden values of a head."""
_LEAST_FRAMES = 4
"""Frames a cluster, at least: where there are fewer, there are fewer clusters."""


class PseudoLabels:
    """The cluster of each frame, for several numbers of clusters."""

    def __init__(self, clusters: Sequence[Int64Array], first: dict[int, int], counts: Sequence[int]) -> None:
        self._clusters, self._first, self.counts = clusters, first, list(counts)

    @classmethod
    def of(
        cls, frames: Float32Array, rows: Int64Array, lengths: Int64Array, *, wanted: Sequence[int], seed: int, path: Path
    ) -> PseudoLabels:
        """Those of frames [frames, width] of the clips of these rows, one after the other; read from `path` if they are there.

        Raises:
            OSError: they cannot be written.
        """
        first = dict(zip(rows.tolist(), (np.cumsum(lengths) - lengths).tolist(), strict=True))
        counts = [max(min(count, len(frames) // _LEAST_FRAMES), 1) for count in wanted]
        if path.is_file():
            kept = load_file(str(path))
            return cls([kept[str(number)].astype(np.int64) for number in range(len(counts))], first, counts)
        found = [_clustered(frames, count, seed) for count in counts]
        with whole(path) as part:
            save_file({str(number): labels.astype(np.int32) for number, labels in enumerate(found)}, str(part))
        return cls(found, first, counts)

    def of_crops(self, each: MaskedPortion) -> list[torch.Tensor]:
        """The clusters of the masked frames, [masked frames] for each number of clusters, as `tensor[masked]` has the frames."""
        places = [
            self._first[row] + start + np.flatnonzero(masked)
            for row, start, masked in zip(each.portion.rows.tolist(), each.starts, each.masked.cpu().numpy(), strict=True)
        ]
        of_all = np.concatenate(places)
        return [torch.from_numpy(clusters[of_all]).to(each.masked.device) for clusters in self._clusters]


def _clustered(frames: Float32Array, count: int, seed: int) -> Int64Array:
    found = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=max(4096, count), max_iter=20)
    labels: Int64Array = found.fit_predict(frames).astype(np.int64)
    return labels


class MaskedPredictionJob:
    """See `learner.finetuning.training.steps.Job`."""

    def __init__(
        self, transformer: FrameTransformer, crops: MaskedCrops, labels: PseudoLabels, *, recipe: Pretraining, seed: int
    ) -> None:
        self.steps, self.seed, self._crops, self._labels, self._recipe = recipe.steps, seed, crops, labels, recipe
        torch.manual_seed(seed)
        width = transformer.hidden_size
        self._heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, _NARROW), nn.ReLU(), nn.Linear(_NARROW, count)) for count in labels.counts
        )
        self.transformer = transformer
        self.modules: nn.Module = nn.ModuleDict({"transformer": transformer, "heads": self._heads}).to(crops.device)
        own = [weights for weights in transformer.parameters() if weights.requires_grad]
        groups = [{"params": own, "at": recipe.rate}, {"params": list(self._heads.parameters()), "at": recipe.fresh_rate}]
        self.optimiser: torch.optim.Optimizer = torch.optim.Adam(groups, lr=recipe.rate)

    def before(self, step: int) -> None:
        """The learning rate."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["at"] * share_of_rate(step, self._recipe)
        self.modules.train()

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """Cross-entropy of the masked frames' clusters, a mean over frames and over the numbers of clusters."""
        found, masked = self._crops.of_step(step)
        for each in found:
            if not bool(each.masked.any()):
                continue
            hidden, _ = self.transformer(each.portion, Masks(each.masked))
            states = hidden.last[each.masked]
            losses = [
                nn.functional.cross_entropy(head(states), wanted, reduction="sum")
                for head, wanted in zip(self._heads, self._labels.of_crops(each), strict=True)
            ]
            yield torch.stack(losses).sum() / (max(masked, 1) * len(losses))

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """Of the transformer."""
        return {name: value.detach().cpu().clone() for name, value in self.transformer.state_dict().items()}
