"""The command `export`: labels, decisions, predictions and audio in a format that other tools read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf, SplitShares
from db.exports.decision_rows import in_iso
from db.exports.registry import EXPORTERS
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted


class Time(click.ParamType[float]):
    """A time in ISO 8601; without an offset it is in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since 1970."""
        if isinstance(value, float):
            return value
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write one such as 2026-11-25 or 2026-11-25T18:30:00+01:00.", param, ctx)


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
    from learner.handover.export import export_project

    with opened(directory) as project, progress_bar("export", "clip") as moved:
        written = export_project(project, format, output, choice=_choice(**options), with_data_sheet=data_sheet, progress=moved)
    if written.withdrawn:
        listed = ", ".join(str(number) for number in written.withdrawn)
        note(f"Withdrawn since, and so left out: {counted(len(written.withdrawn), 'clip')} (number {listed}).")
    document = {
        "format": format,
        "output": str(output),
        "rows": written.rows,
        "as_of": in_iso(written.time),
        "withdrawn": list(written.withdrawn),
    }
    print_result(document, as_json=as_json, lines=lambda: [f"{counted(written.rows, 'row')} written to {output}."])


def _choice(
    *,
    rows: str,
    audio: str | None,
    splits: str | None,
    labels: tuple[str, ...],
    min_agreement: float | None,
    min_confidence: float | None,
    since: float | None,
    until: float | None,
    as_of: float | None,
    gold_only: bool,
    predicted: bool,
    unlabelled: bool,
    safe_for_spreadsheets: bool,
) -> ExportChoice:
    kinds = {LabelKind.GOLD} if gold_only else {LabelKind.GOLD, LabelKind.CONSENSUS}
    return ExportChoice(
        rows=RowsOf(rows),
        audio=None if audio is None else AudioAs(audio),
        splits=None if splits is None else SplitShares.parse(splits),
        labels=frozenset(labels) or None,
        least_agreement=min_agreement,
        least_confidence=min_confidence,
        since=since,
        until=until,
        kinds=frozenset(kinds | ({LabelKind.PREDICTED} if predicted else set()) | ({LabelKind.NONE} if unlabelled else set())),
        as_of=as_of,
        for_spreadsheets=safe_for_spreadsheets,
    )
