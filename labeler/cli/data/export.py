"""Commands that hand over: `export` the labels in a format that other tools read, and `export-head` the classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from db.errors import FormatError
from db.exports.choice import AudioAs, RowsOf
from db.exports.decision_rows import in_iso
from db.exports.registry import EXPORTERS
from labeler.cli.output import json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.project import Project
from labeler.scripting.options import seconds_of
from labeler.words.run import counted


class Time(click.ParamType[float]):
    """A time in ISO 8601; without an offset it is in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since 1970."""
        try:
            found: float = seconds_of(value)
        except FormatError as error:
            self.fail(str(error), param, ctx)
        return found


@click.command()
@click.argument("format", type=click.Choice(sorted(EXPORTERS)))
@click.argument("output", type=click.Path(path_type=Path))
@click.option(
    "--rows",
    type=click.Choice([each.value for each in RowsOf]),
    default=RowsOf.CONSENSUS.value,
    show_default=True,
    help="One row for each clip with the label that follows from all answers, or one for each decision that stands.",
)
@click.option(
    "--audio",
    type=click.Choice([each.value for each in AudioAs]),
    default=None,
    help="Add the audio: whole files copied, or each clip cut out; default: as the format needs it.",
)
@click.option(
    "--splits", metavar="TRAIN/DEV/TEST", default=None, help="Divide the clips, such as 80/10/10: no speaker is in two splits."
)
@click.option("--label", "labels", multiple=True, help="Only clips with this label; may be given several times.")
@click.option("--min-agreement", type=float, default=None, help="Only clips of whose labels at least this share agree, 0 to 1.")
@click.option("--min-confidence", type=float, default=None, help="Only labels that are right with at least this probability.")
@click.option("--since", type=Time(), default=None, help="Only answers given at this time or later.")
@click.option("--until", type=Time(), default=None, help="Only answers given before this time.")
@click.option("--as-of", type=Time(), default=None, help="The project as it was then: makes an earlier export again.")
@click.option("--gold-only", is_flag=True, help="Only labels that a reviewer fixed.")
@click.option("--predicted", is_flag=True, help="Add clips that nobody labelled, with the label that the classifier predicts.")
@click.option("--unlabelled", is_flag=True, help="Add clips without any label.")
@click.option("--data-sheet", is_flag=True, help="Write OUTPUT.README.md beside a file, too; a folder always holds a data sheet.")
@click.option(
    "--safe-for-spreadsheets",
    is_flag=True,
    help="In csv, put an apostrophe before texts that a spreadsheet would run as formulas; such a file is not for importing.",
)
@json_option
@click.pass_obj
def export(directory: Path, /, format: str, output: Path, data_sheet: bool, as_json: bool, **options: Any) -> None:
    """Write labels to OUTPUT, a file or a folder; the format log holds all decisions, those that were undone or replaced too.

    Times without an offset are in UTC.
    """
    with Project.open(directory) as project, progress_bar("export", "clip") as moved:
        written = project.export(format, output, data_sheet=data_sheet, progress=moved, **options)
    if written.withdrawn:
        note(f"Withdrawn since, and so left out: {_numbered(written.withdrawn)}.")
    if written.left_out:
        clips = _numbered(written.left_out)
        note(f"Left out, because the file holds other audio now or cannot be decoded: {clips}. The format log has the answers.")
    document = {
        "format": format,
        "output": str(output),
        "rows": written.rows,
        "as_of": in_iso(written.time),
        "withdrawn": list(written.withdrawn),
        "left_out": list(written.left_out),
    }
    print_result(document, as_json=as_json, lines=lambda: [f"{counted(written.rows, 'row')} written to {output}."])


@click.command("export-head")
@click.argument("output", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def export_head(directory: Path, output: Path, as_json: bool) -> None:
    """Write the newest head to the folder OUTPUT, to be used without the project.

    The folder holds the weights (safetensors), facts (JSON) and a model card, and names the encoder. It is for
    `earmark predict --head OUTPUT --folder AUDIO`, and for Head.load in Python.
    """
    with Project.open(directory) as project:
        facts = project.export_head(output)
    document = facts.model_dump(mode="json")
    print_result({**document, "output": str(output)}, as_json=as_json, lines=lambda: _head_lines(document, output))


def _head_lines(facts: dict[str, Any], output: Path) -> list[str]:
    known, trained_on = facts["accuracy"], facts["trained_on"]
    score = "not scored yet" if known is None else f"UA {known['ua']:.3f} (95%: {known['ua_low']:.3f}-{known['ua_high']:.3f})"
    learned = f"{counted(trained_on['clips'], 'clip')} of {counted(trained_on['speakers'], 'known speaker')}"
    return [
        f"The head of run {facts['run']} is in {output}. It has {counted(len(facts['labels']), 'label')} and learned from "
        f"{learned}; {score}.",
        f"Next: earmark predict predictions.csv --head {output} --folder AUDIO",
    ]


def _numbered(clips: tuple[int, ...]) -> str:
    return f"{counted(len(clips), 'clip')} (number {', '.join(str(number) for number in clips)})"
