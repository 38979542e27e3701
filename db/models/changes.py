"""What changed after the start: labels, details of clips, clips withdrawn. Rows are only ever added; triggers refuse the rest.

Only `clip_change` and `suggestion` lose the rows of a clip that is withdrawn.
"""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, enum_column


class LabelChangeKind(enum.StrEnum):
    """What happened to a label."""

    ADD = "add"
    RENAME = "rename"
    MERGE = "merge"
    """Its answers count as those of another label from now on."""
    RETIRE = "retire"
    """It is not offered any more; its answers stay in the log and count no longer."""
    RESTORE = "restore"
    """It is offered again, and its answers count again, under its own name."""


class LabelChange(Base):
    """One change of the label set. Read backwards from today, the rows give the label set at any time."""

    __tablename__ = "label_change"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"))
    kind: Mapped[LabelChangeKind] = mapped_column(enum_column(LabelChangeKind, "label_change_kind"))
    name_before: Mapped[str | None] = mapped_column(Text)
    name_after: Mapped[str | None] = mapped_column(Text)
    into_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    """With `merge`, the label that it became part of; with `restore`, the one that it was part of until then."""
    changed_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)


class ClipChange(Base):
    """What a clip's details were before an import changed them."""

    __tablename__ = "clip_change"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The old value by the name of each column of `clip` that changed."""
    created_at: Mapped[float] = mapped_column(Float, index=True)


class Withdrawal(Base):
    """The tombstone of a clip that somebody asked to take out, for example because a speaker withdrew consent."""

    __tablename__ = "withdrawal"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), unique=True)
    reason: Mapped[str | None] = mapped_column(Text)
    withdrawn_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)


class Suggestion(Base):
    """A label that something else predicted for a clip, from an import; never a decision. The newest of a clip counts."""

    __tablename__ = "suggestion"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"))
    score: Mapped[float | None] = mapped_column(Float)
    """How sure the predictor was, where it says so."""
    origin: Mapped[str] = mapped_column(Text)
    """What predicted it, as the import named it."""
    created_at: Mapped[float] = mapped_column(Float)
