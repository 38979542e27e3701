"""TAPT: wav2vec 2.0's own contrastive pre-training goes on, on the clips of a training fold and without their labels.

The loss is that of Baevski et al. 2020: each masked frame must be told from other masked frames of its clip by its quantised
vector; a second term keeps all codes in use. The parts are those of transformers' `Wav2Vec2ForPreTraining`; only masked frames
are computed, and the convolutions stay frozen, as they do in V-FT. A checkpoint without a quantiser gets a new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from db.errors import EncoderError
from learner.encoder_training.frames.transformer import FrameTransformer, Masks
from learner.encoders.loading import load_model
from learner.encoders.tensor_files import stored_tensors
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.finetuning.recipe import Pretraining
from learner.finetuning.training.crops import MaskedCrops, MaskedPortion, share_of_rate

_WARMEST, _COLDEST, _COOLING = 2.0, 0.5, 0.999995
"""Temperature of the Gumbel softmax, and its fall a step."""


class ContrastiveJob:
    """See `learner.finetuning.training.steps.Job`."""

    def __init__(self, checkpoint: Checkpoint, crops: MaskedCrops, *, precision: str, recipe: Pretraining, seed: int) -> None:
        """Raises EncoderError if the checkpoint is not wav2vec 2.0 itself."""
        from transformers import Wav2Vec2Config, Wav2Vec2ForPreTraining

        if checkpoint.model_type != "wav2vec2":
            raise EncoderError(
                f"Encoder {checkpoint.name!r} is {checkpoint.model_type}, which has no contrastive pre-training to continue; "
                "choose --method p-tapt or v-ft, or a wav2vec 2.0 checkpoint."
            )
        self.steps, self.seed, self._crops, self._recipe = recipe.steps, seed, crops, recipe
        torch.manual_seed(seed)
        with stored_tensors(checkpoint) as known:
            fresh = not any(name.endswith("quantizer.codevectors") for name in known)
        if fresh:
            model: Any = Wav2Vec2ForPreTraining(Wav2Vec2Config(**checkpoint.config))
            model.wav2vec2 = load_model(checkpoint)
        else:
            model = load_model(checkpoint, kind="Wav2Vec2ForPreTraining")
        self.transformer = FrameTransformer(model.wav2vec2, precision=precision)
        self._model = model
        own = [weights for weights in model.wav2vec2.parameters() if weights.requires_grad]
        self.modules: nn.Module = model.to(crops.device)
        inside = {id(weights) for weights in model.wav2vec2.parameters()}
        others = [weights for weights in model.parameters() if id(weights) not in inside]
        rates = (recipe.rate, recipe.fresh_rate if fresh else recipe.rate)
        groups = [{"params": weights, "at": rate} for weights, rate in zip((own, others), rates, strict=True)]
        self.optimiser: torch.optim.Optimizer = torch.optim.Adam(groups, lr=recipe.rate, betas=(0.9, 0.98))

    def before(self, step: int) -> None:
        """Learning rate and temperature."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["at"] * share_of_rate(step, self._recipe)
        self._model.set_gumbel_temperature(max(_WARMEST * _COOLING**step, _COLDEST))
        self._model.train()

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """Contrastive and diversity loss, a mean over the masked frames of the batch."""
        found, masked = self._crops.of_step(step)
        for each in found:
            if bool(each.masked.any()):
                yield self._loss(each) / max(masked, 1)

    def _loss(self, each: MaskedPortion) -> torch.Tensor:
        model, masked = self._model, each.masked
        hidden, _ = self.transformer(each.portion, Masks(masked))
        predicted = model.project_hid(hidden.last[masked])
        normed = model.wav2vec2.feature_projection.layer_norm(each.portion.frames)[masked]
        found = _quantised(model.quantizer, model.dropout_features(normed))
        wanted = model.project_q(found.vectors)
        others, there = _others(masked, int(model.config.num_negatives))
        # All cosines at once: the vectors of a hundred other frames for each frame would take a hundred times the memory.
        alike = nn.functional.normalize(predicted.float(), dim=1) @ nn.functional.normalize(wanted.float(), dim=1).T
        logits = torch.cat([alike.diagonal()[:, None], alike.gather(1, others)], dim=1)
        logits = logits / float(model.config.contrastive_logits_temperature)
        # A vector that is the same as the right one cannot be told from it; nor is there another where a clip has one frame.
        same = (found.chosen[others] == found.chosen[:, None]).all(dim=2) | ~there[:, None]
        logits = torch.cat([logits[:, :1], logits[:, 1:].masked_fill(same, float("-inf"))], dim=1)
        contrastive = nn.functional.cross_entropy(
            logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device), reduction="sum"
        )
        every = model.config.num_codevectors_per_group * model.config.num_codevector_groups
        diversity = (every - found.perplexity) / every * len(wanted)
        loss: torch.Tensor = contrastive + float(model.config.diversity_loss_weight) * diversity
        return loss

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        """Of the transformer."""
        return {name: value.detach().cpu().clone() for name, value in self.transformer.state_dict().items()}


@dataclass(frozen=True)
class _Quantised:
    """Frames in codes."""

    vectors: torch.Tensor
    """[frames, values]."""
    chosen: torch.Tensor
    """The code of each group, [frames, groups]."""
    perplexity: torch.Tensor
    """Codes in use, all groups together."""


def _quantised(quantiser: Any, frames: torch.Tensor) -> _Quantised:
    """What `quantiser(frames)` gives, by a matrix product: each frame times all codes, value by value, takes most of a step."""
    groups, codes = quantiser.num_groups, quantiser.num_vars
    scores = quantiser.weight_proj(frames).float().view(-1, codes)
    picked = nn.functional.gumbel_softmax(scores, tau=quantiser.temperature, hard=True).view(-1, groups, codes)
    # The mean over frames first, so that its exponential counts codes and not frames.
    shares = scores.softmax(dim=1).view(-1, groups, codes).mean(dim=0)
    perplexity = torch.exp(-torch.xlogy(shares, shares).sum(dim=1)).sum()
    vectors = picked.transpose(0, 1) @ quantiser.codevectors.view(groups, codes, -1)
    return _Quantised(vectors.transpose(0, 1).flatten(1), picked.detach().argmax(dim=2), perplexity)


def _others(masked: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """For each masked frame `count` other masked frames of its clip [frames, count], drawn at random, and whether there are any.

    Frames are numbered as `tensor[masked]` has them.
    """
    sizes = masked.sum(dim=1)
    size = sizes.repeat_interleave(sizes)[:, None]
    first = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)[:, None]
    own = torch.arange(len(size), device=masked.device)[:, None] - first
    # Drawn on the CPU: the same on every device.
    drawn = (torch.rand(len(size), count).to(masked.device) * (size - 1)).long().clamp(min=0)
    # Skips the frame itself, so that all others are equally likely.
    drawn = drawn + (drawn >= own).long() * (size > 1).long()
    return first + drawn, size[:, 0] > 1
