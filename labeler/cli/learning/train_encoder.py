"""The command that trains an encoder on unlabelled speech."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.output import json_option, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted


@click.command()
@click.argument("speech_folders", metavar="[SPEECH_FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the checkpoint.")
@click.option("--from", "start", default=None, metavar="CHECKPOINT", help="Start from bundled, a hub id or a folder.")
@click.option(
    "--objective", default="descriptors", show_default=True, help="Some of descriptors, distill, imitate, masked, joined by +."
)
@click.option(
    "--teacher",
    default=None,
    metavar="ENCODER",
    help="Encoder that distill and imitate learn from: whisper, a hub id or a folder; or a file with the state dict of BYOL-S.",
)
@click.option("--teacher-layers", default=None, metavar="LAYERS", help="Hidden layers of the teacher, such as 2,3.")
@click.option("--shape", default=None, metavar="LAYERSxWIDTH", help="New network of this shape, such as 3x384; keeps what fits.")
@click.option("--optimiser", type=click.Choice(["adamw", "muon"]), default="adamw", show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=16, show_default=True, help="Crops per step.")
@click.option("--crop-seconds", type=click.FloatRange(min=0.5, max=30), default=2.56, show_default=True)
@click.option(
    "--distorted",
    type=click.FloatRange(0, 1),
    default=0.6,
    show_default=True,
    help="Share of crops that are distorted to sound like another voice, room or microphone.",
)
@click.option("--pool", "pool_crops", type=click.IntRange(min=1), default=4096, show_default=True, help="Crops prepared at once.")
@click.option("--passes", type=click.IntRange(min=1), default=4, show_default=True, help="How often each crop is used.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), default=7e-4, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--save-every", type=click.IntRange(min=1), default=250, show_default=True, help="Steps between two saved states.")
@click.option("--device", default=None, help="A torch device; default: a GPU if there is one.")
@json_option
@click.pass_obj
def pretrain(
    directory: Path, /, speech_folders: tuple[Path, ...], output: Path, as_json: bool, device: str | None, **options: Any
) -> None:
    """Train an encoder on the audio files in these folders, or on the project's clips; no labels are used.

    You can interrupt it: the same command continues from the last saved state. --from continues the training of another
    checkpoint; on the project's own clips this is task-adaptive pretraining (TAPT). --teacher names an encoder to learn from: its
    hidden states frame by frame (imitate) and their mean and deviation over a clip (distill). To use the result, run
    `earmark embed --encoder OUTPUT`.
    """
    from learner.encoder_training.crops import project_files, speech_files
    from learner.encoder_training.pretraining.pretrain import pretrain as train
    from learner.encoder_training.pretraining.settings import PretrainSettings

    options["distorted_share"] = options.pop("distorted")
    settings = PretrainSettings(**options)
    if speech_folders:
        files = speech_files(speech_folders)
    else:
        with opened(directory) as project:
            files = project_files(project)
    with progress_bar("pretrain", "step") as moved:
        report = train(files, output, settings=settings, device=device, progress=lambda done, total, _: moved(done, total))
    losses = {name: round(loss, 6) for name, loss in report.losses.items()}
    average = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    document = {"output": str(output), "steps": report.steps, "seconds": round(report.seconds, 1), "losses": losses}
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [
            f"Trained for {counted(report.steps, 'step')}; losses: {average}.",
            f"Next: earmark embed --encoder {output}",
        ],
    )
