"""What commands print: one JSON document or a few readable lines on stdout; progress and log on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from db.project import OpenProject, open_project

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
    click.echo(printable(message), err=True)


def printable(text: str) -> str:
    """Escape control characters, so that a file name cannot control the terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii") for character in text
    )


@contextmanager
def progress_bar(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that moves a progress bar with an ETA on stderr; drawn only if that is a terminal."""
    with tqdm(desc=what, unit=unit, file=sys.stderr, disable=not sys.stderr.isatty(), dynamic_ncols=True) as bar:

        def moved(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield moved
