"""This machine and the programs on it: versions, room on the disks, permissions, and whether the learner is well."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from db.project import OpenProject
from db.records.learner_state import STALE_SECONDS, read_state
from db.store.upgrade import newest_revision
from learner.doctor.finding import Finding

LITTLE = 1 << 30
"""Bytes: a disk with less room fills up while somebody labels."""
_SHOWN = ("numpy", "scikit-learn", "sqlalchemy", "streamlit", "torch", "transformers")
_AT_REST = ("stopped", "crashed")


def versions(project: OpenProject) -> dict[str, str]:
    """What a report of trouble should name."""
    with project.engine.connect() as connection:
        info = connection.dialect.server_version_info or ()
        server = "" if connection.dialect.name == "sqlite" else ".".join(map(str, info))
    return {
        "earmark": version("earmark"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "schema": newest_revision(),
        **({"postgresql": server} if server else {"sqlite": sqlite3.sqlite_version}),
        **{name: version(name) for name in _SHOWN if _is_installed(name)},
    }


def examine_machine(project: OpenProject) -> Iterator[Finding]:
    """Packages, room and permissions."""
    yield from _packages()
    folders = dict.fromkeys((project.directory, project.features_dir, project.heads_dir, project.cache_dir))
    disks = {os.stat(folder).st_dev: folder for folder in reversed(folders)}
    for folder in disks.values():
        free = shutil.disk_usage(folder).free
        if free < LITTLE:
            yield Finding(
                subject="machine",
                kind="little-room",
                what=f"The disk of {folder} has {free >> 20} MB left.",
                remedy="Make room on it, since answers cannot be stored on a full disk.",
            )
    for folder in (folder for folder in folders if not os.access(folder, os.W_OK | os.X_OK)):
        yield _read_only(folder)


def _read_only(folder: Path) -> Finding:
    return Finding(
        subject="machine",
        kind="read-only",
        what=f"This user may not write to {folder}.",
        remedy="Change its owner or permissions, or make its disk writable.",
    )


def _packages() -> Iterator[Finding]:
    for line in requires("earmark") or []:
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
            continue
        found = version(needed.name) if _is_installed(needed.name) else None
        if found is None or not needed.specifier.contains(found, prereleases=True):
            yield Finding(
                subject="machine",
                kind="package",
                what=f"{needed.name} {found or 'is not installed'}{' is installed' if found else ''}, and Earmark needs {line}.",
                remedy=f'Run `pip install "{needed.name}{needed.specifier}"`.',
            )


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def examine_learner(project: OpenProject) -> Iterator[Finding]:
    """What the learner reported last."""
    with project.read() as session:
        state = read_state(session)
        if state is None:
            return
        name, error, restarts, beat_at = state.state, state.error, state.restarts, state.heartbeat_at
    if name == "crashed":
        yield Finding(
            subject="learner",
            kind="crashed",
            what=f"The learner ended with an error: {(error or 'no reason is known').rstrip('.')}.",
            remedy="Do what it names, then start `earmark serve` or run `earmark learn --once`.",
        )
    elif name not in _AT_REST and time.time() - beat_at > STALE_SECONDS:
        yield Finding(
            subject="learner",
            kind="ended",
            what=f"The learner has reported nothing since it was {name!r}: it was killed, or the machine went down.",
            remedy="Start `earmark serve` again; no answer is lost.",
            is_problem=False,
        )
    elif restarts and error:
        yield Finding(
            subject="learner",
            kind="restarted",
            what=f"The learner was started again {restarts} times, last because: {error.rstrip('.')}.",
            remedy="Look into the terminal of `earmark serve` if it goes on.",
            is_problem=False,
            count=restarts,
        )
