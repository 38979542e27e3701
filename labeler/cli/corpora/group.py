"""The group of commands `earmark corpora`."""

from __future__ import annotations

import click

from labeler.cli.corpora.compare import compare


@click.group()
def corpora() -> None:
    """Train one model for many corpora, and find out where it is really better."""


for command in (compare,):
    corpora.add_command(command)
