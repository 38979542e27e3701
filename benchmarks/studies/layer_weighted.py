"""A small neural head over all layers of an encoder, to compare the shipped head with.

It takes a learned weighted mean of the layers, then a dense network, after Pepino, Riera, Ferrer 2021, *Emotion Recognition from
Speech Using wav2vec 2.0 Embeddings*.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from learner.arrays import Float32Array, Int64Array

STATISTICS = 2
"""Statistics of each layer in a vector: mean and standard deviation."""
HIDDEN, DROPOUT = 128, 0.3
STEPS, RATE, DECAY = 300, 2e-3, 1e-2


class _Network(nn.Module):
    def __init__(self, layers: int, width: int, classes: int) -> None:
        super().__init__()
        self.of_layer = nn.Parameter(torch.zeros(layers))
        self.dense = nn.Sequential(
            nn.Dropout(DROPOUT), nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, classes)
        )

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Scores [n, classes] of rows [n, layers, width]."""
        found: torch.Tensor = self.dense(torch.einsum("l,nlw->nw", self.of_layer.softmax(0), rows))
        return found


class LayerWeighted:
    """Fits and predicts as scikit-learn's classifiers do.

    Args:
        layers: how many layers a vector holds side by side.
        seed: for weights and dropout.
    """

    def __init__(self, *, layers: int, seed: int = 0) -> None:
        self.layers = layers
        self.seed = seed

    def fit(self, X: Float32Array, y: Int64Array) -> LayerWeighted:
        """Fits to standardised vectors [n, STATISTICS * layers * hidden size] and their labels; all labels weigh the same."""
        self.classes_, targets = np.unique(y, return_inverse=True)
        rows, wanted = self._layered(X), torch.from_numpy(targets.astype(np.int64))
        torch.manual_seed(self.seed)
        self._network = _Network(self.layers, rows.shape[2], len(self.classes_))
        balanced = torch.from_numpy((len(y) / (len(self.classes_) * np.bincount(targets))).astype(np.float32))
        loss = nn.CrossEntropyLoss(weight=balanced)
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=DECAY)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss(self._network(rows), wanted).backward()
            optimizer.step()
        self._network.eval()
        return self

    def predict(self, X: Float32Array) -> Int64Array:
        """The likeliest label of each row."""
        with torch.no_grad():
            places = self._network(self._layered(X)).argmax(dim=1).numpy()
        found: Int64Array = self.classes_[places]
        return found

    def _layered(self, X: Float32Array) -> torch.Tensor:
        """[n, layers, STATISTICS * hidden size]; a vector holds one statistic of all layers, then the next statistic."""
        apart = X.reshape(len(X), STATISTICS, self.layers, -1)
        return torch.from_numpy(
            np.ascontiguousarray(apart.transpose(0, 2, 1, 3).reshape(len(X), self.layers, -1), dtype=np.float32)
        )
