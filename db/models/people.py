"""The project itself, its label set, and who answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Float,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class ProjectInfo(Base):
    """The one row that identifies the project of this database."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[float] = mapped_column(Float)
    secret: Mapped[str] = mapped_column(String(64))
    """Hexadecimal key that signs the tokens of audio and picture addresses."""


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


class Annotator(Base):
    """A person (or script) who answers."""

    __tablename__ = "annotator"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[float] = mapped_column(Float)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How this person likes the player: speed, loop, loudness, goal, break hint."""
