"""What a student is trained to predict from its hidden layers; each objective has its own readout and loss.

`distill`: a teacher's vector of the clip. `imitate`: an encoder's hidden states, frame by frame. `descriptors`: hand-made
descriptors of the clip and of each frame (PASE, Pascual et al. 2019). `masked`: the cluster of frames that were masked in its
input (HuBERT's first iteration, Hsu et al. 2021; P-TAPT, Chen & Rudnicky 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from learner.encoder_training.pretraining.targets import pooled

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FRAME_SAMPLES = 160
"""Frame targets are this far apart."""
Hidden = Sequence[torch.Tensor]
Targets = Mapping[str, torch.Tensor]


WEIGHTS = {"imitate": 2.0}
"""Of the losses in their sum, where not 1: frames cannot be learnt by heart as a vector of the clip can."""


def pooled_layers(hidden: Hidden) -> torch.Tensor:
    """Mean and deviation over time of every layer, side by side: [n, 2 x layers x width]."""
    return torch.cat([pooled(states.float()) for states in hidden], dim=1)


def standardising(width: int) -> nn.BatchNorm1d:
    """Standardises a readout's input over the batch, as a probe does over its training clips.

    Without it a shift that all frames share moves every output at once, and the training oscillates instead of learning: after
    125 steps the errors were .89/.81/.45 without and .77/.64/.39 with it.
    """
    return nn.BatchNorm1d(width, affine=False, momentum=0.01)


class ClipReadout(nn.Module):
    """Predicts a vector of the clip from the pooled layers."""

    def __init__(self, width: int, *, target: str, dim: int) -> None:
        super().__init__()
        self._target = target
        self.norm = standardising(width)
        self.readout = nn.Linear(width, dim)

    def inputs(self, hidden: Hidden) -> torch.Tensor:
        """What the target is predicted from, [n, width], before it is standardised."""
        return pooled_layers(hidden)

    def wanted(self, targets: Targets, count: int) -> torch.Tensor:
        """The target [n, dim]; `count`, the student's frames, plays no part."""
        return targets[self._target]

    def forward(self, hidden: Hidden, targets: Targets) -> torch.Tensor:
        """Mean squared error."""
        return nn.functional.mse_loss(self.readout(self.norm(self.inputs(hidden))), self.wanted(targets, hidden[0].shape[1]))


class ImitationReadout(nn.Module):
    """Predicts an encoder's frames from all layers side by side."""

    def __init__(self, width: int, *, dim: int, spacing: tuple[float, int], of_teacher: tuple[float, int]) -> None:
        super().__init__()
        self.norm = standardising(width)
        self.readout = nn.Linear(width, dim)
        self._spacing, self._of_teacher = spacing, of_teacher

    def inputs(self, hidden: Hidden) -> torch.Tensor:
        """What the frames are predicted from, [n x frames, width], before it is standardised."""
        return torch.cat([states.float() for states in hidden], dim=2).flatten(0, 1)

    def wanted(self, targets: Targets, count: int) -> torch.Tensor:
        """[n x frames, dim]: the teacher's frame that is nearest in time to each of the student's `count` frames."""
        frames = targets["teacher_frames"]
        (centre, stride), (first, step) = self._spacing, self._of_teacher
        places = (centre + stride * torch.arange(count, device=frames.device) - first) / step
        return frames[:, places.round().long().clamp(0, frames.shape[1] - 1)].flatten(0, 1)

    def forward(self, hidden: Hidden, targets: Targets) -> torch.Tensor:
        """Mean squared error."""
        predicted = self.readout(self.norm(self.inputs(hidden)))
        return nn.functional.mse_loss(predicted, self.wanted(targets, hidden[0].shape[1]))


class FrameReadout(nn.Module):
    """Predicts the descriptors of each frame from a weighted mean of the layers."""

    def __init__(self, hidden_size: int, *, layers: int, dim: int, centre: float, stride: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.zeros(layers))
        self.norm = standardising(hidden_size)
        self.readout = nn.Linear(hidden_size, dim)
        self._centre, self._stride = centre, stride

    def forward(self, hidden: Hidden, targets: Targets) -> torch.Tensor:
        """Mean squared error."""
        mixed = mixture(self.mix, hidden)
        mixed = self.norm(mixed.flatten(0, 1)).reshape(mixed.shape)
        return nn.functional.mse_loss(self.readout(mixed), self.aligned(targets["frames"], mixed.shape[1]))

    def aligned(self, frames: torch.Tensor, count: int) -> torch.Tensor:
        """Targets at the centres of the student's `count` frames, interpolated."""
        place = (self._centre + self._stride * torch.arange(count, device=frames.device)) / FRAME_SAMPLES
        place = place.clamp(max=frames.shape[1] - 1)
        low = place.floor().long()
        high = (low + 1).clamp(max=frames.shape[1] - 1)
        part = (place - low)[:, None]
        return frames[:, low] * (1 - part) + frames[:, high] * part


class ClusterReadout(nn.Module):
    """Predicts the cluster of masked frames from the last layer; clusters are nearest centres in the frames' descriptors."""

    def __init__(self, hidden_size: int, *, centres: torch.Tensor, frames: FrameReadout) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.readout = nn.Linear(hidden_size, len(centres))
        self._aligned = frames.aligned

    def forward(self, hidden: Hidden, targets: Targets) -> torch.Tensor:
        """Cross-entropy over the frames of `targets["masked"]`, in nats."""
        states = hidden[-1].float()
        wanted = self._aligned(targets["frames"], states.shape[1])
        masked = targets["masked"].bool()
        centres: Any = self.centres
        clusters = torch.cdist(wanted[masked], centres).argmin(dim=1)
        return nn.functional.cross_entropy(self.readout(states[masked]), clusters)


def mixture(weights: torch.Tensor, hidden: Hidden) -> torch.Tensor:
    """Softmax-weighted mean of the layers [n, frames, width]."""
    shares = torch.softmax(weights, dim=0)
    return torch.stack([share * states.float() for share, states in zip(shares, hidden, strict=True)]).sum(dim=0)


def readouts(
    names: Sequence[str],
    model: PreTrainedModel,
    *,
    widths: Mapping[str, int],
    centres: torch.Tensor | None,
    of_teacher: tuple[float, int] | None,
) -> nn.ModuleDict:
    """A readout for each objective; `descriptors` has one for clips and one for frames.

    Args:
        widths: length of each target's vectors, by target.
        centres: cluster centres [clusters, width of frames] for `masked`.
        of_teacher: centre of the teacher's first frame and distance of its frames, in samples, for `imitate`.
    """
    config: Any = model.config
    layers = int(config.num_hidden_layers) + 1
    wide = 2 * layers * int(config.hidden_size)
    centre, stride = frame_geometry(config.conv_kernel, config.conv_stride)
    frames = FrameReadout(config.hidden_size, layers=layers, dim=widths["frames"], centre=centre, stride=stride)
    found = nn.ModuleDict()
    for name in names:
        if name == "distill":
            found["distill"] = ClipReadout(wide, target="teacher", dim=widths["teacher"])
        elif name == "imitate":
            assert of_teacher is not None
            found["imitate"] = ImitationReadout(
                layers * int(config.hidden_size), dim=widths["teacher_frames"], spacing=(centre, stride), of_teacher=of_teacher
            )
        elif name == "descriptors":
            found["descriptors"] = ClipReadout(wide, target="descriptors", dim=widths["descriptors"])
            found["frames"] = frames
        else:
            assert centres is not None
            found["masked"] = ClusterReadout(config.hidden_size, centres=centres, frames=frames)
    return found


def frame_geometry(kernels: Sequence[int], strides: Sequence[int]) -> tuple[float, int]:
    """Centre of the first frame and distance of frames, in samples."""
    seen, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        seen += (kernel - 1) * step
        step *= stride
    return (seen - 1) / 2, step
