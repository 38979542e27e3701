"""Whether features are to be made: what depends on it, and whether a lead has paused it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Clip, ClipState, FeatureRow, ProjectInfo


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
