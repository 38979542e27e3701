"""The rows of a source: a manifest, a folder of audio, or a known corpus. A new format that comes in is a branch here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from db.errors import FormatError
from db.imports.corpora.folder import read_corpus
from db.imports.earmark_rows import with_answers
from db.imports.folder import AUDIO_SUFFIXES, read_folder
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks
from db.imports.speaker_column import speakers_from
from db.imports.times import TimesIn
from learner.audio.reader import shown
from learner.imports.elsewhere import rows_below
from learner.imports.tools import Tool, ToolOptions, tool_of, tool_rows

AnyRow = SourceRow | BadRow | HandedOverRow


def clip_of(row: AnyRow) -> SourceRow | BadRow:
    """The clip of a row, without the answers that may come with it."""
    return row.clip if isinstance(row, HandedOverRow) else row


def rows_of(
    source: Path | str,
    *,
    labels_from_folders: bool,
    times_in: TimesIn | None,
    corpus: str | None,
    speaker_from: str | None,
    columns: Mapping[str, str],
    by_name: bool,
    tools: ToolOptions,
    remarks: Remarks,
) -> Iterator[AnyRow]:
    """The rows of a manifest, a folder, a known corpus, or another tool's files; `import_source` explains the options.

    Args:
        source: a path, or as a text an address of audio elsewhere.
        by_name: read answers of Earmark's own exports as those of the annotators that they name, not as labels of the clips.

    Raises:
        FormatError: the source as a whole cannot be read, or an option does not suit it.
    """
    if isinstance(source, str):
        if any((corpus, times_in, speaker_from, columns, tools != ToolOptions())):
            raise FormatError(
                "An address gives audio only, with --labels-from-folders and --segment; leave the other options out."
            )
        return rows_below(source, labels_from_folders=labels_from_folders)
    tool = tools.tool or (Tool.MANIFEST if corpus is not None or labels_from_folders or columns else tool_of(source))
    if tool not in (Tool.MANIFEST, Tool.FOLDER):
        if corpus is not None or labels_from_folders or times_in is not None or speaker_from is not None or columns:
            raise FormatError(
                f"{shown(source)} is read as {tool}; leave --corpus, --labels-from-folders, --times-in, --speaker-from and "
                "--column out, or give --from manifest or --from folder."
            )
        return tool_rows(source, tool, tools, remarks=remarks)
    is_folder = corpus is not None or os.path.isdir(source)
    if any(option is not None for option in (tools.label_column, tools.audio_key, tools.audio_folder if is_folder else None)):
        unfit = "--label-column, --audio-folder and --audio-key" if is_folder else "--label-column and --audio-key"
        raise FormatError(f"{shown(source)} is read as a {tool}; leave {unfit} out, or give --from TOOL.")
    if columns and is_folder:
        raise FormatError(f"{shown(source)} is read as a folder, and only a manifest has columns; leave --column out.")
    clips = _clips(
        source,
        labels_from_folders=labels_from_folders,
        times_in=times_in,
        corpus=corpus,
        columns=columns,
        audio_folder=tools.audio_folder,
        remarks=remarks,
    )
    if speaker_from is not None:
        clips = speakers_from(speaker_from, clips, remarks=remarks)
    return with_answers(clips) if by_name else clips


def _clips(
    source: Path,
    *,
    labels_from_folders: bool,
    times_in: TimesIn | None,
    corpus: str | None,
    columns: Mapping[str, str],
    audio_folder: Path | None,
    remarks: Remarks,
) -> Iterator[SourceRow | BadRow]:
    if corpus is not None:
        if labels_from_folders or times_in is not None:
            raise FormatError(f"--corpus {corpus} gives labels and has no times; leave --labels-from-folders and --times-in out.")
        return read_corpus(source, corpus, remarks=remarks)
    if os.path.isdir(source):
        if times_in is not None:
            raise FormatError(f"{shown(source)} is a folder, and only a manifest gives times; leave --times-in out.")
        return read_folder(source, labels_from_folders=labels_from_folders)
    if source.suffix.lower() in AUDIO_SUFFIXES:
        raise FormatError(f"{shown(source)} is an audio file by its name; import its folder, or a manifest that lists it.")
    if labels_from_folders:
        raise FormatError(f"{shown(source)} is not a folder; use --labels-from-folders with a folder.")
    times_in = times_in or TimesIn.SECONDS
    return read_manifest(source, times_in=times_in, columns=columns, audio_folder=audio_folder, remarks=remarks)


def count_of(source: Path) -> int:
    """How many rows there will be, roughly (for a manifest its lines): only the progress bar needs it."""
    if os.path.isdir(source):
        return sum(1 for _ in read_folder(source))
    with open(source, "rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
