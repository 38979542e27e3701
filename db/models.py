"""The tables: what is known about a project.

One class a table, a docstring under each column that needs one. Nothing here reads or writes; the questions asked of
these tables live in the modules beside this one (`clips`, `decisions`, `serving`, `runs`, …). Every type works the same on SQLite
and PostgreSQL. Times are UTC, stored as seconds since 1970 so that both databases compare them alike.
"""

from __future__ import annotations

import enum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

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
    """What an annotator said."""

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
    REVIEW = "review"
    GRID = "grid"
    IMPORTED = "imported"
    SCRIPTED = "scripted"


class ClipState(enum.StrEnum):
    """Whether a clip can be listened to."""

    READY = "ready"
    REPLACED = "replaced"
    """The path now holds other bytes; decisions stay, the clip is not served any more."""
    BROKEN = "broken"
    """Decoding failed after import; `problem` says why."""


def _values(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


def _enum(kind: type[enum.Enum], name: str) -> Enum:
    return Enum(kind, native_enum=False, create_constraint=False, length=16, values_callable=_values, name=name)


class Project(Base):
    """The one row that says which project this database belongs to."""

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


class Annotator(Base):
    """A person (or script) who answers."""

    __tablename__ = "annotator"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[float] = mapped_column(Float)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How this person likes the player: speed, loop, loudness, goal, break hint."""


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
    state: Mapped[ClipState] = mapped_column(_enum(ClipState, "clip_state"), default=ClipState.READY)
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
    """When it was last made the set in use; null while it is first filled beside another one."""


class FeatureRow(Base):
    """Where a clip's vector lies."""

    __tablename__ = "feature_row"
    feature_set_id: Mapped[int] = mapped_column(ForeignKey("feature_set.id"), primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer)
    row: Mapped[int] = mapped_column(Integer)


class Lease(Base):
    """A clip handed to one annotator for a limited time."""

    __tablename__ = "lease"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    source: Mapped[Source] = mapped_column(_enum(Source, "source"))
    created_at: Mapped[float] = mapped_column(Float)
    expires_at: Mapped[float] = mapped_column(Float, index=True)
    released_at: Mapped[float | None] = mapped_column(Float)
    """Set when the clip was answered or handed back."""


class Run(Base):
    """One training of the head."""

    __tablename__ = "run"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    created_at: Mapped[float] = mapped_column(Float)
    feature_set_id: Mapped[int | None] = mapped_column(ForeignKey("feature_set.id"))
    last_decision_id: Mapped[int] = mapped_column(Integer, index=True)
    """The newest decision row the run saw; 0 for none."""
    decisions: Mapped[int] = mapped_column(Integer)
    """Live decisions the run saw."""
    labeled: Mapped[int] = mapped_column(Integer)
    """Clips with a consensus label."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seconds: Mapped[float] = mapped_column(Float)
    """From noticing to the published queue."""
    evaluated_at: Mapped[float | None] = mapped_column(Float)
    """Null until the evaluation has followed."""
    ua: Mapped[float | None] = mapped_column(Float)
    ua_low: Mapped[float | None] = mapped_column(Float)
    ua_high: Mapped[float | None] = mapped_column(Float)
    wa: Mapped[float | None] = mapped_column(Float)
    slice_clips: Mapped[int] = mapped_column(Integer, default=0)
    speakers: Mapped[int] = mapped_column(Integer, default=0)
    """Distinct speakers in the random slice."""
    report: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Per-label recall with intervals, confusion matrix, labels missing from the slice."""


class CurvePoint(Base):
    """One point of the learning curve, scored on the random slice as it was at `run`."""

    __tablename__ = "curve_point"
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    last_decision_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    decisions: Mapped[int] = mapped_column(Integer)
    examples_per_class: Mapped[float] = mapped_column(Float)
    smallest_class: Mapped[int] = mapped_column(Integer)
    ua: Mapped[float | None] = mapped_column(Float)
    ua_low: Mapped[float | None] = mapped_column(Float)
    ua_high: Mapped[float | None] = mapped_column(Float)
    wa: Mapped[float | None] = mapped_column(Float)


class QueueEntry(Base):
    """A ranked clip still to label; the whole table is replaced by each run."""

    __tablename__ = "queue_entry"
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    source: Mapped[Source] = mapped_column(_enum(Source, "source"))
    score: Mapped[float | None] = mapped_column(Float)
    predicted_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))


class Decision(Base):
    """One annotator's answer for one clip. Rows are only ever added; triggers in the database refuse anything else."""

    __tablename__ = "decision"
    __table_args__ = (CheckConstraint("(answer = 'label') = (label_id IS NOT NULL)", name="label_iff_labeled"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    """Made by the client, so that a re-sent answer is stored once."""
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    answer: Mapped[Answer] = mapped_column(_enum(Answer, "answer"))
    label_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), index=True)
    """The decision that this row takes back (undo) or supersedes (relabel)."""
    source: Mapped[Source] = mapped_column(_enum(Source, "source"))
    queued_as: Mapped[Source | None] = mapped_column(_enum(Source, "source"))
    """What the queue held the clip for when it was answered, where that is not `source` itself (scripted answers)."""
    seconds: Mapped[float | None] = mapped_column(Float)
    """From first sound to the answer."""
    plays: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    suggestion_shown: Mapped[bool] = mapped_column(default=False)
    gold: Mapped[bool] = mapped_column(default=False)
    """Fixed by a reviewer: outweighs every other decision of the clip."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"))
    """The run that was live."""
    lease_id: Mapped[int | None] = mapped_column(ForeignKey("lease.id"))
    created_at: Mapped[float] = mapped_column(Float)
    circumstances: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How the clip was heard where that was not plain: speed, loudness gain in dB, share listened to, label suggested."""


class Flag(Base):
    """An annotator's note that somebody should look at a clip. Rows are only ever added."""

    __tablename__ = "flag"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(36), unique=True)
    """Made by the client, so that a re-sent flag is stored once."""
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("annotator.id"), index=True)
    note: Mapped[str] = mapped_column(Text)
    raised: Mapped[bool] = mapped_column()
    """False takes the annotator's flag on this clip down."""
    created_at: Mapped[float] = mapped_column(Float)


class LearnerState(Base):
    """What the learner is doing now; one row, written by the learner and its supervisor."""

    __tablename__ = "learner_state"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    """starting, embedding, training, evaluating, waiting, stopped, crashed."""
    detail: Mapped[str] = mapped_column(Text, default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    pid: Mapped[int | None] = mapped_column(Integer)
    heartbeat_at: Mapped[float] = mapped_column(Float)
    restarts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str | None] = mapped_column(Text)
