"""Feature sets and where each clip's vector lies in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Float,
    ForeignKey,
    Integer,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base


class FeatureSet(Base):
    """One encoder, its layers and pooling over all clips; immutable once made."""

    __tablename__ = "feature_set"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """Hash of encoder, revision, layers, pooling, dtype and runtime."""
    encoder: Mapped[str] = mapped_column(Text)
    dim: Mapped[int] = mapped_column(Integer)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[float] = mapped_column(Float)
    used_at: Mapped[float | None] = mapped_column(Float)
    """When it last became the set in use; null while it is filled for the first time beside another set."""


class FeatureRow(Base):
    """Where a clip's vector lies."""

    __tablename__ = "feature_row"
    feature_set_id: Mapped[int] = mapped_column(ForeignKey("feature_set.id"), primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer)
    row: Mapped[int] = mapped_column(Integer)
