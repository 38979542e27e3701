"""The group `earmark corpora`."""

from __future__ import annotations

import click

from labeler.cli.corpora.compare import compare


@click.group()
def corpora() -> None:
    """One model for many corpora, each with its own labels (EmoNet). See docs/many-corpora.md."""


for command in (compare,):
    corpora.add_command(command)
