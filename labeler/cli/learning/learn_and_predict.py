"""Commands of the learner: `learn` and `predict`."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from labeler.cli.monitoring import monitoring_options, say
from labeler.cli.output import json_option, note, on_option, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.monitoring.log_lines import write_logs
from labeler.processes.lifeline import hold_lifeline
from labeler.project import Project
from labeler.scripting.head import Head
from labeler.words.run import counted

if TYPE_CHECKING:
    from labeler.monitoring.metrics_address import MetricsAddress
    from learner.prediction.predictions import PredictReport, UsedHead


@click.command()
@click.option("--once", is_flag=True, help="Do one full pass and exit.")
@click.option(
    "--embed", "embeds", is_flag=True, help="Make the features that clips lack, too, unless it is paused on the page Audio."
)
@monitoring_options
@json_option
@click.pass_obj
def learn(directory: Path, once: bool, embeds: bool, as_json: bool, metrics: MetricsAddress | None, log_format: str) -> None:
    """Run the background learner in the foreground."""
    from learner.loop.run import run_learner

    write_logs(log_format, process="learner")
    if once and embeds:
        raise click.UsageError("--once makes no features; run `earmark embed` first, and leave --embed out.")
    with opened(directory) as project:
        if once:
            with progress_bar("learn", "head") as moved:
                run_id = Project(project).learn(progress=moved)
            nothing = "There is nothing to train on yet; run `earmark embed` first."
            done = nothing if run_id is None else f"Run {run_id} is published."
            print_result({"run": run_id}, as_json=as_json, lines=lambda: [done])
            return
        asked_by: list[int] = []

        def ask_to_stop(number: int, _frame: FrameType | None) -> None:
            asked_by.append(number)

        signal.signal(signal.SIGTERM, ask_to_stop)
        signal.signal(signal.SIGINT, ask_to_stop)
        hold_lifeline()
        if metrics is not None:
            # An extra: whoever wants no figures needs no library for them.
            from labeler.monitoring.learner_figures import learner_figures

            metrics.serve(learner_figures(project))
        say("The learner is running; Ctrl-C stops it.")
        run_learner(project, embeds=embeds, should_stop=lambda: bool(asked_by))
        if signal.SIGINT in asked_by:
            say("The learner has stopped.")


@click.command()
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--folder", type=click.Path(path_type=Path), default=None, help="Predict for the audio files in this folder instead."
)
@click.option(
    "--head",
    "head_folder",
    metavar="HEAD",
    type=click.Path(path_type=Path),
    default=None,
    help="Use a head that `export-head` wrote to this folder, and no project; needs --folder.",
)
@click.option(
    "--encoder",
    default=None,
    help="With --head: its encoder, if that is a local folder, or a hub id that must be downloaded first.",
)
@click.option(
    "--model",
    "model_folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=None,
    help="Use a network that `finetune --save` wrote to this folder (or another one of the wav2vec 2.0 kind that transformers "
    "loads as a classifier of audio), and no project; needs --folder.",
)
@on_option
@json_option
@click.pass_obj
def predict(
    directory: Path,
    output: Path,
    folder: Path | None,
    head_folder: Path | None,
    encoder: str | None,
    model_folder: Path | None,
    on: str | None,
    as_json: bool,
) -> None:
    """Write a CSV with the predicted label and a probability per class, for the project's clips or for new files.

    The project's clips are normalised by speaker if the labels have shown that this helps. The speakers of new files are unknown,
    so a head that was trained without this normalisation predicts them. Words, too, count for the project's clips only. The
    reported accuracy is that of the head that predicts (in JSON: head; with --model: model).
    """
    if model_folder is not None:
        if head_folder is not None or encoder is not None:
            raise click.UsageError("--model is a network with its head; leave --head and --encoder out.")
        if folder is None:
            raise click.UsageError("A network without a project predicts new audio: give it in --folder.")
        _predict_by_model(model_folder, output, folder, on=on, as_json=as_json)
        return
    if head_folder is not None:
        if folder is None:
            raise click.UsageError("A head without its project predicts new audio: give it in --folder.")
        with progress_bar("predict", "clip") as moved:
            report = Head.load(head_folder, encoder=encoder).write_predictions(output, folder, on=on, progress=moved)
    else:
        if encoder is not None:
            raise click.UsageError("--encoder goes with --head: a project has its own encoder.")
        with Project.open(directory) as project, progress_bar("predict", "clip") as moved:
            report = project.write_predictions(output, folder=folder, on=on, progress=moved)
    head, network = report.head, report.network
    by = {"head": head and vars(head)} if network is None else {"head": None, "model": network}
    last = None if head is None else _head_line(head)
    _print_report(report, output, by, as_json=as_json, last=last if network is None else _network_line(network))


def _predict_by_model(model_folder: Path, output: Path, folder: Path, *, on: str | None, as_json: bool) -> None:
    from labeler.scripting.model import Model

    model = Model.load(model_folder)
    with progress_bar("predict", "clip") as moved:
        report = model.write_predictions(output, folder, on=on, progress=moved)
    network = report.network
    assert network is not None
    _print_report(report, output, {"model": network}, as_json=as_json, last=_network_line(network))


def _network_line(network: dict[str, Any]) -> str:
    """Which network predicted, and how good it is."""
    accuracy = network["accuracy"]
    if accuracy is None:
        return f"The network in {network['folder']} has no known accuracy."
    interval = f"(95%: {accuracy['ua_low']:.3f}-{accuracy['ua_high']:.3f})"
    return f"{network['encoder']} after {network['method']}, not normalised by speaker: UA {accuracy['ua']:.3f} {interval}."


def _print_report(report: PredictReport, output: Path, by: dict[str, Any], *, as_json: bool, last: str | None) -> None:
    """Who was left out, how many predictions there are, and what made them."""
    for failed in report.failed:
        note(f"left out {failed['file_name']}: {failed['reason']}")
    print_result(
        {"predicted": report.predicted, "failed": report.failed, "output": str(output), **by},
        as_json=as_json,
        lines=lambda: [
            f"{counted(report.predicted, 'prediction')} written to {output}, {counted(len(report.failed), 'file')} left out.",
            *([] if last is None else [last]),
        ],
    )


def _head_line(head: UsedHead) -> str:
    """Which head predicted, and how good it is."""
    kind = "with each speaker's clips normalised" if head.normalisation == "speaker" else "without normalisation by speaker"
    kind += ", with words" if head.words else ""
    score = "not scored yet" if head.ua is None else f"UA {head.ua:.3f} (95%: {head.ua_low:.3f}-{head.ua_high:.3f})"
    return f"Head of run {head.run}, {kind}: {score}."
