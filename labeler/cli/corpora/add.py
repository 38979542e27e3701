"""`earmark corpora add`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.corpora.shown import note_epoch, note_read, trained_document, trained_lines
from labeler.cli.corpora.train import device_option, quiet_option
from labeler.cli.output import json_option, print_result
from labeler.cli.progress import progress_bar


@click.command()
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@click.argument("manifest", type=click.Path(path_type=Path))
@device_option
@quiet_option
@json_option
def add(model: Path, manifest: Path, device: str | None, quiet: bool, as_json: bool) -> None:
    """Add the corpus of a MANIFEST to a trained MODEL: only what it has of its own is trained.

    Nothing of the other corpora changes. You can interrupt it: the same command goes on where it was.
    """
    from learner.many_corpora.train import add_corpus

    told: dict[str, Any] = {} if quiet else {"epoch_ended": note_epoch}
    trained = add_corpus(model, manifest, device=device, watch=progress_bar, **told)
    note_read(trained)
    document = trained_document(trained, model=str(model))
    print_result(document, as_json=as_json, lines=lambda: trained_lines(document))
