"""The group `earmark corpora`."""

from __future__ import annotations

import click

from labeler.cli.corpora.add import add
from labeler.cli.corpora.compare import compare
from labeler.cli.corpora.evaluate import evaluate
from labeler.cli.corpora.report import report
from labeler.cli.corpora.train import train


@click.group()
def corpora() -> None:
    """One model for many corpora, each with its own labels (EmoNet). See docs/many-corpora.md."""


for command in (train, add, evaluate, report, compare):
    corpora.add_command(command)
