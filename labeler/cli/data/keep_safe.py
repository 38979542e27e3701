"""Commands that keep a project safe: `backup`, `restore` and `doctor`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from db.backups.backing_up import BackupReport
from db.backups.restoring import RestoreReport
from labeler.cli.output import json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.project import Project
from labeler.scripting.better_features import as_findings
from labeler.words.run import counted
from learner.audio.address import is_address

if TYPE_CHECKING:
    from learner.doctor.examination import Examination
    from learner.doctor.finding import Finding

NOT_WELL = 3
"""Exit status of `doctor` if it found a problem; 1 and 2 are those of errors."""


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--with-features", is_flag=True, help="Add the vectors of all clips; otherwise `earmark embed` makes them anew.")
@json_option
@click.pass_obj
def backup(directory: Path, output: Path, with_features: bool, as_json: bool) -> None:
    """Write the project to one file OUTPUT (a .zip), while people may go on labelling.

    It holds settings, database and trained heads, but no audio. Only you can read it, since the project's secret is in it.
    """
    with Project.open(directory) as project, progress_bar("backup", "byte") as moved:
        report = project.backup(output, with_features=with_features, progress=moved)
    print_result(report.to_json(), as_json=as_json, lines=lambda: _backup_lines(report))


def _backup_lines(report: BackupReport) -> list[str]:
    features = "features" if report.with_features else "no features"
    clips, decisions, heads = counted(report.clips, "clip"), counted(report.decisions, "decision"), counted(report.heads, "head")
    return [
        f"{report.output} ({report.size / 1e6:.1f} MB) holds {clips}, {decisions}, {heads} and {features}.",
        *[f"Not in it: {counted(files, 'audio file')} in {folder}" for folder, files in report.audio_folders.items()],
    ]


@click.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--database-url", default=None, help="URL of an empty PostgreSQL database; default: a SQLite file in the project.")
@click.option("--replace", is_flag=True, help="If there is a project in the directory, set it aside in a folder there.")
@json_option
@click.pass_obj
def restore(directory: Path, backup: Path, database_url: str | None, replace: bool, as_json: bool) -> None:
    """Make a project of the file BACKUP in the --project directory, completely or not at all."""
    with progress_bar("restore", "part") as moved:
        report = Project.restore(backup, directory, database_url=database_url, replace=replace, progress=moved)
    print_result(report.to_json(), as_json=as_json, lines=lambda: _restore_lines(report))


def _restore_lines(report: RestoreReport) -> list[str]:
    made = datetime.fromtimestamp(report.created_at, tz=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    decisions, heads = counted(report.decisions, "decision"), counted(report.heads, "head")
    lines = [f"Restored into {report.directory}, as of {made}: {counted(report.clips, 'clip')}, {decisions}, {heads}."]
    if report.replaced is not None:
        lines.append(f"The project that was there is in {report.replaced} now; delete that folder when you need it no more.")
    if report.schema_before is not None:
        lines.append(f"Its database was upgraded from the schema {report.schema_before}.")
    if report.strategy is not None:
        lines.append(f"Its settings name the strategy {report.strategy}, which runs code from outside of Earmark; check it.")
    for each in report.audio_folders:
        state = "which is there" if each.is_there else "which is not there: bring it back, or `earmark doctor --relink FOLDER`"
        if is_address(each.folder):
            state = "from where it is fetched when it is needed"
        lines.append(f"Audio is expected in {each.folder} ({counted(each.files, 'file')}), {state}.")
    if not report.with_features:
        lines.append("Next: earmark embed")
    return lines


def _clips(_context: click.Context, _parameter: click.Parameter, value: str) -> int | None:
    if value == "all":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise click.BadParameter(f"{value!r} is neither a number nor all.")
    return int(value)


@click.command()
@click.option(
    "--audio",
    metavar="all|N",
    callback=_clips,
    default="300",
    show_default=True,
    help="How many clips are decoded, drawn at random; the path of every file is checked in any case.",
)
@click.option(
    "--relink",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    default=None,
    help="Look for audio that is missing or changed in this folder, by its content, and note where it lies now.",
)
@json_option
@click.pass_obj
def doctor(directory: Path, audio: int | None, relink: Path | None, as_json: bool) -> None:
    """Check database, features, heads, audio, this machine and the learner, and say of each trouble what to do.

    The exit status is 3 if there is a problem. Nothing is changed without --relink.
    """
    from learner.doctor.examination import examine_directory

    result = examine_directory(directory, audio=audio, relink=relink, watch=progress_bar, advice=as_findings)
    if not as_json:
        for finding in result.findings:
            note(_finding_line(finding))
    print_result(result.to_json(), as_json=as_json, lines=lambda: _doctor_lines(result))
    if not result.is_well:
        raise SystemExit(NOT_WELL)


def _finding_line(finding: Finding) -> str:
    several = len(finding.examples) < finding.count
    names = ", ".join((*finding.examples, "…") if several else finding.examples)
    named = f" ({names})" if finding.examples else ""
    kind = "problem" if finding.is_problem else "note"
    return f"{kind}, {finding.subject}: {finding.what}{named} {finding.remedy}"


def _doctor_lines(result: Examination) -> list[str]:
    problems = sum(finding.is_problem for finding in result.findings)
    verdict = "All is well." if result.is_well else f"{counted(problems, 'problem')} found."
    relinked = [f"{counted(len(result.relinked), 'audio file')} found again."] if result.relinked else []
    machine = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return [*relinked, f"{verdict} {counted(result.clips_decoded, 'clip')} decoded.", *([machine] if machine else [])]
