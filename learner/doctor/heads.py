"""Can the trained heads be read?"""

from __future__ import annotations

from collections.abc import Iterator

from db.errors import LearnerError
from db.project import OpenProject
from db.records.runs import latest_run_id
from learner.doctor.finding import Finding, of_error
from learner.heads.store import load_head, newest_head, stored_heads


def examine_heads(project: OpenProject) -> Iterator[Finding]:
    """Every head on the disk, and whether the newest run has one."""
    for path in stored_heads(project.heads_dir):
        try:
            load_head(path)
        except LearnerError as error:
            yield of_error("heads", "unreadable-head", error)
    with project.read() as session:
        newest = latest_run_id(session)
    if newest is not None and newest_head(project.heads_dir, up_to=newest) is None:
        yield Finding(
            subject="heads",
            kind="no-head",
            what=f"There have been {newest} runs, and there is no head in {project.heads_dir}.",
            remedy="Run `earmark learn --once`, or start `earmark serve`.",
        )
