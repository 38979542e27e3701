"""`make demo`: a ready project from sample_data/, then app and learner.

The first labels are true: each is the style in which its clip was spoken. The scripted annotator "demo" labels the clips that the
queue serves, in rounds with a real learner pass after each. So the curve on the page was really measured.
"""

from __future__ import annotations

import csv
import os
import random
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

import click

from db.decisions.taking import GivenAnswer, take
from db.errors import EarmarkError, ProjectError
from db.models import Answer, Source
from db.project import OpenProject, create_project
from db.records.people.annotators import annotator_named
from db.serving.upcoming import upcoming
from db.settings import SETTINGS_FILE
from db.store.files import whole
from labeler.cli.output import note

REPOSITORY = Path(__file__).resolve().parent.parent
SAMPLE_DATA = REPOSITORY / "sample_data"
FIRST_ROUNDS, FIRST_BATCH = 8, 10
SLICE_SEED = 20
"""Fixes the random keys, so that every demo shows the same first clips."""


def make_demo(directory: Path, *, sample_data: Path = SAMPLE_DATA) -> None:
    """Make the demo project, all of it or nothing: the directory gets its name only when it is complete."""
    from learner.features.embed import embed
    from learner.imports.source import import_source

    manifest = sample_data / "manifest.csv"
    styles = _true_labels(manifest)
    with whole(directory, durable=False) as making:
        project = create_project(making, labels=sorted(set(styles.values())))
        try:
            note(f"Importing {len(styles)} clips from {sample_data.name}/ ...")
            import_source(project, manifest, seed=SLICE_SEED)
            note("Making features with the bundled encoder ...")
            embed(project)
            note(f"Labelling {FIRST_ROUNDS * FIRST_BATCH} clips as the annotator 'demo', so that the curve has a beginning ...")
            _seed_labels(project, styles)
        finally:
            project.close()


def _true_labels(manifest: Path) -> dict[str, str]:
    try:
        with manifest.open(encoding="utf-8", newline="") as file:
            return {row["file_name"]: row["label"] for row in csv.DictReader(file)}
    except OSError as error:
        raise ProjectError(
            f"{manifest} cannot be read ({error.strerror}); run the demo from a clone of the repository."
        ) from error


def _seed_labels(project: OpenProject, styles: Mapping[str, str]) -> None:
    from learner.loop.run import learn_once

    rng = random.Random(SLICE_SEED)
    learn_once(project)
    for _ in range(FIRST_ROUNDS):
        with project.write() as session:
            annotator = annotator_named(session, "demo")
            for clip in upcoming(session, limit=FIRST_BATCH, random_share=project.settings.random_share):
                given = GivenAnswer(
                    uuid=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                    clip_id=clip.clip_id,
                    annotator_id=annotator.id,
                    answer=Answer.LABEL,
                    label=styles[clip.file_name],
                    source=Source.SCRIPTED,
                    queued_as=clip.source,
                )
                take(session, given)
        learn_once(project)


@click.command()
@click.option(
    "--project", "directory", type=click.Path(file_okay=False, path_type=Path), default=REPOSITORY / "demo", show_default=True
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--insecure", is_flag=True, help="Allow an address that other machines reach; nobody has to sign in.")
@click.option("--only-make", is_flag=True, help="Make the project and do not serve it.")
def main(directory: Path, host: str, port: int, insecure: bool, only_make: bool) -> None:
    """Make the demo project once, then open it."""
    try:
        if (directory / SETTINGS_FILE).exists():
            note(f"The demo project in {directory} exists already: your labels are kept.")
        else:
            make_demo(directory)
    except EarmarkError as error:
        sys.exit(f"Error: {error}")
    if not only_make:
        serve = ["-m", "labeler.cli", "--project", str(directory), "serve", "--host", host, "--port", str(port), "--open-browser"]
        serve += ["--insecure"] if insecure else []
        # A new process, because this one has loaded the libraries that compute features, and serving needs none of them.
        os.execv(sys.executable, [sys.executable, *serve])  # noqa: S606


if __name__ == "__main__":
    main()
