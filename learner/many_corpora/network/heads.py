"""The head of a corpus: pooling over bands and time, a hidden layer, and a logit for each label."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from learner.many_corpora.recipe import ATTENTION, Recipe


class Head(nn.Module):
    """Pooling, Dense(C/2), normalisation, ReLU, dropout, Dense(classes); the softmax is in the loss."""

    def __init__(self, recipe: Recipe, *, channels: int, classes: int) -> None:
        super().__init__()
        attention = recipe.pooling == ATTENTION
        self.attention = Attention(channels, dropout=recipe.attention_dropout) if attention else None
        self.hidden = nn.Linear(channels, channels // 2)
        self.norm = nn.BatchNorm1d(channels // 2)
        self.classes = nn.Linear(channels // 2, classes)
        self._dropout = recipe.head_dropout

    def forward(self, maps: Tensor) -> Tensor:
        """Logits [n, classes] of feature maps [n, channels, bands, frames]."""
        hidden = functional.relu(self.norm(self.hidden(self.pooled(maps))))
        found: Tensor = self.classes(functional.dropout(hidden, self._dropout, self.training))
        return found

    def pooled(self, maps: Tensor) -> Tensor:
        """[n, channels] of maps [n, channels, bands, frames]."""
        found: Tensor = maps.mean(dim=(2, 3)) if self.attention is None else self.attention(maps)
        return found


class Attention(nn.Module):
    """Attention over the places of a map in two dimensions: softmax of v·tanh(W h + b)."""

    def __init__(self, channels: int, *, dropout: float) -> None:
        super().__init__()
        self.places = nn.Linear(channels, channels)
        self.weight = nn.Linear(channels, 1, bias=False)
        self._dropout = dropout

    def forward(self, maps: Tensor) -> Tensor:
        """[n, channels] of maps [n, channels, bands, frames]."""
        places = maps.flatten(2).transpose(1, 2)
        weights = self.weight(self.places(places).tanh()).softmax(dim=1)
        return functional.dropout((weights * places).sum(dim=1), self._dropout, self.training)
