"""`earmark corpora train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.errors import EncoderError
from labeler.cli.corpora.shown import note_epoch, note_read, trained_document, trained_lines
from labeler.cli.output import json_option, print_result
from labeler.cli.progress import progress_bar

if TYPE_CHECKING:
    from learner.many_corpora.recipe import Values

MODES = ("scratch", "finetune", "last-layer", "adapters")
device_option = click.option("--device", default=None, help="A torch device; default: a GPU if there is one.")
quiet_option = click.option("--quiet", is_flag=True, help="Print no line for each epoch.")
RESNET = "resnet"
_COUNT = click.IntRange(min=1)
_OF_RESNET, _OF_ENCODER = ("width", "blocks", "dropout"), ("bottleneck", "layers", "head_rates")


def _numbers(text: str | None, *, of: str) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise EncoderError(f"{of} {text!r} is no list of numbers; write {of} 0.1,0.01.") from error


@click.command()
@click.argument("manifests", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--mode", type=click.Choice(MODES), default="adapters", show_default=True)
@click.option(
    "--backbone",
    default=RESNET,
    show_default=True,
    help="The shared network: resnet, bundled, or a folder or hub id.",
)
@click.option("--runs", type=_COUNT, default=1, show_default=True, help="Trainings with other seeds, on the same split.")
@click.option("--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the model.")
@click.option(
    "--start", default=None, type=click.Path(file_okay=False, path_type=Path), help="Take the shared filters of a MODEL."
)
@click.option("--recipe", type=click.Choice(("small", "paper")), default="small", show_default=True, help="Values of the rest.")
@click.option("--width", type=_COUNT, default=None, help="resnet: channels behind the first convolution.")
@click.option("--blocks", type=_COUNT, default=None, help="resnet: residual blocks of a stage.")
@click.option("--dropout", default=None, metavar="A,B", help="resnet: before the first and second convolution of a block.")
@click.option("--bottleneck", type=_COUNT, default=None, help="Encoder: values a frame inside an adapter.")
@click.option("--layers", default=None, help="Encoder: hidden layers that heads use, such as 5 or 2,3.")
@click.option("--head-rates", default=None, metavar="A,B,…", help="Encoder: learning rates of the head, which comes first.")
@click.option(
    "--pooling",
    type=click.Choice(("average", "attention", "mean", "mean+std")),
    default=None,
    help="Of the heads; the last two are those of an encoder.",
)
@click.option("--loss", type=click.Choice(("cross-entropy", "focal", "ordinal")), default=None)
@click.option("--balanced/--unbalanced", default=None, help="Weight each label by the inverse of its clips.")
@click.option("--order", default="", metavar="LOW,…,HIGH", help="Labels in their order, for the ordinal loss.")
@click.option("--rates", default=None, metavar="A,B,…", help="Learning rates, one after the other.")
@click.option("--epoch-steps", type=_COUNT, default=None, help="Steps of an epoch, with a batch of each corpus.")
@click.option("--patience", type=_COUNT, default=None, help="Epochs without a gain before the next rate begins.")
@click.option("--least-gain", type=click.FloatRange(0, 1), default=None, help="In validation UAR.")
@click.option("--most-epochs", type=_COUNT, default=None, help="Of one rate.")
@click.option("--batch", type=click.IntRange(min=2), default=None, help="Clips of each corpus in a step.")
@click.option("--crop-seconds", type=click.FloatRange(0.1, 60), default=None)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--split-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the split, the same for all runs."
)
@device_option
@quiet_option
@json_option
def train(
    manifests: tuple[Path, ...], mode: str, backbone: str, runs: int, output: Path, start: Path | None, recipe: str,
    dropout: str | None, order: str, rates: str | None, head_rates: str | None, seed: int, split_seed: int, device: str | None,
    quiet: bool, as_json: bool, **values: Any,
) -> None:  # fmt: skip
    """Train one model on several corpora; each MANIFEST (CSV, TSV, JSONL) is a corpus with labels of its own.

    scratch trains a network for each corpus alone. The other modes first train filters that all corpora share; then finetune
    tunes a copy of everything for each corpus, last-layer trains a new head, and adapters trains small convolutions beside the
    shared filters, with normalisation and a head for each corpus. Whole speakers are held out for validation and test.

    With --backbone ENCODER the shared network is a frozen encoder of the wav2vec 2.0 kind: adapters are bottlenecks between its
    layers, last-layer trains a linear head, finetune tunes a copy of its transformer, and scratch begins at random weights.

    You can interrupt it: the same command goes on where it was.
    """
    from learner.many_corpora.settings import TrainSettings
    from learner.many_corpora.train import train as train_corpora

    lists = {"rates": (rates, "--rates"), "dropout": (dropout, "--dropout"), "head_rates": (head_rates, "--head-rates")}
    given = values | {name: _numbers(text, of=option) for name, (text, option) in lists.items()}
    settings = TrainSettings(
        mode=mode, backbone=backbone, runs=runs, seed=seed, split_seed=split_seed,
        recipe=_recipe(backbone, recipe, {name: value for name, value in given.items() if value is not None}),
        order=tuple(label.strip() for label in order.split(",") if label.strip()),
    )  # fmt: skip
    told: dict[str, Any] = {} if quiet else {"epoch_ended": note_epoch}
    trained = train_corpora(manifests, output, settings=settings, start=start, device=device, watch=progress_bar, **told)
    note_read(trained)
    document = trained_document(trained, output=str(output), mode=mode, backbone=backbone, runs=runs)
    print_result(
        document, as_json=as_json, lines=lambda: [*trained_lines(document), "", f"Next: earmark corpora report {output}"]
    )


def _recipe(backbone: str, recipe: str, given: dict[str, Any]) -> Values:
    """The recipe of a backbone with the values that were given."""
    from learner.many_corpora.recipe import ENCODER, RECIPES

    is_resnet = backbone == RESNET
    poolings = ("average", "attention") if is_resnet else ("mean", "mean+std")
    strange = [name for name in (_OF_ENCODER if is_resnet else _OF_RESNET) if name in given]
    if strange:
        kind = "an encoder" if is_resnet else RESNET
        raise EncoderError(f"--{strange[0].replace('_', '-')} is an option of {kind}; leave it out with --backbone {backbone}.")
    if given.get("pooling", poolings[0]) not in poolings:
        raise EncoderError(f"--pooling {given['pooling']} is not one of backbone {backbone}; choose {' or '.join(poolings)}.")
    if not is_resnet and recipe != "small":
        raise EncoderError(f"Recipe {recipe} is one of {RESNET}; leave out --recipe with --backbone {backbone}.")
    return replace(RECIPES[recipe] if is_resnet else ENCODER, **given)
