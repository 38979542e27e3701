"""Commands about decisions: `annotate` records those in a file, `queue` lists the clips that are served next."""

from __future__ import annotations

from pathlib import Path

import click

from labeler.cli.output import NOTHING_TAKEN, json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.project import Project
from labeler.words.import_labels import lines_of_labels_not_taken
from labeler.words.run import counted


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--annotator", default=None, help="The annotator who made these decisions; default: as the file names them.")
@json_option
@click.pass_obj
def annotate(directory: Path, file: Path, annotator: str | None, as_json: bool) -> None:
    """Record the decisions in a CSV or JSONL file.

    Each line has the column clip, or file_name and optionally start and end; and the column label. All lines are checked before
    the first decision is recorded. Files that `earmark export` wrote name their annotators; decisions that are known already are
    passed over. The exit status is 3 if none was recorded and some could not be.
    """
    with Project.open(directory) as project, progress_bar("annotate", "line") as moved:
        report = project.annotate_from(file, annotator=annotator, progress=moved)
    left = report.to_json()["labels_not_taken"]
    for line in lines_of_labels_not_taken(left, label_set=report.label_set, clips_are_imported=False):
        note(line)
    for rejected in report.rejected:
        note(f"not recorded: {rejected['reason']}")
    count, names = report.labels, sorted(report.annotators)
    by = f" of {', '.join(names)}" if names else ""
    print_result(
        {"recorded": count, "annotators": names},
        as_json=as_json,
        lines=lambda: [f"{counted(count, 'decision')}{by} recorded."],
    )
    if not count and (left or report.rejected):
        raise SystemExit(NOTHING_TAKEN)


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Number of clips to list.")
@json_option
@click.pass_obj
def queue(directory: Path, limit: int, as_json: bool) -> None:
    """List the clips that would be served next, in order, including those of the random slice."""
    with Project.open(directory) as project:
        served = project.queue(limit)
    print_result(
        served,
        as_json=as_json,
        lines=lambda: [
            f"{clip['clip']:>7}  {clip['source']:<11} {'' if clip['score'] is None else format(clip['score'], '.3f'):>6}  "
            f"{clip['predicted'] or '':<14} {clip['file_name']}"
            for clip in served
        ],
    )
