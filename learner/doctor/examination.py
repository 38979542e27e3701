"""All checks of a project, one after the other. Each may fail by itself, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.errors import EarmarkError
from db.project import OpenProject, open_project
from db.store.failures import STORE_ERRORS, failure_of
from learner.doctor.audio import decode_sample, look_at_paths
from learner.doctor.database import examine_database
from learner.doctor.features import examine_features
from learner.doctor.finding import Finding, Subject, of_error, unwatched
from learner.doctor.heads import examine_heads
from learner.doctor.machine import examine_learner, examine_machine, versions
from learner.doctor.relinking import check_folder, relink_files
from learner.doctor.words import examine_words
from learner.progress import Watch

SAMPLE = 300
"""Clips that are decoded unless another number is wanted: a fault of 1% of all clips is missed once in twenty times."""


Advice = Callable[[OpenProject], Iterator[Finding]]


def _none(_project: OpenProject) -> Iterator[Finding]:
    return iter(())


@dataclass
class Examination:
    """What was found, and what was looked at."""

    findings: list[Finding] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    clips_decoded: int = 0
    relinked: list[tuple[str, str]] = field(default_factory=list)
    """Old and new path of the audio files that were found again."""

    @property
    def is_well(self) -> bool:
        """Whether there is no problem."""
        return not any(finding.is_problem for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """What `earmark doctor --json` prints."""
        return {
            "well": self.is_well,
            "findings": [finding.to_json() for finding in self.findings],
            "relinked": [{"from": old, "to": new} for old, new in self.relinked],
            "clips_decoded": self.clips_decoded,
            "versions": self.versions,
        }


def examine(
    project: OpenProject,
    *,
    audio: int | None = SAMPLE,
    relink: Path | None = None,
    watch: Watch = unwatched,
    advice: Advice = _none,
) -> Examination:
    """Check database, features, heads, audio, machine and learner. Nothing is changed, but for `relink`.

    Args:
        audio: how many clips are decoded, drawn at random; None for all.
        relink: a folder in which audio files that are missing or changed are looked for, by their bytes.
        watch: makes a progress bar for each part of the work.
        advice: finds what the caller knows besides.

    Raises:
        FormatError: `relink` is no folder.
    """
    if relink is not None:
        check_folder(relink)
    result = Examination()
    with watch("database", "check"):
        _add(result, "database", lambda: examine_database(project))
    if any(finding.kind == "damaged" for finding in result.findings):
        # Whatever else is read from it would be as wrong.
        _add(result, "machine", lambda: examine_machine(project))
        return result
    result.versions = versions(project)
    with watch("features", "vector") as moved:
        _add(result, "features", lambda: examine_features(project, progress=moved))
    _add(result, "features", lambda: examine_words(project))
    _add(result, "features", lambda: advice(project))
    _add(result, "heads", lambda: examine_heads(project))
    of_audio = examine_audio(project, audio=audio, relink=relink, watch=watch)
    result.findings += of_audio.findings
    result.clips_decoded, result.relinked = of_audio.clips_decoded, of_audio.relinked
    _add(result, "machine", lambda: examine_machine(project))
    _add(result, "learner", lambda: examine_learner(project))
    return result


def examine_directory(
    directory: Path,
    *,
    audio: int | None = SAMPLE,
    relink: Path | None = None,
    watch: Watch = unwatched,
    advice: Advice = _none,
) -> Examination:
    """As `examine`, for a directory: a project that cannot be opened is a finding too."""
    try:
        project = open_project(directory)
    except EarmarkError as error:
        return Examination([of_error("project", "not-opened", error)])
    try:
        return examine(project, audio=audio, relink=relink, watch=watch, advice=advice)
    finally:
        project.close()


def examine_audio(
    project: OpenProject, *, audio: int | None = SAMPLE, relink: Path | None = None, watch: Watch = unwatched
) -> Examination:
    """The part of `examine` that concerns audio, with the same arguments."""
    if relink is not None:
        check_folder(relink)
    result = Examination()
    with watch("paths", "file") as moved:
        paths = look_at_paths(project, wants_lost=relink is not None, progress=moved)
    if relink is not None and paths.lost:
        with watch("relink", "file") as moved:
            result.relinked = relink_files(project, relink, paths.lost, progress=moved)
        with watch("paths", "file") as moved:
            paths = look_at_paths(project, progress=moved)
    result.findings += paths.findings()
    with watch("decode", "clip") as moved:
        decoded = decode_sample(project, audio, without=paths.other_bytes, progress=moved)
    result.findings += decoded.findings()
    result.clips_decoded = decoded.clips
    return result


def _add(result: Examination, subject: Subject, check: Callable[[], Iterator[Finding]]) -> None:
    """Run a check; if it cannot be run, that is a finding."""
    try:
        result.findings += check()
    except EarmarkError as error:
        result.findings.append(of_error(subject, "not-checked", error))
    except STORE_ERRORS as error:
        failure = failure_of(error)
        result.findings.append(
            Finding(
                subject=subject,
                kind="not-checked",
                what=failure.sentence.rpartition("; ")[0] + ".",
                remedy=f"{failure.remedy[0].upper()}{failure.remedy[1:]}.",
            )
        )
