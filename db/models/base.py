"""What all tables share: the metadata, and the closed sets of values that columns hold."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    Enum,
    MetaData,
)
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables share one metadata, in which every constraint has a name (alembic's batch mode needs it)."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {dict[str, Any]: JSON}


class Answer(enum.StrEnum):
    """The kinds of answer that an annotator can give."""

    LABEL = "label"
    UNSURE = "unsure"
    SKIP = "skip"
    UNDO = "undo"
    """Takes back the decision it points at; never an answer by itself."""


class Source(enum.StrEnum):
    """Why a clip was answered."""

    RANDOM = "random"
    COLD_START = "cold-start"
    UNCERTAIN = "uncertain"
    RARE_CLASS = "rare-class"
    OVERLAP = "overlap"
    SECOND_PASS = "second-pass"  # noqa: S105 (no password)
    """The clip had a label and was asked once more. Older rows have `review` and a lease: see `db.decisions.conditions`."""
    ASKED_AGAIN = "asked-again"
    """A lead wanted one more answer, and perhaps because the classifier contradicts those that are there."""
    REVIEW = "review"
    """Nothing was asked: a reviewer fixed a label, or somebody gave their own answer anew."""
    GOLD_CHECK = "gold-check"
    """The clip's gold label is known, and the annotator was asked without being shown that."""
    GRID = "grid"
    IMPORTED = "imported"
    SCRIPTED = "scripted"


class ClipState(enum.StrEnum):
    """Whether a clip can be listened to."""

    READY = "ready"
    REPLACED = "replaced"
    """The path now holds other bytes; decisions stay, the clip is not served any more."""
    BROKEN = "broken"
    """Decoding failed after import; `problem` holds the reason."""
    WITHDRAWN = "withdrawn"
    """Somebody asked to take the clip out: it is neither served, learned from nor exported. See `Withdrawal`."""


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


def enum_column(kind: type[enum.Enum], name: str) -> Enum:
    """The type of a column that holds the values of `kind` as text, without a constraint: a new value needs no migration."""
    return Enum(kind, native_enum=False, create_constraint=False, length=16, values_callable=_values, name=name)
