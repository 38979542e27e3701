"""Whether the encoder in use knows labels of this project's clips, which nobody can then be scored on.

The random slice ends before the first clip that it may know, see `db.serving.random_slice.encoder_knows_from`.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import AudioFile, Clip, ClipState, FeatureSet
from db.serving.random_slice import KNOWN_FROM, encoder_knows_from, known_from, project_uuid


def mark_known_files(session: Session, feature_set_id: int, hashes: Collection[str]) -> None:
    """Note for a feature set from which random key on its encoder may know the labels of clips; needs a write session.

    Args:
        hashes: SHA-256 of the audio files whose labels the encoder has learned from.
    """
    per_file = select(AudioFile.content_hash, func.min(Clip.slice_key)).join(Clip, Clip.file_id == AudioFile.id)
    keys = [key for digest, key in session.execute(per_file.group_by(AudioFile.content_hash)) if digest in hashes]
    if not keys:
        return
    stored, mark = session.get_one(FeatureSet, feature_set_id), known_from(min(keys), of_project=project_uuid(session))
    if stored.settings.get(KNOWN_FROM) != mark:
        stored.settings = {**stored.settings, KNOWN_FROM: mark}


def known_labels_in_words(session: Session) -> str | None:
    """A sentence on what the encoder in use knows, and what that means for the accuracy; None where it knows nothing."""
    key = encoder_knows_from(session)
    if key is None:
        return None
    before = select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY, Clip.slice_key < key)
    clips = session.scalar(before) or 0
    learned = "The encoder in use has learned from labels of clips of this project"
    if not clips:
        return f"{learned}, so no accuracy can be measured with it; choose another encoder, such as bundled, to measure one."
    of = "the 1 clip" if clips == 1 else f"the {clips} clips"
    return f"{learned}, so accuracy is measured on {of} at most that come before these in the random slice."
