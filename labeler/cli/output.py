"""What commands print: one JSON document or a few readable lines on stdout; progress and log on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from db.project import OpenProject, open_project
from labeler.cli.progress import beside_progress

NOTHING_TAKEN = 3
"""Exit status of a command that took nothing of what it was given; 1 and 2 are those of errors."""
on_option = click.option(
    "--on",
    metavar="PLACE",
    default=None,
    help="Encode on several workers: local:N for N processes of this machine, or tcp://HOST:PORT or tls://HOST:PORT for a Dask "
    "scheduler (extra earmark[dask]).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else on stdout.")


@contextmanager
def opened(directory: Path) -> Iterator[OpenProject]:
    """Open the project, and close it at the end."""
    project = open_project(directory)
    try:
        yield project
    finally:
        project.close()


def print_result(document: Any, *, as_json: bool, lines: Callable[[], list[str]]) -> None:
    """Print the document as JSON, or the lines for a person."""
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        for line in lines():
            click.echo(printable(line))


def note(message: str) -> None:
    """Print a line for a person on stderr."""
    with beside_progress():
        click.echo(printable(message), err=True)


def printable(text: str) -> str:
    """Escape control characters, so that a file name cannot control the terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in text
    )
