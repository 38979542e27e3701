"""Commands about decisions: `annotate` records those in a file, `queue` lists the clips that are served next."""

from __future__ import annotations

from pathlib import Path

import click

from db.serving.upcoming import upcoming
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar
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
    passed over.
    """
    from learner.imports.answers import annotate_by_name, annotate_from_file

    with opened(directory) as project, progress_bar("annotate", "line") as moved:
        if annotator is not None:
            count, names = annotate_from_file(project, file, annotator=annotator, progress=moved), [annotator]
        else:
            report = annotate_by_name(project, file, progress=moved)
            count, names = report.labels, sorted(report.annotators)
            for line in lines_of_labels_not_taken(report.to_json()["labels_not_taken"], label_set=report.label_set):
                note(line)
            for rejected in report.rejected:
                note(f"not recorded: {rejected['reason']}")
    by = f" of {', '.join(names)}" if names else ""
    print_result(
        {"recorded": count, "annotators": names},
        as_json=as_json,
        lines=lambda: [f"{counted(count, 'decision')}{by} recorded."],
    )


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Number of clips to list.")
@json_option
@click.pass_obj
def queue(directory: Path, limit: int, as_json: bool) -> None:
    """List the clips that would be served next, in order, including those of the random slice."""
    with opened(directory) as project, project.read() as session:
        served = upcoming(session, limit=limit, random_share=project.settings.random_share)
    document = [
        {
            "clip": clip.clip_id,
            "file_name": clip.file_name,
            "source": clip.source.value,
            "score": clip.score,
            "predicted": clip.predicted,
        }
        for clip in served
    ]
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [
            f"{clip.clip_id:>7}  {clip.source.value:<11} "
            f"{'' if clip.score is None else f'{clip.score:.3f}':>6}  {clip.predicted or '':<14} {clip.file_name}"
            for clip in served
        ],
    )
