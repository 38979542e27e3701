"""How far a stage of a training is, and what it has reported; on disk, so that it goes on after a kill with the same losses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from db.errors import EncoderError
from db.store.files import write_whole
from learner.encoder_training.training_state import load_state, save_state

SAVE_SECONDS = 30.0
"""A kill costs about so much; longer where writing a state takes long."""
_WRITING = 20
"""States are written so rarely that it takes a twentieth of the time."""


class Place(nn.Module):
    """Where a stage is."""

    values: torch.Tensor

    NAMES = (
        "rate",
        "epoch",
        "step",
        "step_in_epoch",
        "waited",
        "best",
        "mark",
        "loss",
        "losses",
        "skipped",
        "skipped_in_row",
        "epochs",
        "begun",
    )

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(len(self.NAMES), dtype=torch.float64))

    def get(self, name: str) -> float:
        """A number by its name."""
        return float(self.values[self.NAMES.index(name)])

    def count(self, name: str) -> int:
        """A whole number by its name."""
        return int(self.values[self.NAMES.index(name)])

    def set(self, **values: float) -> None:
        """Change numbers."""
        for name, value in values.items():
            self.values[self.NAMES.index(name)] = value

    def add(self, **values: float) -> None:
        """Add to numbers."""
        for name, value in values.items():
            self.values[self.NAMES.index(name)] += value


class KeptStage:
    """The state of a stage, `NAME.safetensors`, and one line an epoch, `NAME.jsonl`."""

    def __init__(
        self, folder: Path, name: str, *, modules: nn.Module, optimiser: torch.optim.Optimizer, settings: dict[str, Any]
    ) -> None:
        self._state, self._log = folder / f"{name}.safetensors", folder / f"{name}.jsonl"
        self._modules, self._optimiser, self._settings = modules, optimiser, settings
        self._saved_at, self._took = -float("inf"), 0.0
        self.history: list[dict[str, Any]] = []

    def load(self, place: Place) -> None:
        """Go on with what is there.

        Raises:
            EncoderError: it is damaged, or belongs to other settings.
        """
        load_state(self._state, modules=self._modules, optimisers=[self._optimiser], settings=self._settings)
        epochs = place.count("epochs")
        try:
            lines = self._log.read_text(encoding="utf-8").splitlines() if epochs else []
            self.history = [json.loads(line) for line in lines[:epochs]]
        except (OSError, ValueError) as error:
            raise EncoderError(f"{self._log} cannot be read; remove {self._log.parent} to start this run again.") from error

    def epoch_ended(self, entry: dict[str, Any]) -> None:
        """Keep what an epoch gave."""
        self.history.append(entry)
        self._write(lambda: write_whole(self._log, "".join(json.dumps(each) + "\n" for each in self.history)))

    def save_if_due(self, *, least: float = SAVE_SECONDS) -> None:
        """Write the state, unless that was done just now."""
        if time.monotonic() - self._saved_at >= max(least, _WRITING * self._took):
            self.save()

    def save(self) -> None:
        """Write the state.

        Raises:
            EncoderError: there is no room.
        """
        began = time.monotonic()
        self._write(
            lambda: save_state(self._state, modules=self._modules, optimisers=[self._optimiser], step=0, settings=self._settings)
        )
        self._saved_at, self._took = time.monotonic(), time.monotonic() - began

    def _write(self, write: Any) -> None:
        try:
            self._state.parent.mkdir(parents=True, exist_ok=True)
            write()
        except (OSError, SafetensorError) as error:
            raise EncoderError(
                f"{self._state.parent} cannot be written to ({getattr(error, 'strerror', None) or error}); make room and give "
                "the same command again: it goes on from the last saved state."
            ) from error
