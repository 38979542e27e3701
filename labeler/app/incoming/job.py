"""One import: the command, and what it was asked for."""

from __future__ import annotations

from pathlib import Path

from labeler.app.commands.job import CommandJob
from labeler.app.incoming.request import ImportRequest

_NOTHING_TAKEN = 3
"""Exit status of an import that took nothing: its report says why."""


class ImportJob(CommandJob):
    """An import that runs, or has run. Clips that are registered stay where it is cancelled."""

    def __init__(self, directory: Path, request: ImportRequest) -> None:
        """Start it.

        Args:
            directory: of the project.
        """
        self.request = request
        super().__init__(directory, request.arguments(), name="import", with_report=(0, _NOTHING_TAKEN))
