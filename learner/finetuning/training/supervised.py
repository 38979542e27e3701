"""V-FT: the transformer and a linear layer learn from labels, the convolutions and their projection stay as they are.

Chen & Rudnicky 2021: SpecAugment, cross-entropy weighted by inverse class frequency, Adam.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from learner.arrays import Float16Array, Float32Array, Float64Array, Int64Array
from learner.dataset.speaker_norm import NONE
from learner.encoder_training.frames.portions import Portion, cropped, micro_seconds, portions
from learner.encoder_training.frames.transformer import Masks
from learner.finetuning.folds import Fold
from learner.finetuning.recipe import Supervised
from learner.finetuning.shipped_head import ShippedHead, Statistics, statistics
from learner.finetuning.training.batches import rows_of_step, steps_of_epoch
from learner.finetuning.training.clip_frames import OWN_VOICE, ClipFrames
from learner.finetuning.training.masks import masked_share
from learner.finetuning.training.network import ClipClassifier

_RISE = 0.1
"""Share of the steps in which a rate that decays rises first."""
_LEAST_RATE = 0.02


class SupervisedJob:
    """See `learner.finetuning.training.steps.Job`."""

    def __init__(
        self,
        network: ClipClassifier,
        frames: ClipFrames,
        y: Int64Array,
        labelled: Int64Array,
        *,
        recipe: Supervised,
        frames_per_second: float,
        device: str,
        seed: int,
    ) -> None:
        """`labelled`: rows that are learned from; `y`: class of each clip."""
        self.modules, self.seed = network.to(device), seed
        self.network = network
        self._frames, self._y, self._labelled, self._recipe, self._device = frames, y, labelled, recipe, device
        self._most = max(int(recipe.clip_seconds * frames_per_second), 1)
        self._portion = int(micro_seconds(device) * frames_per_second)
        self._a_pass = steps_of_epoch(labelled, batch=recipe.batch)
        self.steps = recipe.steps(len(labelled))
        self._weights = torch.from_numpy(class_weights(y[labelled], classes=network.linear.out_features)).to(device)
        transformer = [weights for weights in network.transformer.parameters() if weights.requires_grad]
        groups = [
            {"params": transformer, "at": recipe.rate},
            {"params": list(network.linear.parameters()), "at": recipe.head_rate},
        ]
        self.optimiser = torch.optim.Adam(groups, lr=recipe.rate)
        self.normalised: _ByFold | None = None
        self._speakers: Sequence[str | None] = [None] * len(y)
        self._voice_of = np.full(len(y), OWN_VOICE, dtype=np.int64)

    def starts_as(self, head: ShippedHead, vectors: Float32Array, speakers: Sequence[str | None], fold: Fold) -> None:
        """Start with the weights of a head, and keep normalising as it does: statistics follow the network epoch by epoch.

        Args:
            vectors: of all clips [clips, width], in their own voices, by the network as it is.
        """
        with torch.no_grad():
            self.network.linear.weight.copy_(torch.from_numpy(head.coef * self._recipe.start_scale))
            self.network.linear.bias.copy_(torch.from_numpy(head.intercept * self._recipe.start_scale))
        self._speakers = speakers
        self.normalised = _ByFold(head, vectors, speakers, fold)
        self.normalised.into(self.network)

    def before(self, step: int) -> None:
        """The learning rate; and at the start of an epoch the statistics of what the network computes by now."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["at"] * (decaying(step, self.steps) if self._recipe.decays else 1.0)
        if self.normalised is not None:
            self._voice_of = self._voices_of(step // self._a_pass)
            if step % self._a_pass == 0 and (step or self._recipe.voices):
                self.normalised.follow(self.network, self.pooled(self.normalised.fold.train, exact=False), len(self._y))
        self.network.train()

    def _voices_of(self, epoch: int) -> Int64Array:
        """The voice of each clip in an epoch: that of its speaker, who speaks in one of all with the same chance."""
        voice_of: dict[str | None, int] = {}
        rng = np.random.default_rng([self.seed, 4, epoch])
        for speaker in sorted({speaker or "" for speaker in self._speakers}):
            voice_of[speaker] = int(rng.integers(self._recipe.voices + 1))
        return np.array([voice_of[speaker or ""] for speaker in self._speakers], dtype=np.int64)

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """Cross-entropy of the batch, portion by portion."""
        rows = rows_of_step(self._labelled, batch=self._recipe.batch, step=step, seed=self.seed)
        rng = np.random.default_rng([self.seed, 2, step])
        clips = [cropped(self._frames_of(row), self._most, rng) for row in rows.tolist()]
        whole = float(self._weights[torch.from_numpy(self._y[rows])].sum())
        for portion in portions(rows.tolist(), clips, most_frames=self._portion):
            wanted = torch.from_numpy(self._y[portion.rows]).to(self._device)
            masks = self._masks(portion, rng)
            scores = self.network.scores(self.network.pooled(portion.to(self._device), masks), self._statistics_of(portion.rows))
            yield nn.functional.cross_entropy(scores, wanted, weight=self._weights, reduction="sum") / whole

    def _frames_of(self, row: int) -> Float16Array:
        return self._frames.in_voice(row, int(self._voice_of[row]))

    def in_voice(self, voice: int) -> Float32Array:
        """Vectors [clips, width] of all clips in one of the voices, by the network as it is."""
        self._voice_of = np.full(len(self._y), voice, dtype=np.int64)
        return self.pooled(np.arange(len(self._y)))

    def _masks(self, portion: Portion, rng: np.random.Generator) -> Masks:
        (share, span), (of_features, wide) = self._recipe.time_mask, self._recipe.feature_mask
        lengths, width = portion.lengths.tolist(), self.network.transformer.hidden_size
        frames = masked_share(lengths, width=portion.frames.shape[1], share=share, span=span, rng=rng)
        features = masked_share([width] * len(lengths), width=width, share=of_features, span=wide, rng=rng)
        return Masks(torch.from_numpy(frames).to(self._device), torch.from_numpy(features).to(self._device))

    def _statistics_of(self, rows: Int64Array) -> torch.Tensor:
        of = np.zeros(len(rows), dtype=np.int64) if self.normalised is None else self.normalised.row_of[rows]
        return torch.from_numpy(of).to(self._device)

    def pooled(self, rows: Int64Array, *, exact: bool = True) -> Float32Array:
        """Vectors [n, width] of these clips as the network computes them now, without masks and dropout."""
        self.network.eval()
        found = np.zeros((len(rows), self.network.linear.in_features), np.float32)
        place_of = {row: place for place, row in enumerate(rows.tolist())}
        with torch.inference_mode():
            for some in np.array_split(rows, max(len(rows) // 64, 1)):
                clips = [cropped(self._frames_of(row), self._most, None) for row in some.tolist()]
                for portion in portions(some.tolist(), clips, most_frames=self._portion):
                    places = [place_of[row] for row in portion.rows.tolist()]
                    found[places] = self.network.pooled(portion.to(self._device), exact=exact).cpu().numpy()
        return found

    def last_layer(self, rows: Int64Array) -> tuple[Float32Array, Int64Array]:
        """Frames [frames, hidden size] of the last layer of these clips, one clip after the other, and how many each has.

        In whole clips and not in crops: every frame gets its pseudo-label once.
        """
        self.network.eval()
        found: list[Float32Array] = []
        with torch.inference_mode():
            for row in rows.tolist():
                ((portion),) = portions([row], [self._frames[row]], most_frames=1)
                hidden, _ = self.network.transformer(portion.to(self._device), exact=True)
                found.append(hidden.last[0].cpu().numpy())
        return np.concatenate(found), np.array([len(each) for each in found], dtype=np.int64)

    def predictions(self, rows: Int64Array) -> Int64Array:
        """Class of each of these clips; of a fold's held-out clips, all must be asked for at once."""
        self._voice_of[:] = OWN_VOICE
        vectors = self.pooled(rows)
        if self.normalised is not None:
            everything = np.zeros((len(self._y), vectors.shape[1]), np.float32)
            everything[rows] = vectors
            everything[self.normalised.fold.train] = self.pooled(self.normalised.fold.train, exact=False)
            self.normalised.refresh(self.network, everything)
        with torch.inference_mode():
            scores = self.network.scores(torch.from_numpy(vectors).to(self._device), self._statistics_of(rows))
        found: Int64Array = scores.argmax(dim=1).cpu().numpy()
        return found

    def linear_head(self) -> tuple[Float32Array, Float32Array]:
        """Weights [classes, width] and intercepts [classes] for pooled vectors as they are, of a head that knows no speakers.

        The statistics become a part of them, those of the clips as the network computes them now.
        """
        if self.normalised is not None:
            self._voice_of[:] = OWN_VOICE
            self.normalised.follow(self.network, self.pooled(self.normalised.fold.train), len(self._y))
        network = self.network
        assert len(network.shift) == 1, "a head that normalises by speaker has no weights for vectors as they are"
        with torch.inference_mode():
            coef = (network.linear.weight * network.factor).double()
            intercept = network.linear.bias.double() - coef @ network.shift[0].double()
        return coef.float().cpu().numpy(), intercept.float().cpu().numpy()


class _ByFold:
    """Statistics that a network's vectors are normalised with, as the head that it started from was."""

    def __init__(self, head: ShippedHead, vectors: Float32Array, speakers: Sequence[str | None], fold: Fold) -> None:
        self._head, self._speakers, self.fold = head, speakers, fold
        if head.normalisation == NONE:
            # Those of the head are of all voices.
            row_of = np.zeros(len(vectors), dtype=np.int64)
            self._now = Statistics(head.statistics.shift, head.statistics.factor, row_of)
        else:
            self._now = statistics(vectors, speakers, fold, head.normalisation)

    @property
    def row_of(self) -> Int64Array:
        """Row of each clip."""
        return self._now.row_of

    def into(self, network: ClipClassifier) -> None:
        """Make the network use them."""
        device = network.linear.weight.device
        network.shift = torch.from_numpy(self._now.shift).to(device)
        network.factor = torch.from_numpy(self._now.factor).to(device)

    def follow(self, network: ClipClassifier, of_training: Float32Array, clips: int) -> None:
        """Take those of new vectors of the training clips; held-out clips have none yet."""
        everything = np.zeros((clips, of_training.shape[1]), np.float32)
        everything[self.fold.train] = of_training
        self.refresh(network, everything)

    def refresh(self, network: ClipClassifier, vectors: Float32Array) -> None:
        """Take those of these vectors [clips, width]."""
        self._now = statistics(vectors, self._speakers, self.fold, self._head.normalisation)
        self.into(network)


def class_weights(y: Int64Array, *, classes: int) -> Float32Array:
    """Inverse class frequency [classes], 1 on average over clips; a class without clips weighs nothing."""
    counts = np.bincount(y, minlength=classes)
    present = max(int((counts > 0).sum()), 1)
    found: Float64Array = np.where(counts > 0, len(y) / (present * np.maximum(counts, 1)), 0.0)
    return found.astype(np.float32)


def decaying(step: int, steps: int) -> float:
    """Share of the learning rate: a linear rise, then a linear fall."""
    rise = max(int(steps * _RISE), 1)
    if step < rise:
        return (step + 1) / rise
    return max((steps - step) / max(steps - rise, 1), _LEAST_RATE)
