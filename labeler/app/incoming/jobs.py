"""The imports of a project: one at a time, for whichever page has started it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from labeler.app.commands.newest import NewestJob
from labeler.app.incoming.job import ImportJob
from labeler.app.incoming.request import ImportRequest


class ImportJobs(NewestJob[ImportJob]):
    """Holds the newest import."""

    def __init__(self, directory: Path) -> None:
        super().__init__(busy="Another import is running; wait until it is done, or cancel it.")
        self._directory = directory

    def start(self, request: ImportRequest) -> ImportJob:
        """Start an import, or the trial of one.

        Raises:
            FormatError: another one is running.
        """
        return self.begin(lambda: ImportJob(self._directory, request))


@cache
def jobs_of(directory: Path) -> ImportJobs:
    """The imports of the project in this directory, for all pages of this process."""
    return ImportJobs(directory)
