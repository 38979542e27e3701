"""Carries a training through its steps, whatever it trains: seeded step by step, saved on the way, continued after a kill.

A saved state is one whose loss was a number, so it is the last good one: where a loss or a gradient is not a number, the step is
skipped, and after several in a row the training ends with the state that was saved last.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError
from torch import nn

from db.errors import EncoderError
from learner.encoder_training.training_state import load_state, save_state
from learner.encoders.memory import enough_memory

SAVE_SECONDS = 30.0
"""A kill costs about so much; longer where writing a state takes long."""
_WRITING = 20
"""States are written so rarely that it takes a twentieth of the time."""
MOST_IN_A_ROW = 5
"""Steps without a usable loss before a training ends."""


class Job(Protocol):
    """A training."""

    steps: int
    seed: int

    @property
    def modules(self) -> nn.Module:
        """Everything that is saved and trained, buffers included."""

    @property
    def optimiser(self) -> torch.optim.Optimizer:
        """What moves the weights."""

    def before(self, step: int) -> None:
        """What a step needs first: its learning rate, and whatever an epoch begins with."""

    def losses(self, step: int) -> Iterator[torch.Tensor]:
        """The loss of a step in parts, one for each portion of its batch; each is differentiated before the next is computed."""


@dataclass(frozen=True)
class Ended:
    """How a training ended."""

    skipped: int
    """Steps whose loss or gradient was not a number."""
    at: int
    """Steps that count: all of them, unless it ended early."""
    early: bool
    seconds: float


class _Progressed(nn.Module):
    """What is saved beside the weights."""

    seconds: torch.Tensor
    skipped: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seconds", torch.zeros((), dtype=torch.float64))
        self.register_buffer("skipped", torch.zeros((), dtype=torch.int64))


def carry_through(job: Job, path: Path, *, settings: dict[str, Any], moved: Callable[[int], None]) -> Ended:
    """Train to the end, or continue from the state at `path`, and leave the state of the end there.

    Args:
        settings: what the training depends on; a state of others is refused.
        moved: called with the steps done after each.

    Raises:
        EncoderError: a state cannot be read or written, memory runs out, or nothing was ever a number.
    """
    kept = _Kept(job, path, settings)
    step, in_a_row, saved_at = kept.load(), 0, -math.inf
    while step < job.steps:
        began = time.monotonic()
        torch.manual_seed(job.seed * 1_000_003 + step)
        if _is_sound(job, step):
            in_a_row = 0
            if time.monotonic() - saved_at >= max(SAVE_SECONDS, _WRITING * kept.took):
                # Before the step: these weights have just given a loss that is a number.
                kept.save(step)
                saved_at = time.monotonic()
            job.optimiser.step()
        else:
            in_a_row += 1
            kept.progressed.skipped += 1
            if in_a_row == MOST_IN_A_ROW:
                return kept.last_good(step)
        kept.progressed.seconds += time.monotonic() - began
        step += 1
        moved(step)
    kept.save(job.steps)
    return Ended(int(kept.progressed.skipped), step, early=False, seconds=float(kept.progressed.seconds))


def _is_sound(job: Job, step: int) -> bool:
    """Compute the gradients of a step; whether all of it are numbers."""
    with enough_memory("a step of this training", remedy="close other programs, or choose a smaller encoder"):
        job.before(step)
        job.optimiser.zero_grad(set_to_none=True)
        total = 0.0
        for loss in job.losses(step):
            total += float(loss.detach())
            if not math.isfinite(total):
                return False
            loss.backward()  # type: ignore[no-untyped-call]
    gradients = [weights.grad for group in job.optimiser.param_groups for weights in group["params"] if weights.grad is not None]
    return bool(gradients) and math.isfinite(float(torch.nn.utils.get_total_norm(gradients)))


def cannot_be_written(path: Path, error: Exception) -> EncoderError:
    """The error of a state that there is no room for."""
    return EncoderError(
        f"{path} cannot be written ({getattr(error, 'strerror', None) or error}); make room and give the same command again: "
        "it continues from the last saved state."
    )


class _Kept:
    """The state of a job on disk."""

    def __init__(self, job: Job, path: Path, settings: dict[str, Any]) -> None:
        self._job, self._path, self._settings = job, path, settings
        self.progressed = _Progressed()
        self._all = nn.ModuleDict({"job": job.modules, "progressed": self.progressed})
        self.took = 0.0

    def load(self) -> int:
        return load_state(self._path, modules=self._all, optimisers=[self._job.optimiser], settings=self._settings)

    def save(self, step: int) -> None:
        began = time.monotonic()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            save_state(self._path, modules=self._all, optimisers=[self._job.optimiser], step=step, settings=self._settings)
        except (OSError, SafetensorError) as error:
            raise cannot_be_written(self._path, error) from error
        self.took = time.monotonic() - began

    def last_good(self, step: int) -> Ended:
        skipped, seconds = int(self.progressed.skipped), float(self.progressed.seconds)
        if not self._path.is_file():
            raise EncoderError(
                f"The loss was not a number in {step + 1} steps from the start; check the audio for clips that are all zeros, "
                "or choose another encoder."
            )
        at = self.load()
        return Ended(skipped, at, early=True, seconds=seconds)
