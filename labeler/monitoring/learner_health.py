"""Whether the learner is alive, for whoever watches its process: `python -m labeler.monitoring.learner_health --project DIR`.

The exit status is 0 if it has reported lately, and 1 otherwise, with one sentence. It loads nothing of the learner.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from db.errors import EarmarkError
from db.project import OpenProject, open_project
from db.records.learner_state import STALE_SECONDS, read_state
from db.store.failures import STORE_ERRORS, failure_of


def trouble(project: OpenProject) -> str | None:
    """What is wrong with the project's learner, in one sentence; None if all is well."""
    with project.read() as session:
        state = read_state(session)
        if state is None:
            return "No learner has run for this project; start `earmark learn --embed`."
        age = time.time() - state.heartbeat_at
        if state.state in ("stopped", "crashed"):
            return f"The learner has {state.state}; start `earmark learn --embed`."
        if age > STALE_SECONDS:
            return f"The learner reported {age:.0f} s ago for the last time; restart it."
    return None


def main() -> None:
    """Exit with status 0 or 1."""
    parser = argparse.ArgumentParser(prog="python -m labeler.monitoring.learner_health", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="project directory")
    directory: Path = parser.parse_args().project
    try:
        project = open_project(directory)
        found = trouble(project)
    except EarmarkError as error:
        sys.exit(str(error))
    except STORE_ERRORS as error:
        sys.exit(failure_of(error, place=directory).sentence)
    sys.exit(found)


if __name__ == "__main__":
    main()
