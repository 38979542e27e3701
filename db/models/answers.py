"""Clips handed out, the answers that came back, and flags."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Answer, Base, Source, enum_column


class Lease(Base):
    """A clip handed to one annotator for a limited time."""

    __tablename__ = "lease"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    source: Mapped[Source] = mapped_column(enum_column(Source, "source"))
    created_at: Mapped[float] = mapped_column(Float)
    expires_at: Mapped[float] = mapped_column(Float, index=True)
    released_at: Mapped[float | None] = mapped_column(Float)
    """Set when the clip was answered or handed back."""


class Decision(Base):
    """One annotator's answer for one clip. Rows are only ever added; triggers in the database refuse anything else."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint("(answer = 'label') = (label_id IS NOT NULL)", name="label_iff_labeled"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    """Made by the client, so that a re-sent answer is stored once."""
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    answer: Mapped[Answer] = mapped_column(enum_column(Answer, "answer"))
    label_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), index=True)
    """The decision that this row takes back (undo) or supersedes (relabel)."""
    source: Mapped[Source] = mapped_column(enum_column(Source, "source"))
    queued_as: Mapped[Source | None] = mapped_column(enum_column(Source, "source"))
    """The source that the queue gave the clip when it was answered, where it is not `source` itself (scripted answers)."""
    seconds: Mapped[float | None] = mapped_column(Float)
    """From the first sound to the answer."""
    plays: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    suggestion_shown: Mapped[bool] = mapped_column(default=False)
    gold: Mapped[bool] = mapped_column(default=False)
    """A reviewer fixed this answer: it outweighs every other decision of the clip."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """The run that was live when the clip was answered."""
    lease_id: Mapped[int | None] = mapped_column(ForeignKey("lease.id"))
    created_at: Mapped[float] = mapped_column(Float)
    """When it was stored."""
    answered_at: Mapped[float | None] = mapped_column(Float)
    """When the answer was given, where it was given elsewhere and imported."""
    circumstances: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How the annotator heard the clip, if not just as it is: speed, loudness gain in dB, share listened to, label suggested."""


class Flag(Base):
    """An annotator's note that somebody should check a clip. Rows are only ever added."""

    __tablename__ = "flag"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    """Made by the client, so that a re-sent flag is stored once."""
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    note: Mapped[str] = mapped_column(Text)
    raised: Mapped[bool] = mapped_column()
    """False takes down the annotator's flag on this clip."""
    created_at: Mapped[float] = mapped_column(Float)
