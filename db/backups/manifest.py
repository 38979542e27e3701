"""What a backup states about itself, and which members it may have.

A backup is a ZIP archive whose members are stored, not compressed. So nobody can make a small file that unpacks to a large one,
and any tool can open it.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.errors import ProjectError
from db.finetuned.document import FINETUNED_FILE
from db.guidelines import GUIDELINES_FILE
from db.settings import SETTINGS_FILE

MANIFEST, DATABASE = "manifest.json", "earmark.sqlite"
VERSION = 1
LARGEST_MANIFEST = 1 << 24
"""Bytes of a manifest that is read into memory."""
HEAD_FILE = re.compile(r"run_\d{1,10}\.npz")
FEATURE_FILE = re.compile(r"manifest\.json|shard-\d{5,10}\.npy")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Member(BaseModel):
    """A file of the backup: its name there, its bytes and their SHA-256."""

    model_config = ConfigDict(frozen=True)
    name: str
    size: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """The member `manifest.json`."""

    model_config = ConfigDict(frozen=True)
    format: Literal["earmark-backup"] = "earmark-backup"
    version: int = VERSION
    earmark: str
    """The release that made it."""
    created_at: float
    """UTC, in seconds since 1970: the backup holds all that was stored before."""
    project: str
    """The project's UUID."""
    schema_revision: str
    newest_decision: int
    """Id of the newest decision in it; 0 if there is none."""
    rows: dict[str, int]
    """Rows of each table."""
    with_features: bool
    audio_folders: dict[str, int]
    """Where the audio lay, which is not in the backup: folders, with the number of files in and below each."""
    members: list[Member]


def parsed_manifest(content: bytes, *, where: str) -> Manifest:
    """The manifest of the backup `where`.

    Raises:
        ProjectError: it is none, or a newer release made it.
    """
    try:
        stated = _Version.model_validate_json(content)
        if stated.version > VERSION:
            raise ProjectError(f"{where} was made by a newer Earmark ({stated.earmark}); install that release or a later one.")
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ProjectError(f"{where} is no backup of Earmark: its {MANIFEST} makes no sense; choose another file.") from error


class _Version(BaseModel):
    format: Literal["earmark-backup"]
    version: int
    earmark: str = Field(default="of an unknown version", max_length=100, pattern=r"^[\w.+ -]*$")


def is_member(name: str) -> bool:
    """Whether a backup may have a member of this name: it says where the file lies in a project directory."""
    if name in (MANIFEST, DATABASE, SETTINGS_FILE, GUIDELINES_FILE):
        return True
    folder, _, rest = name.partition("/")
    if folder == "heads":
        return rest == FINETUNED_FILE or bool(HEAD_FILE.fullmatch(rest))
    fingerprint, _, file = rest.partition("/")
    return folder == "features" and bool(FINGERPRINT.fullmatch(fingerprint)) and bool(FEATURE_FILE.fullmatch(file))
