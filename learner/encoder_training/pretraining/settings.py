"""The settings of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import EncoderError
from learner.encoder_training.loss_log import LOG_EVERY

OBJECTIVES = ("distill", "descriptors", "masked")
"""See `learner.encoder_training.pretraining.objectives`."""


@dataclass(frozen=True)
class PretrainSettings:
    """What a training depends on besides its speech.

    Args:
        objective: names from `OBJECTIVES`, joined by `+`.
        teacher: state dict of BYOL-S, for `distill`.
        pool_crops: crops made at a time; each is seen `passes` times.
        steps: more than last time lengthen a training; the remaining steps follow the schedule of the longer one.
        save_every: steps between saved states; it may also change from one part of a training to the next.
    """

    objective: str = "descriptors"
    start: str | None = None
    teacher: Path | None = None
    steps: int = 10_000
    batch: int = 16
    crop_seconds: float = 2.56
    distorted_share: float = 0.6
    pool_crops: int = 4096
    passes: int = 4
    learning_rate: float = 7e-4
    warmup: int = 300
    seed: int = 0
    save_every: int = 250

    def as_json(self) -> dict[str, Any]:
        """The settings that must not change between the parts of one training."""
        kept = {**vars(self), "teacher": str(self.teacher) if self.teacher else None}
        del kept["steps"], kept["save_every"]
        return kept

    @property
    def objectives(self) -> list[str]:
        """Names joined by `+` in `objective`, such as `distill+descriptors`.

        Raises:
            EncoderError: a name is not known or comes twice, or what it needs is missing.
        """
        names = [name.strip() for name in self.objective.lower().split("+")]
        unknown = [name for name in names if name not in OBJECTIVES]
        if unknown or len(set(names)) != len(names):
            raise EncoderError(
                f"Objective {self.objective!r} cannot be used; join some of {', '.join(OBJECTIVES)} with +, each once."
            )
        if "distill" in names and self.teacher is None:
            raise EncoderError("Objective 'distill' needs a teacher; give its weights with --teacher FILE.")
        if self.pool_crops < self.batch:
            raise EncoderError(f"A pool of {self.pool_crops} crops is smaller than a batch of {self.batch}; make --pool larger.")
        if self.save_every % LOG_EVERY:
            raise EncoderError(f"States cannot be saved every {self.save_every} steps; choose a multiple of {LOG_EVERY}.")
        return names
