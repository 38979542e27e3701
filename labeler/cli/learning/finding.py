"""Commands that find unanswered clips: `similar` to a clip, or `likely` to have a label. The Grid page shows the same clips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy import select

from db.models import Clip
from db.project import OpenProject
from db.records.clips import find_clip
from db.records.labels import label_by_name
from db.serving.grid import free_clips
from labeler.cli.output import json_option, opened, print_result

MOST = 10_000
"""The most clips that one command lists, since one query looks them all up."""
_limit_option = click.option(
    "--limit", type=click.IntRange(min=1, max=MOST), default=20, show_default=True, help="The most clips to list."
)


@click.command()
@click.argument("clip")
@_limit_option
@json_option
@click.pass_obj
def similar(directory: Path, clip: str, limit: int, as_json: bool) -> None:
    """List the unanswered clips most similar to CLIP (a number or a file name), by the cosine of their features (-1 to 1)."""
    from learner.search.neighbours import Neighbours

    with opened(directory) as project:
        with project.read() as session:
            # A longer row of digits cannot be a clip's number, but it may be a file name.
            is_number = clip.isascii() and clip.isdigit() and len(clip) < 16
            found = find_clip(session, clip_id=int(clip)) if is_number else find_clip(session, file_name=clip)
            clip_id = found.id
        _print_clips(project, Neighbours(project).of(clip_id), "likeness", limit=limit, as_json=as_json)


@click.command()
@click.argument("label")
@_limit_option
@json_option
@click.pass_obj
def likely(directory: Path, label: str, limit: int, as_json: bool) -> None:
    """List the unanswered clips that are most probably LABEL by the newest head, as the learner listed them."""
    from learner.search.likely import read_likely

    with opened(directory) as project:
        with project.read() as session:
            label_id = label_by_name(session, label).id
        listed = read_likely(project.heads_dir)
        ranking = iter(()) if listed is None else listed.of(label_id)
        _print_clips(project, ranking, "probability", limit=limit, as_json=as_json)


def _print_clips(project: OpenProject, ranking: Iterator[tuple[int, float]], measure: str, *, limit: int, as_json: bool) -> None:
    values: dict[int, float] = {}

    def clips() -> Iterator[int]:
        for clip, value in ranking:
            values[clip] = value
            yield clip

    with project.read() as session:
        free = free_clips(session, ranked=clips(), limit=limit)
        names = {row.id: row.file_name for row in session.execute(select(Clip.id, Clip.file_name).where(Clip.id.in_(free)))}
    document = [{"clip": clip, "file_name": names[clip], measure: round(values[clip], 4)} for clip in free]
    nothing = "There is no clip to list: all are answered, or `earmark learn --once` has not listed any yet."
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [f"{row['clip']:>7}  {row[measure]:.3f}  {row['file_name']}" for row in document] or [nothing],
    )
