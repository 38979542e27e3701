"""Commands about single clips: what comes next, and answers from a file."""

from __future__ import annotations

from pathlib import Path

import click

from db.serving.upcoming import upcoming
from labeler.cli.output import json_option, opened, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--annotator", required=True, help="Whose decisions they are.")
@json_option
@click.pass_obj
def annotate(directory: Path, file: Path, annotator: str, as_json: bool) -> None:
    """Record decisions from a CSV or JSONL of clip or file_name[,start,end] and label; every line is checked first."""
    from learner.imports.answers import annotate_from_file

    with opened(directory) as project:
        count = annotate_from_file(project, file, annotator=annotator)
    say({"recorded": count}, as_json=as_json, lines=lambda: [f"{count} decisions of {annotator} recorded."])


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many clips.")
@json_option
@click.pass_obj
def queue(directory: Path, limit: int, as_json: bool) -> None:
    """What would be served next, in order, random share included."""
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
    say(
        document,
        as_json=as_json,
        lines=lambda: [
            f"{clip.clip_id:>7}  {clip.source.value:<11} "
            f"{'' if clip.score is None else f'{clip.score:.3f}':>6}  {clip.predicted or '':<14} {clip.file_name}"
            for clip in served
        ],
    )
