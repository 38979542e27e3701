"""`earmark corpora evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.corpora.shown import note_left_out, table
from labeler.cli.corpora.train import device_option
from labeler.cli.output import json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted


@click.command()
@click.argument("model", type=click.Path(file_okay=False, path_type=Path))
@click.argument("manifest", type=click.Path(path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--corpus", default=None, help="Whose labels to predict; default: the corpus with the name of the manifest.")
@click.option("--run", type=click.IntRange(min=1), default=1, show_default=True, help="Which training of the model.")
@device_option
@json_option
def evaluate(model: Path, manifest: Path, output: Path, corpus: str | None, run: int, device: str | None, as_json: bool) -> None:
    """Predict the clips of a MANIFEST: a probability for each label in OUTPUT (CSV), and scores of the clips that have a label.

    Clips that the model was trained on are predicted too well; the held-out clips of training are in MODEL/run-1/test.
    """
    from learner.many_corpora.evaluate import evaluate as evaluate_corpus

    found = evaluate_corpus(model, manifest, output, corpus=corpus, run=run, device=device, watch=progress_bar)
    note_left_out(found.left_out)
    for remark in found.remarks:
        note(remark)
    document = {
        "corpus": found.corpus, "run": run, "clips": found.clips, "output": str(output), "scores": found.scores,
        "left_out": [{"file": clip.file_name, "reason": clip.reason} for clip in found.left_out],
    }  # fmt: skip
    print_result(document, as_json=as_json, lines=lambda: _lines(document))


def _lines(document: dict[str, Any]) -> list[str]:
    head = f"{counted(document['clips'], 'clip')} of {document['corpus']} predicted; written to {document['output']}."
    scores = document["scores"]
    if scores is None:
        return [head, "No clip has a label of this corpus, so there is no score."]
    labels, counts = scores["confusion"]["labels"], scores["confusion"]["counts"]
    rows = [["label / predicted", *labels]]
    rows += [[label, *map(str, row)] for label, row in zip(labels, counts, strict=True) if sum(row)]
    return [
        head,
        f"{counted(scores['clips'], 'labelled clip')}: UA {scores['ua']:.3f} ({scores['ua_low']:.3f}-{scores['ua_high']:.3f}), "
        f"WA {scores['wa']:.3f} ({scores['wa_low']:.3f}-{scores['wa_high']:.3f}), F1 {scores['f1']:.3f}.",
        "",
        *table(rows),
    ]
