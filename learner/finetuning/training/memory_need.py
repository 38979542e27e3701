"""Whether a step of a training fits in memory, before it begins: a sentence early is better than a kill late."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from db.errors import EncoderError
from learner.encoder_training.frames.convolutions import frames_per_second
from learner.encoder_training.frames.portions import micro_seconds
from learner.encoders.wav2vec2.checkpoints import Checkpoint

_FLOAT = 4
_COPIES = 4
"""Of each weight: itself, its gradient, and two moments of Adam."""
_PER_WIDTH, _PER_INNER, _PER_HEAD = 18, 3, 3
"""Floats that the gradient needs of a frame and layer: for each value of a frame, each inner value, and each head and frame
that it attends to."""


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes of a training step."""

    weights: int
    activations: int

    @property
    def gigabytes(self) -> float:
        """Both together."""
        return (self.weights + self.activations) / 2**30


def memory_need(checkpoint: Checkpoint, *, device: str, clip_seconds: float) -> MemoryNeed:
    """Of a portion of clips that are at most so long."""
    config = checkpoint.config
    layers, width = checkpoint.transformer_layers, checkpoint.hidden_size
    inner, heads = int(config.get("intermediate_size", 3072)), int(config.get("num_attention_heads", 12))
    attended = clip_seconds * frames_per_second(checkpoint)
    frames = max(micro_seconds(device), clip_seconds) * frames_per_second(checkpoint)
    weights = layers * (4 * width * width + 2 * width * inner)
    per_frame = layers * (_PER_WIDTH * width + _PER_INNER * inner + _PER_HEAD * heads * attended)
    return MemoryNeed(weights * _COPIES * _FLOAT, int(frames * per_frame * _FLOAT))


def check_memory(checkpoint: Checkpoint, *, device: str, clip_seconds: float) -> None:
    """Raises EncoderError if a step would not fit in the memory that is free."""
    need, available = memory_need(checkpoint, device=device, clip_seconds=clip_seconds), _free(device)
    free = math.inf if available is None else available / 2**30
    if need.gigabytes > free:
        raise EncoderError(
            f"Fine-tuning {checkpoint.name!r} needs about {need.gigabytes:.1f} GB of memory, and {free:.1f} GB are free "
            f"({device}); close other programs, or choose a smaller encoder."
        )


def _free(device: str) -> int | None:
    """Bytes; None where the system does not say."""
    if device.startswith("cuda"):
        found: Any = torch.cuda.mem_get_info(device)
        return int(found[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None
