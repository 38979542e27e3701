"""Which tool's files a source is, and their rows: labels, answers and predictions from Label Studio, Prodigy and others."""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from db.errors import FormatError
from db.imports.handed_over import HandedOverRow
from db.imports.label_sets import holds_label_sets
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.tools.audformat_db import read_audformat
from db.imports.tools.audiofolder import read_audiofolder
from db.imports.tools.label_studio_file import read_label_studio
from db.imports.tools.prodigy_file import read_prodigy
from learner.audio.reader import shown

_FIRST_LINE = 64 * 1024
"""Bytes of a file's first line that are looked at."""


class Tool(enum.StrEnum):
    """What wrote the source."""

    MANIFEST = "manifest"
    FOLDER = "folder"
    LABEL_STUDIO = "label-studio"
    PRODIGY = "prodigy"
    AUDIOFOLDER = "audiofolder"
    AUDFORMAT = "audformat"


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """How the files of a tool are read, where that is not clear."""

    tool: Tool | None = None
    """None: noticed by the files themselves."""
    label_column: str | None = None
    """The column, scheme or question that holds the labels."""
    audio_folder: Path | None = None
    """Where the audio lies that the tool addresses."""
    audio_key: str | None = None
    """The key under which a task of Label Studio addresses its audio."""


def tool_of(source: Path) -> Tool:
    """What a source is, by its files: `db.yaml`, `metadata.jsonl`, `tasks.json`, a suffix, or a first line.

    A folder with anything else is a folder of audio, and a file a manifest.
    """
    if os.path.isdir(source):
        for name, tool in (("db.yaml", Tool.AUDFORMAT), ("tasks.json", Tool.LABEL_STUDIO)):
            if os.path.isfile(source / name):
                return tool
        below = (source, *(source / name for name in ("train", "validation", "test")))
        return Tool.AUDIOFOLDER if any(os.path.isfile(folder / "metadata.jsonl") for folder in below) else Tool.FOLDER
    if source.suffix.lower() == ".json":
        return Tool.MANIFEST if holds_label_sets(source) else Tool.LABEL_STUDIO
    return Tool.PRODIGY if source.suffix.lower() == ".jsonl" and _is_prodigy(source) else Tool.MANIFEST


def _is_prodigy(source: Path) -> bool:
    try:
        with open(source, "rb") as file:
            first = json.loads(file.readline(_FIRST_LINE))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "_task_hash" in first


def tool_rows(source: Path, tool: Tool, options: ToolOptions, *, remarks: Remarks) -> Iterator[HandedOverRow | BadRow]:
    """The rows that a tool's files hand over, read while the caller iterates.

    Raises:
        FormatError: the files cannot be read, or an option does not suit them.
    """
    if options.audio_folder is not None and tool not in (Tool.LABEL_STUDIO, Tool.PRODIGY):
        raise FormatError(f"{shown(source)} names its audio by itself ({tool}); leave --audio-folder out.")
    if options.audio_key is not None and tool != Tool.LABEL_STUDIO:
        raise FormatError(f"{shown(source)} is no export of Label Studio ({tool}); leave --audio-key out.")
    if tool == Tool.LABEL_STUDIO:
        return read_label_studio(
            source,
            choices=options.label_column,
            audio_key=options.audio_key,
            audio_folder=options.audio_folder,
            remarks=remarks,
        )
    if tool == Tool.AUDFORMAT:
        return read_audformat(source, label=options.label_column, remarks=remarks)
    if tool == Tool.AUDIOFOLDER:
        return read_audiofolder(source, label_column=options.label_column or "label", remarks=remarks)
    if options.label_column is not None:
        raise FormatError(f"{shown(source)} has its labels in one place ({tool}); leave --label-column out.")
    return read_prodigy(source, audio_folder=options.audio_folder, remarks=remarks)
