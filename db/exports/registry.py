"""The registry of export formats: a new format is a file in `formats/` and one entry here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, RowsOf
from db.exports.contents import Contents
from db.exports.data_sheet import data_sheet
from db.exports.formats.audacity import write_audacity
from db.exports.formats.audformat_db import write_audformat
from db.exports.formats.audiofolder import write_audiofolder
from db.exports.formats.csv_file import write_csv
from db.exports.formats.emonet import write_emonet
from db.exports.formats.ft_w2v2_ser import write_ft_w2v2_ser
from db.exports.formats.json_lines import write_jsonl, write_log
from db.exports.formats.kaldi import write_kaldi
from db.exports.formats.label_studio import write_label_studio
from db.exports.formats.parquet_file import write_parquet
from db.exports.formats.prodigy import write_prodigy
from db.exports.past import withdrawn_since
from db.store.files import whole_folder, written_whole

DATA_SHEET = "README.md"

_BOTH = frozenset(RowsOf)
_CONSENSUS, _DECISIONS = frozenset((RowsOf.CONSENSUS,)), frozenset((RowsOf.DECISIONS,))


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """A format that a project can be written in.

    `write(contents, path)` writes to a path that does not exist yet (a file; an empty folder for a format that is one) and
    returns the number of rows. The user sees an OSError that it raises as one sentence.
    """

    name: str
    suffix: str
    """Of the file that holds the rows, and of the download."""
    description: str
    write: Callable[[Contents, Path], int]
    is_folder: bool = False
    rows: frozenset[RowsOf] = _BOTH
    """What a row can stand for."""
    audio: AudioAs = AudioAs.NONE
    """What happens to the audio unless somebody chooses."""
    for_spreadsheets: bool = False
    """Whether it has a form in which no text can be taken for a formula."""
    importable: bool = False
    """Whether Earmark reads it back."""

    @property
    def makes_folder(self) -> bool:
        """Whether an export is a folder unless somebody chooses otherwise: for its own sake, or because it holds audio."""
        return self.is_folder or self.audio != AudioAs.NONE

    @property
    def is_log(self) -> bool:
        """Whether it holds the decision log, all of it and nothing else."""
        return self.rows == _DECISIONS


EXPORTERS: dict[str, Exporter] = {}


def register(exporter: Exporter) -> None:
    """Make a format known under its name."""
    EXPORTERS[exporter.name] = exporter


register(
    Exporter(
        name="csv",
        suffix=".csv",
        description="A table, one row per line.",
        write=write_csv,
        for_spreadsheets=True,
        importable=True,
    )
)
register(Exporter(name="jsonl", suffix=".jsonl", description="JSON, one object per line.", write=write_jsonl, importable=True))
register(
    Exporter(
        name="log",
        suffix=".jsonl",
        description="The whole decision log as JSON, including undone and superseded decisions.",
        write=write_log,
        rows=_DECISIONS,
        importable=True,
    )
)
register(
    Exporter(
        name="audiofolder",
        suffix="",
        description="A folder that Hugging Face's datasets loads, one label a clip, with splits and audio.",
        write=write_audiofolder,
        is_folder=True,
        importable=True,
        rows=_CONSENSUS,
        audio=AudioAs.CUT,
    )
)
register(
    Exporter(
        name="audformat",
        suffix="",
        description="A database of audformat, with splits and audio; with every decision a column for each annotator.",
        write=write_audformat,
        is_folder=True,
        importable=True,
        audio=AudioAs.COPY,
    )
)
register(
    Exporter(
        name="kaldi",
        suffix="",
        description="A data folder of Kaldi (and ESPnet), one label a clip, with audio; nobody's single answers.",
        write=write_kaldi,
        is_folder=True,
        rows=_CONSENSUS,
        audio=AudioAs.COPY,
    )
)
register(
    Exporter(
        name="audacity",
        suffix="",
        description="Label tracks of Audacity, one a recording; start, end and label of each clip, and nothing else.",
        write=write_audacity,
        is_folder=True,
        rows=_CONSENSUS,
    )
)
register(
    Exporter(
        name="emonet",
        suffix=".csv",
        description="The CSV file of EmoNet with its audio: file and label, and nothing else.",
        write=write_emonet,
        rows=_CONSENSUS,
        audio=AudioAs.CUT,
    )
)
register(
    Exporter(
        name="ft-w2v2-ser",
        suffix=".json",
        description="The JSON file of FT-w2v2-ser with its audio: file and label in each split, and nothing else.",
        write=write_ft_w2v2_ser,
        importable=True,
        rows=_CONSENSUS,
        audio=AudioAs.CUT,
    )
)
register(Exporter(name="parquet", suffix=".parquet", description="A table with types, as Parquet.", write=write_parquet))
register(
    Exporter(
        name="label-studio",
        suffix=".json",
        description="A folder with tasks and a labelling config for Label Studio.",
        write=write_label_studio,
        is_folder=True,
        importable=True,
    )
)
register(Exporter(name="prodigy", suffix=".jsonl", description="Tasks for Prodigy.", write=write_prodigy, importable=True))


@dataclass(frozen=True)
class Written:
    """What was exported."""

    rows: int
    clips: int
    """0 for an export of decisions."""
    time: float
    """The project as it was then (seconds since 1970); `--as-of` with this time gives the same export again."""
    withdrawn: tuple[int, ...]
    """Clips that belonged to the project then and were withdrawn since."""
    left_out: tuple[int, ...] = ()
    """Clips whose audio was replaced by other audio, or is broken."""


def checked(format: str, choice: ExportChoice) -> tuple[Exporter, ExportChoice]:
    """The format and the choice as the format can write it.

    Raises:
        FormatError: the format is unknown, or cannot hold what is chosen.
    """
    exporter = EXPORTERS.get(format)
    if exporter is None:
        raise FormatError(f"{format!r} is not an export format; use one of: {', '.join(sorted(EXPORTERS))}.")
    if choice.for_spreadsheets and not exporter.for_spreadsheets:
        safe = ", ".join(sorted(name for name, known in EXPORTERS.items() if known.for_spreadsheets))
        raise FormatError(f"{format} has no form that is safe for spreadsheets; use one of: {safe}.")
    if exporter.is_log:
        if choice.narrows or choice.audio not in (None, AudioAs.NONE):
            raise FormatError(
                f"{format} holds the whole log and no audio; leave the filters and --audio out, or export csv or jsonl with "
                "--rows decisions."
            )
        # The log knows no consensus, and nobody who asks for the log means one.
        return exporter, replace(choice, rows=RowsOf.DECISIONS)
    if choice.rows not in exporter.rows:
        able = ", ".join(sorted(name for name, known in EXPORTERS.items() if choice.rows in known.rows))
        raise FormatError(f"{format} has one label for each clip and cannot hold every decision; use one of: {able}.")
    return exporter, choice


def write_export(exporter: Exporter, contents: Contents, output: Path, *, with_data_sheet: bool = False) -> Written:
    """Write the contents to `output`; the file or folder appears complete or not at all.

    An older file of that name is replaced only by a complete one; an older folder must be empty. A folder holds a data sheet and
    the audio, if any; with audio, a format that is a file is written into a folder.

    Args:
        with_data_sheet: write one beside a file, too: `OUTPUT.README.md`.

    Raises:
        FormatError: the output cannot be written.
        AudioError: audio cannot be copied or cut.
    """
    withdrawn = tuple(withdrawn_since(contents.session, contents.choice.as_of))
    if exporter.is_folder or contents.holds_audio:
        with whole_folder(output) as folder:
            contents.folder = folder
            rows = exporter.write(contents, folder if exporter.is_folder else folder / f"clips{exporter.suffix}")
            with open(folder / DATA_SHEET, "a", encoding="utf-8") as file:
                # A format may have begun it: a card for other tools stands at the top.
                file.write(data_sheet(contents, format=exporter.name, withdrawn=withdrawn))
    else:
        with written_whole(output, example="export" + exporter.suffix) as path:
            rows = exporter.write(contents, path)
        if with_data_sheet:
            beside = output.with_name(f"{output.name}.{DATA_SHEET}")
            with written_whole(beside, example=DATA_SHEET) as path:
                path.write_text(data_sheet(contents, format=exporter.name, withdrawn=withdrawn), encoding="utf-8")
    return Written(rows, contents.tally.clips, contents.time, withdrawn, tuple(sorted(contents.left_out)))
