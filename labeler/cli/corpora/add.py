"""`earmark corpora add`: the corpus of a manifest, or a project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.corpora.shown import note_epoch, note_left_out, note_read, trained_document, trained_lines
from labeler.cli.corpora.train import device_option, quiet_option
from labeler.cli.learning.saved_network import go_back
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar


@click.command()
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@click.option(
    "--project", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), default=None,
    help="Add a project in place of a MANIFEST; again on newer labels, too.",
)  # fmt: skip
@click.option(
    "--adopt", type=click.Choice(["classifier", "none"]), default=None,
    help="With --project: `predict` takes the network from then on; none goes back.",
)  # fmt: skip
@device_option
@quiet_option
@json_option
def add(
    model: Path, manifest: Path | None, project: Path | None, adopt: str | None, device: str | None, quiet: bool, as_json: bool
) -> None:  # fmt: skip
    """Add the corpus of a MANIFEST to a trained MODEL, or a project: only what it has of its own is trained.

    Nothing of the other corpora changes. You can interrupt it: the same command goes on where it was.

    A project is trained on its decisions. It is scored on the random slice, in the same folds as the project's own classifier and
    beside it, and `earmark status` shows the result.
    """
    if (manifest is None) == (project is None):
        raise click.UsageError("Name either a MANIFEST or a --project, and not both.")
    if project is not None:
        _add_project(model, project, adopt=adopt, device=device, as_json=as_json)
        return
    if adopt is not None:
        raise click.UsageError("--adopt changes a project; name it in --project.")
    from learner.many_corpora.train import add_corpus

    told: dict[str, Any] = {} if quiet else {"epoch_ended": note_epoch}
    assert manifest is not None
    trained = add_corpus(model, manifest, device=device, watch=progress_bar, **told)
    note_read(trained)
    document = trained_document(trained, model=str(model))
    print_result(document, as_json=as_json, lines=lambda: trained_lines(document))


def _add_project(model: Path, directory: Path, *, adopt: str | None, device: str | None, as_json: bool) -> None:
    if adopt == "none":
        go_back(directory, as_json=as_json)
        return
    from learner.many_corpora.serving.project_corpus import add_project

    with opened(directory) as project:
        found = add_project(model, project, adopt=adopt is not None, device=device, watch=progress_bar, note=note)
    note_left_out(found.result.result.left_out, corpus=found.corpus)
    for remark in found.result.result.remarks:
        note(remark)
    document = found.result.to_json() | {
        "model": str(model), "corpus": found.corpus, "adopted": None if found.adopted is None else str(found.adopted),
    }  # fmt: skip
    print_result(document, as_json=as_json, lines=lambda: _lines(document, directory))


def _lines(document: dict[str, Any], directory: Path) -> list[str]:
    kept, test = document["project"], document["significance"]["mcnemar"]
    adopted = (
        "`earmark predict` now takes this network; --adopt none goes back."
        if document["adopted"]
        else f"To predict with it: earmark corpora add {document['model']} --project {directory} --adopt classifier"
    )
    return [
        kept["line"],
        f"On clips that only one predicts correctly: {test['only_finetuned']:g} by the network, {test['only_frozen']:g} by the "
        f"linear head (McNemar's exact test, p = {test['p']:.2g}).",
        f"The project is the corpus {document['corpus']} of {document['model']}.",
        adopted,
    ]
