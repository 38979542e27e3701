"""The project itself, its label set, and who answers."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Float,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, enum_column


class Role(enum.StrEnum):
    """What a person may do in the app."""

    ANNOTATOR = "annotator"
    """Answers clips; sees nobody else's answers."""
    VIEWER = "viewer"
    """Sees how the project stands, and changes nothing."""
    LEAD = "lead"
    """Everything."""


class ProjectInfo(Base):
    """The one row that identifies the project of this database."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[float] = mapped_column(Float)
    secret: Mapped[str] = mapped_column(String(64))
    """Hexadecimal key that signs the tokens of audio and picture addresses."""
    embedding_paused: Mapped[bool | None] = mapped_column(Boolean)
    """Whether a lead has paused the making of features; None counts as no."""


class Label(Base):
    """A class of the label set."""

    __tablename__ = "label"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    position: Mapped[int] = mapped_column(Integer)
    """Order on the page and of the keys 1-9, 0."""
    active: Mapped[bool] = mapped_column(default=True)
    """Whether it is offered. What a label was before is in `label_change`."""
    merged_into_id: Mapped[int | None] = mapped_column(Integer)
    """The label that its answers count as; None for its own. Always a label that is not merged itself."""
    colour: Mapped[str | None] = mapped_column(String(7))
    """`#rrggbb`, as a lead chose it; None for the next colour of the palette."""
    guideline: Mapped[str | None] = mapped_column(Text)
    """When to give this label: Markdown, in which links to file names of clips are examples to play."""


class Annotator(Base):
    """A person (or script) who answers."""

    __tablename__ = "annotator"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    """As the person wrote it first."""
    name_key: Mapped[str | None] = mapped_column(Text, index=True)
    """The name without differences of case: one person has one. Projects of older releases may have several rows with one key."""
    identity: Mapped[str | None] = mapped_column(Text, index=True, unique=True)
    """Who this is according to the sign-in, such as an email address; None for a name that was only typed."""
    role: Mapped[Role | None] = mapped_column(enum_column(Role, "role"))
    """What a lead allowed this person; None where no lead has decided."""
    created_at: Mapped[float] = mapped_column(Float)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How this person likes the player: speed, loop, loudness, goal, break hint."""
