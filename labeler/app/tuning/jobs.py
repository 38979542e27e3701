"""The fine-tunings of a project: one at a time, for whichever page has started it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labeler.app.commands.job import CommandJob
from labeler.app.commands.newest import NewestJob

METHODS = {"v-ft": "V-FT", "tapt": "TAPT", "p-tapt": "P-TAPT"}
"""Names of the methods that train an encoder, by what the command calls them."""


AFTERWARDS = {"": "only compare", "classifier": "predict with it", "encoder": "make it the encoder"}
"""What becomes of the network, by what the command calls it."""
GO_BACK = "none"


@dataclass(frozen=True)
class TuningRequest:
    """What somebody asks for: the same options as those of `earmark finetune`."""

    method: str
    encoder: str | None = None
    """None takes that of the project."""
    adopt: str = ""
    """A key of `AFTERWARDS`, or `GO_BACK`."""

    def arguments(self) -> list[str]:
        """The command and its options, without the program."""
        # With `=`, so that no value is taken for an option.
        encoder = [] if self.encoder is None else [f"--encoder={self.encoder}"]
        adopt = [f"--adopt={self.adopt}"] if self.adopt else []
        return ["finetune", f"--method={self.method}", *encoder, *adopt, "--json"]


class TuningJob(CommandJob):
    """A fine-tuning that runs, or has run. The folds that are finished stay where it is cancelled."""

    def __init__(self, directory: Path, request: TuningRequest) -> None:
        """Start it.

        Args:
            directory: of the project.
        """
        self.request = request
        # Annotators wait for the app and the learner, nobody waits for this.
        super().__init__(directory, request.arguments(), name="fine-tuning", niceness=10)


class TuningJobs(NewestJob[TuningJob]):
    """Holds the newest fine-tuning."""

    def __init__(self, directory: Path) -> None:
        super().__init__(busy="A fine-tuning is running; wait until it is done, or cancel it.")
        self._directory = directory

    def start(self, request: TuningRequest) -> TuningJob:
        """Start one.

        Raises:
            FormatError: another one is running.
        """
        return self.begin(lambda: TuningJob(self._directory, request))


@cache
def tunings_of(directory: Path) -> TuningJobs:
    """The fine-tunings of the project in this directory, for all pages of this process."""
    return TuningJobs(directory)
