"""Which feature sets there are, and where each clip's vector lies. The vectors themselves are in files of the learner."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.models import Clip, ClipChange, ClipState, Event, FeatureRow, FeatureSet, ProjectInfo
from db.records.people.events import record_event
from db.records.portions import portions

_AT_A_TIME = 20_000
OF_WORDS = "text_encoder"
"""The key of a feature set's settings that names the text encoder, where it holds vectors of transcripts and not of sound."""
_COMPLETED = "completed_at"
_SPACE = " \t\r\n"
NEW_FEATURES = "new-features"
"""The kind of event by which a lead asks for features by the weights that the encoder in use has now."""
_INSTEAD_OF = "instead of set"


@dataclass(frozen=True)
class FeaturesInUse:
    """The feature set in use, as far as it must be known to say whether others would be better, and what they cost."""

    feature_set_id: int
    encoder: str
    """As `--encoder` takes it."""
    revision: str | None
    """Of the weights that made it."""
    clips: int
    """In service."""
    seconds: float
    """Of audio in these clips."""
    embedded: int
    """Clips in service that the set holds."""
    is_renewal_asked: bool
    """Whether a lead has asked for new features by the same encoder, and they are not complete."""

    @property
    def without(self) -> int:
        """Clips in service that have no vector."""
        return self.clips - self.embedded


def ensure_feature_set(
    session: Session, *, fingerprint: str, encoder: str, dim: int, settings: dict[str, Any], of_words: bool = False
) -> int:
    """The id of the feature set with this fingerprint. A new one is added, which needs a write session.

    The first set of a project is in use at once, so that labelling can begin; later ones wait for `use_feature_set`. One of words
    lies beside them and is never the one in use: `words_set` finds it.
    """
    found = session.scalars(select(FeatureSet).where(FeatureSet.fingerprint == fingerprint)).first()
    if found is None:
        found = FeatureSet(fingerprint=fingerprint, encoder=encoder, dim=dim, settings=settings, created_at=time.time())
        found.used_at = time.time() if newest_feature_set(session) is None and not of_words else None
        session.add(found)
        session.flush()
    return found.id


def newest_feature_set(session: Session) -> FeatureSet | None:
    """The feature set in use: the one that was completed last, or the first one while it is being filled."""
    used = select(FeatureSet).where(FeatureSet.used_at.is_not(None))
    return session.scalars(used.order_by(FeatureSet.used_at.desc(), FeatureSet.id.desc()).limit(1)).first()


def words_set(session: Session, text_encoder: str | None) -> FeatureSet | None:
    """The vectors of transcripts by this text encoder that are in use; None without any.

    Where its weights have changed there are several: the one that was completed last, or the first one while it is being filled.
    """
    if text_encoder is None:
        return None
    of_words = FeatureSet.settings[OF_WORDS].as_string() == text_encoder
    found = session.scalars(select(FeatureSet).where(of_words)).all()
    return max(found, key=lambda each: (each.settings.get(_COMPLETED, 0.0), -each.id), default=None)


def use_words_set(session: Session, feature_set_id: int) -> None:
    """Make a set of words the one in use for its text encoder, once it holds every transcript; see `words_set`."""
    stored = session.get_one(FeatureSet, feature_set_id)
    # In the settings, since `used_at` belongs to sets of sound.
    stored.settings = {**stored.settings, _COMPLETED: time.time()}


def words_signature(session: Session, text_encoder: str | None) -> tuple[int, ...]:
    """It changes whenever a vector of words comes, goes or is replaced; empty where words are not used."""
    stored = words_set(session, text_encoder)
    if stored is None:
        return ()
    places = func.max(FeatureRow.shard), func.sum(FeatureRow.row), func.sum(FeatureRow.clip_id)
    found = session.execute(select(func.count(), *places).where(FeatureRow.feature_set_id == stored.id)).one()
    return (stored.id, *(int(value or 0) for value in found))


def transcripts(session: Session) -> Iterator[tuple[int, str | None]]:
    """Number and transcript of all clips in service, by number; read in parts."""
    query = select(Clip.id, Clip.transcript).where(Clip.state == ClipState.READY).order_by(Clip.id)
    for row in session.execute(query, execution_options={"yield_per": 1000}):
        yield row.id, row.transcript


def with_transcript(session: Session) -> int:
    """Clips in service whose transcript holds more than space."""
    query = select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY, func.trim(Clip.transcript, _SPACE) != "")
    return session.scalar(query) or 0


def newest_clip_change(session: Session) -> int:
    """The number of the newest change of a clip's details; 0 before the first."""
    return session.scalar(select(func.max(ClipChange.id))) or 0


def use_feature_set(session: Session, feature_set_id: int) -> None:
    """Make a set the one in use, once it holds every clip that can be embedded."""
    session.get_one(FeatureSet, feature_set_id).used_at = time.time()


def add_rows(
    session: Session, feature_set_id: int, rows: Sequence[tuple[int, int, int]], *, in_place_of_others: bool = False
) -> None:
    """Add (clip id, shard, row) triples; the vectors must be on disk already.

    Args:
        in_place_of_others: the clips may have rows, which are forgotten.
    """
    if in_place_of_others:
        forget_rows(session, feature_set_id, [clip for clip, _, _ in rows])
    if rows:
        values = [{"feature_set_id": feature_set_id, "clip_id": clip, "shard": shard, "row": row} for clip, shard, row in rows]
        session.execute(insert(FeatureRow), values)


def forget_rows(session: Session, feature_set_id: int, clip_ids: Sequence[int]) -> None:
    """Take clips out of the row map: they count as clips without features, and the next `embed` gives them new ones."""
    for part in portions(clip_ids):
        session.execute(delete(FeatureRow).where(FeatureRow.feature_set_id == feature_set_id, FeatureRow.clip_id.in_(part)))


def rows_of_withdrawn(session: Session) -> list[FeatureRow]:
    """Rows, of all feature sets, whose clips were withdrawn: their vectors are still on the disk."""
    query = select(FeatureRow).join(Clip, Clip.id == FeatureRow.clip_id).where(Clip.state == ClipState.WITHDRAWN)
    return list(session.scalars(query.order_by(FeatureRow.feature_set_id, FeatureRow.shard, FeatureRow.row)))


def any_withdrawn(session: Session, clip_ids: Sequence[int]) -> bool:
    """Whether any of these clips was withdrawn."""
    gone = select(Clip.id).where(Clip.state == ClipState.WITHDRAWN).limit(1)
    queries = (gone.where(Clip.id.in_(part)) for part in portions(clip_ids))
    return any(session.scalar(query) is not None for query in queries)


def row_map(session: Session, feature_set_id: int) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Clip ids, shards and rows of a feature set, each [rows], ordered by shard and row."""
    query = select(FeatureRow.clip_id, FeatureRow.shard, FeatureRow.row).where(FeatureRow.feature_set_id == feature_set_id)
    # Read part by part: a million rows as Python objects would take ten times the memory of their numbers.
    rows = session.execute(query.order_by(FeatureRow.shard, FeatureRow.row), execution_options={"yield_per": _AT_A_TIME})
    parts = [np.array([tuple(row) for row in part], dtype=np.int64) for part in rows.partitions()]
    table = np.concatenate([np.zeros((0, 3), dtype=np.int64), *parts])
    return table[:, 0].copy(), table[:, 1].astype(np.int32), table[:, 2].astype(np.int32)


def rows_in_shard(session: Session, feature_set_id: int) -> dict[int, int]:
    """How many rows of each shard are in the row map."""
    known = (func.max(FeatureRow.row) + 1).label("rows")
    query = select(FeatureRow.shard, known).where(FeatureRow.feature_set_id == feature_set_id).group_by(FeatureRow.shard)
    return {row.shard: row.rows for row in session.execute(query)}


def embedded_count(session: Session, feature_set_id: int) -> int:
    """Clips in service that the feature set holds."""
    query = select(func.count()).select_from(FeatureRow).join(Clip, Clip.id == FeatureRow.clip_id)
    return session.scalar(query.where(FeatureRow.feature_set_id == feature_set_id, Clip.state == ClipState.READY)) or 0


def is_paused(session: Session) -> bool:
    """Whether the running learner makes no features, because a lead has paused it."""
    return bool(session.scalars(select(ProjectInfo.embedding_paused)).first())


def set_paused(session: Session, paused: bool) -> None:
    """Pause the making of features, or let it go on (needs a write session); a running learner notices within seconds."""
    session.scalars(select(ProjectInfo)).one().embedding_paused = paused


def clips_in_service(session: Session) -> tuple[int, int]:
    """How many clips are in service, and the greatest id of a clip: together they change when clips come."""
    count = session.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)) or 0
    return count, session.scalar(select(func.max(Clip.id))) or 0


def any_without_features(session: Session, feature_set_id: int) -> bool:
    """Whether the feature set lacks a clip in service."""
    held = select(FeatureRow.clip_id).where(FeatureRow.clip_id == Clip.id, FeatureRow.feature_set_id == feature_set_id)
    return session.scalar(select(Clip.id).where(Clip.state == ClipState.READY, ~held.exists()).limit(1)) is not None


def features_in_use(session: Session) -> FeaturesInUse | None:
    """What is known of the feature set in use; None before the first one."""
    used = newest_feature_set(session)
    if used is None:
        return None
    in_service = select(func.count(), func.coalesce(func.sum(Clip.end - Clip.start), 0.0)).where(Clip.state == ClipState.READY)
    clips, seconds = session.execute(in_service).one()
    return FeaturesInUse(
        feature_set_id=used.id,
        encoder=str(used.settings.get("encoder", used.encoder)),
        revision=used.settings.get("revision"),
        clips=int(clips),
        seconds=float(seconds),
        embedded=embedded_count(session, used.id),
        is_renewal_asked=is_renewal_asked(session, used),
    )


def ask_for_renewal(session: Session, *, by: str | None) -> None:
    """Ask for new features by the encoder in use (needs a write session); the running learner makes them."""
    used = newest_feature_set(session)
    if used is not None and not is_renewal_asked(session, used):
        encoder = str(used.settings.get("encoder", used.encoder))
        record_event(session, NEW_FEATURES, by=by, details={"encoder": encoder, _INSTEAD_OF: used.id})


def is_renewal_asked(session: Session, used: FeatureSet) -> bool:
    """Whether new features were asked for in place of this set, which is in use: once others are in use, they no longer are."""
    asked = select(Event.details).where(Event.kind == NEW_FEATURES).order_by(Event.id.desc()).limit(1)
    details = session.scalars(asked).first()
    return details is not None and details.get(_INSTEAD_OF) == used.id
