"""What an import would do: it is done, to a copy of the project's database that is thrown away.

So both always agree, whatever an import learns to do, and nobody who answers meanwhile waits for anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.backups.trial import trial_copy
from db.project import OpenProject
from learner.imports.import_report import ImportReport
from learner.imports.source import import_source


def validate_source(
    project: OpenProject, source: Path | str, *, progress: Callable[[int, int], None] | None = None, **options: Any
) -> ImportReport:
    """The report of `import_source` with the same arguments, while nothing is written to the project.

    Raises:
        ProjectError: the database is damaged, or the folder for temporary files has no room for a copy of it.
        EarmarkError: whatever `import_source` raises.
    """
    with trial_copy(project) as copy:
        return import_source(copy, source, progress=progress, **options)
