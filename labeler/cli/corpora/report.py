"""`earmark corpora report`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.corpora.shown import table
from labeler.cli.output import json_option, print_result
from labeler.words.run import counted


@click.command()
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@json_option
def report(model: Path, as_json: bool) -> None:
    """Count the parameters of a MODEL: shared, by corpus, and beside models of one corpus each."""
    from learner.many_corpora.report import report as counted_parameters

    document = counted_parameters(model)
    print_result(document, as_json=as_json, lines=lambda: _lines(document))


def _lines(document: dict[str, Any]) -> list[str]:
    rows = [["corpus", "filters", "adapters", "norms", "head", "own", "to filters", "with head"]]
    for name, facts in document["corpora"].items():
        kinds = [f"{facts[kind]:,}" for kind in ("filters", "adapters", "norms", "head", "own")]
        rows.append([name, *kinds, f"{facts['ratio']:.4f}", f"{facts['ratio_with_head']:.4f}"])
    return [
        f"{document['mode']}, {document['backbone']}, {counted(document['runs'], 'run')}: {document['shared']:,} parameters "
        f"shared, {document['total']:,} in all.",
        f"{document['to_one']:.2f} times a model of one corpus; {document['to_as_many']:.2f} times as many models as corpora.",
        "",
        *table(rows),
    ]
