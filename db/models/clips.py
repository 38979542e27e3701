"""Audio files, the clips cut from them, other names of the same clip, and what an import had to reject."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base, ClipState, enum_column


class AudioFile(Base):
    """A path with the bytes it had when it was imported; the same path with other bytes is another row."""

    __tablename__ = "audio_file"
    __table_args__ = (UniqueConstraint("path", "content_hash"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    path: Mapped[str] = mapped_column(Text, index=True)
    """Absolute path."""
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    """SHA-256 of the bytes."""
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    sampling_rate: Mapped[int] = mapped_column(Integer)
    channels: Mapped[int] = mapped_column(Integer)
    duration: Mapped[float] = mapped_column(Float)
    """Seconds."""


class Clip(Base):
    """A stretch of audio that gets one label; known by its bytes and span, not by its path."""

    __tablename__ = "clip"
    __table_args__ = (UniqueConstraint("content_hash", "start", "end"), Index("ix_clip_state_slice_key", "state", "slice_key"))
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("audio_file.id"), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str] = mapped_column(Text, index=True)
    """As the import source wrote it."""
    start: Mapped[float] = mapped_column(Float, default=0.0)
    """Seconds."""
    end: Mapped[float] = mapped_column(Float)
    """Seconds; equal to the file's duration for a whole file."""
    speaker: Mapped[str | None] = mapped_column(Text, index=True)
    transcript: Mapped[str | None] = mapped_column(Text)
    split: Mapped[str | None] = mapped_column(Text)
    extra: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Every other column of the manifest, kept as it was."""
    slice_key: Mapped[int] = mapped_column(BigInteger)
    """Fixed random key, drawn at import; the order of the random slice (ties broken by id)."""
    state: Mapped[ClipState] = mapped_column(enum_column(ClipState, "clip_state"), default=ClipState.READY)
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)
    file: Mapped[AudioFile] = relationship()


class ClipAlias(Base):
    """Another path (or name) under which the same bytes and span were imported."""

    __tablename__ = "clip_alias"
    __table_args__ = (UniqueConstraint("clip_id", "path", "file_name"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    file_name: Mapped[str] = mapped_column(Text, index=True)
    path: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)


class Rejection(Base):
    """A line or file of an import that could not become a clip, with the reason."""

    __tablename__ = "rejection"
    __table_args__ = (UniqueConstraint("path", "file_name"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    file_name: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)
