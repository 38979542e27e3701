"""What keeps the quality up while people work: versions of the guidelines, comments, clips asked again, and what leads did.

Rows are only ever added; triggers refuse the rest. Only the comments and requests of a clip that is withdrawn are deleted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class GuidelineVersion(Base):
    """The guidelines from one moment on: a decision is under the newest version whose `after_decision_id` is below its id."""

    __tablename__ = "guideline_version"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    """`text`, the guidelines of the project, and `labels`, the guideline of each label by its name."""
    after_decision_id: Mapped[int] = mapped_column(Integer)
    """The newest decision at that moment; 0 if there was none."""
    changed_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)


class Comment(Base):
    """A remark about a clip, from an annotator or a lead."""

    __tablename__ = "comment"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    """Made by the browser, so that a remark that is sent twice is stored once."""
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"))
    text: Mapped[str] = mapped_column(Text)
    settled: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the clip's remarks up to this one need no answer any more."""
    created_at: Mapped[float] = mapped_column(Float)


class AskedAgain(Base):
    """A lead wants one more answer for a clip: done as soon as the clip has a live decision newer than `after_decision_id`."""

    __tablename__ = "asked_again"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    after_decision_id: Mapped[int] = mapped_column(Integer)
    asked_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[float] = mapped_column(Float)


class Event(Base):
    """Something that a person did to the project and that no other table records: a setting, a role, answers taken back."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    done_by: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Float, index=True)
