"""The attention network of paper 1: each token of the text finds the sound that belongs to it.

The source is Xu et al. 2019, *Learning alignment for multimodal emotion recognition from speech*.

A BiLSTM reads the frames of the sound, made narrow by one linear layer. For each token, additive attention over its states,
v · tanh(W h + U s), gives the sound of that token. Token and sound side by side go through a second BiLSTM, whose states are
pooled over the tokens; a dense layer and a softmax follow. A clip without words has one token that is learned, which attends to
the sound like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from learner.arrays import Float32Array, Int64Array
from learner.encoders.runtime import chosen_device
from learner.modalities.sequences import Sequences

if TYPE_CHECKING:
    from torch import Tensor

_STATISTICS = 300
"""Clips from which mean and spread of frames and tokens are taken."""


@dataclass(frozen=True)
class Training:
    """How the network is trained; none of it was chosen on the clips that are tested."""

    epochs: int = 20
    fewest_steps: int = 120
    """With few clips there are more epochs."""
    batch: int = 32
    rate: float = 2e-3
    decay: float = 1e-3
    dropout: float = 0.3
    hidden: int = 64
    """Width of each direction of a BiLSTM, and of the attention."""


USUAL = Training()


class BothWays(nn.Module):
    """A BiLSTM that reads no padding. On a CPU it is more than twice as fast as one that gets packed sequences."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(width, hidden, batch_first=True)
        self.backwards = nn.LSTM(width, hidden, batch_first=True)

    def forward(self, values: Tensor, counts: Tensor) -> Tensor:
        """States [n, time, 2 hidden] of values [n, time, width], of which the first `counts` [n] of each row are there."""
        places = torch.arange(values.shape[1])
        turned = torch.where(places < counts[:, None], counts[:, None] - 1 - places, places).to(values.device)
        rows = torch.arange(len(values), device=values.device)[:, None]
        return torch.cat([self.forwards(values)[0], self.backwards(values[rows, turned])[0][rows, turned]], dim=2)


class AttentionNetwork(nn.Module):
    """From frames [n, time, width] and tokens [n, tokens, width] to scores [n, classes]."""

    def __init__(self, audio_width: int, text_width: int, classes: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.no_words = nn.Parameter(torch.zeros(text_width))
        # Most of the work would be in the first product of a BiLSTM on a thousand values.
        self.narrow = nn.Linear(audio_width, 2 * hidden)
        self.of_frames = BothWays(2 * hidden, hidden)
        self.attend_frames = nn.Linear(2 * hidden, hidden, bias=False)
        self.attend_tokens = nn.Linear(text_width, hidden)
        self.attend = nn.Linear(hidden, 1, bias=False)
        self.of_both = BothWays(text_width + 2 * hidden, hidden)
        self.dense = nn.Linear(2 * hidden, hidden)
        self.out = nn.Linear(hidden, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, frame_counts: Tensor, tokens: Tensor, token_counts: Tensor) -> Tensor:
        """Scores [n, classes]; counts [n] on the CPU say how many frames and tokens are there, no token without words."""
        silent = (token_counts == 0).to(tokens.device)
        tokens = torch.cat([torch.where(silent[:, None], self.no_words, tokens[:, 0])[:, None], tokens[:, 1:]], dim=1)
        token_counts = token_counts.clamp(min=1)
        sound = self.of_frames(self.dropout(self.narrow(frames)), frame_counts)
        mixed = torch.tanh(self.attend_frames(sound)[:, None] + self.attend_tokens(tokens)[:, :, None])
        energies = self.attend(mixed)[..., 0].masked_fill(~_mask(frame_counts, sound)[:, None], -torch.inf)
        aligned = energies.softmax(dim=2) @ sound
        states = self.of_both(self.dropout(torch.cat([tokens, aligned], dim=2)), token_counts)
        there = _mask(token_counts, states)[..., None]
        pooled = (states * there).sum(dim=1) / there.sum(dim=1)
        scores: Tensor = self.out(self.dropout(torch.relu(self.dense(pooled))))
        return scores


def _mask(counts: Tensor, values: Tensor) -> Tensor:
    return (torch.arange(values.shape[1]) < counts[:, None]).to(values.device)


@dataclass(frozen=True)
class _Scale:
    mean: Float32Array
    spread: Float32Array

    @classmethod
    def of(cls, parts: Sequence[Float32Array], width: int) -> _Scale:
        together = np.concatenate([np.zeros((0, width), np.float32), *parts])
        if not len(together):
            return cls(np.zeros(width, np.float32), np.ones(width, np.float32))
        spread = together.std(axis=0)
        return cls(together.mean(axis=0), np.where(spread < 1e-6, 1.0, spread).astype(np.float32))


class AttentionClassifier:
    """A trained network, with what its inputs are standardised by."""

    def __init__(self, sequences: Sequences, *, classes: int, training: Training = USUAL, device: str | None = None) -> None:
        self._sequences, self._classes, self._training = sequences, classes, training
        self._device = chosen_device(device)

    def fit_and_predict(
        self, y: Int64Array, *, labelled: Int64Array, unlabelled: Int64Array, tested: Int64Array, seed: int
    ) -> Int64Array:
        """The classes [tested] predicted by a network that is trained on the rows `labelled` of classes [n].

        Args:
            unlabelled: further rows of the same speakers; only mean and spread are taken from them.
            seed: of first weights, order and dropout; the same gives the same on a CPU.
        """
        present = np.unique(y[labelled])
        if len(present) < 2:
            return np.full(len(tested), present[0], dtype=np.int64)
        # Nobody else's random numbers change.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._measure(np.concatenate([labelled, unlabelled])[:_STATISTICS])
            network = self._trained(y, labelled, np.random.default_rng(seed))
            return self._predicted(network, tested, present)

    def _measure(self, rows: Int64Array) -> None:
        frames = [self._sequences.frames(row) for row in rows.tolist()]
        tokens = [self._sequences.tokens(row) for row in rows.tolist()]
        self._of_frames = _Scale.of(frames, frames[0].shape[1])
        self._of_tokens = _Scale.of(tokens, tokens[0].shape[1])

    def _trained(self, y: Int64Array, labelled: Int64Array, rng: np.random.Generator) -> AttentionNetwork:
        how = self._training
        widths = len(self._of_frames.mean), len(self._of_tokens.mean)
        network = AttentionNetwork(*widths, self._classes, hidden=how.hidden, dropout=how.dropout).to(self._device)
        counts = np.bincount(y[labelled], minlength=self._classes)
        weights = np.where(counts > 0, len(labelled) / np.maximum(counts, 1) / (counts > 0).sum(), 0.0)
        loss_of = nn.CrossEntropyLoss(weight=torch.tensor(weights, dtype=torch.float32, device=self._device))
        steps = max(how.epochs * -(-len(labelled) // how.batch), how.fewest_steps)
        optimiser = torch.optim.AdamW(network.parameters(), lr=how.rate, weight_decay=how.decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=how.rate, total_steps=steps + 1)
        network.train()
        waiting: list[int] = []
        for _ in range(steps):
            if not waiting:
                waiting = rng.permutation(labelled).tolist()
            batch, waiting = waiting[: how.batch], waiting[how.batch :]
            loss = loss_of(network(*self._inputs(batch)), torch.from_numpy(y[batch]).to(self._device))
            optimiser.zero_grad()
            loss.backward()
            norm = nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            # A step that is no number would make every weight so.
            if torch.isfinite(norm):
                optimiser.step()
            schedule.step()
        return network.eval()

    def _predicted(self, network: AttentionNetwork, tested: Int64Array, present: Int64Array) -> Int64Array:
        found = []
        with torch.inference_mode():
            for start in range(0, len(tested), 64):
                scores = network(*self._inputs(tested[start : start + 64].tolist()))
                found.append(scores[:, torch.from_numpy(present).to(scores.device)].argmax(dim=1).cpu().numpy())
        return present[np.concatenate(found)] if found else np.zeros(0, np.int64)

    def _inputs(self, rows: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        frames, frame_counts = self._padded([self._sequences.frames(row) for row in rows], self._of_frames)
        tokens, token_counts = self._padded([self._sequences.tokens(row) for row in rows], self._of_tokens)
        return frames, frame_counts, tokens, token_counts

    def _padded(self, parts: Sequence[Float32Array], scale: _Scale) -> tuple[Tensor, Any]:
        found = np.zeros((len(parts), max(max(map(len, parts)), 1), len(scale.mean)), np.float32)
        for row, part in enumerate(parts):
            found[row, : len(part)] = (part - scale.mean) / scale.spread
        return torch.from_numpy(found).to(self._device), torch.tensor([len(part) for part in parts])
