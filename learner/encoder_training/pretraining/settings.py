"""The settings of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import EncoderError
from learner.encoder_training.loss_log import LOG_EVERY
from learner.encoder_training.pretraining.targets import TeacherChoice
from learner.encoders.wav2vec2.make_untrained import HEAD_WIDTH

OBJECTIVES = ("distill", "imitate", "descriptors", "masked")
"""See `learner.encoder_training.pretraining.objectives`."""


OPTIMISERS = ("adamw", "muon")
"""`muon` (Jordan et al. 2024) for the matrices of the transformer, AdamW for all else."""


@dataclass(frozen=True)
class PretrainSettings:
    """What a training depends on besides its speech.

    Args:
        objective: names from `OBJECTIVES`, joined by `+`.
        shape: transformer layers and width, such as 3x384, of a new network; what fits of `start` is kept. None keeps the shape.
        teacher: file with the state dict of BYOL-S, or an encoder as `encoder_named` takes it; for `distill` and `imitate`.
        teacher_layers: hidden layers of the encoder; none takes its default.
        pool_crops: crops made at a time; each is seen `passes` times.
        steps: more than last time lengthen a training; the remaining steps follow the schedule of the longer one.
        save_every: steps between saved states; it may also change from one part of a training to the next.
    """

    objective: str = "descriptors"
    start: str | None = None
    shape: str | None = None
    teacher: str | None = None
    teacher_layers: str | None = None
    optimiser: str = "adamw"
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
        kept = dict(vars(self))
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
        for name in ("distill", "imitate"):
            if name in names and self.teacher is None:
                raise EncoderError(f"Objective {name!r} needs a teacher; name one with --teacher.")
        if "imitate" in names and self.taught_by.encoder is None:
            raise EncoderError(f"Objective 'imitate' needs an encoder as teacher, and {str(self.teacher)!r} is a single file.")
        if self.optimiser not in OPTIMISERS:
            raise EncoderError(f"Optimiser {self.optimiser!r} cannot be used; choose {' or '.join(OPTIMISERS)}.")
        if self.pool_crops < self.batch:
            raise EncoderError(f"A pool of {self.pool_crops} crops is smaller than a batch of {self.batch}; make --pool larger.")
        if self.save_every % LOG_EVERY:
            raise EncoderError(f"States cannot be saved every {self.save_every} steps; choose a multiple of {LOG_EVERY}.")
        return names

    @property
    def taught_by(self) -> TeacherChoice:
        """The teacher, where an objective needs it: a file is a state dict of BYOL-S."""
        needed = {"distill", "imitate"} & {name.strip() for name in self.objective.lower().split("+")}
        if self.teacher is None or not needed:
            return TeacherChoice()
        path = Path(self.teacher)
        if path.is_file() or path.suffix == ".pth":
            return TeacherChoice(byols=path)
        return TeacherChoice(encoder=self.teacher, layers=self.teacher_layers)

    @property
    def layers_and_width(self) -> tuple[int, int] | None:
        """Of `shape`.

        Raises:
            EncoderError: it is none.
        """
        if self.shape is None:
            return None
        layers, _, width = self.shape.lower().partition("x")
        if not (layers.isdecimal() and width.isdecimal()) or not (1 <= int(layers) <= 48 and 64 <= int(width) <= 2048):
            raise EncoderError(f"Shape {self.shape!r} cannot be used; write layers x width, such as 3x384.")
        if int(width) % HEAD_WIDTH:
            raise EncoderError(f"Width {width} cannot be used; choose a multiple of {HEAD_WIDTH}.")
        return int(layers), int(width)
