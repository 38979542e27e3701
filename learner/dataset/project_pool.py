"""The pool of a project, read from its database and its features.

Reading takes longer than a pass, so whoever makes passes keeps the pool until its signature changes.
"""

from __future__ import annotations

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Clip, ClipState, FeatureRow
from db.project import OpenProject
from db.records.features import newest_feature_set, words_signature
from learner.arrays import BoolArray, Int64Array
from learner.dataset.by_clip import ByClip
from learner.dataset.damaged_vectors import set_aside, sound_statistics
from learner.dataset.folds import folds_of
from learner.dataset.pool import Pool, PoolSignature
from learner.dataset.words import Words
from learner.features.matrix import open_features
from learner.features.words import open_words

_AT_A_TIME = 50_000


def pool_signature(session: Session, *, text_encoder: str | None = None) -> PoolSignature | None:
    """It changes whenever features or clips come or go, or a clip gets its speaker; None before the first feature set.

    Args:
        text_encoder: that of the settings: the vectors of transcripts count, too.
    """
    newest = newest_feature_set(session)
    if newest is None:
        return None
    embedded = session.scalar(select(func.count()).select_from(FeatureRow).where(FeatureRow.feature_set_id == newest.id)) or 0
    ready = select(func.count(), func.count(Clip.speaker), func.coalesce(func.sum(Clip.id), 0)).where(
        Clip.state == ClipState.READY
    )
    count, spoken, total = session.execute(ready).one()
    newest_clip = session.scalar(select(func.max(Clip.id))) or 0
    of_words = words_signature(session, text_encoder)
    return newest.id, embedded, int(count), int(spoken), int(total), newest_clip, *of_words


def read_pool(project: OpenProject, signature: PoolSignature) -> Pool | None:
    """The pool as it is now, with the signature that was taken before; None if no clip in service has features.

    Clips with damaged vectors are set aside. The pool is then the one without them, and so is its signature.
    """
    features = open_features(project)
    if features is None:
        return None
    with project.read() as session:
        speakers, files, in_service = _clips(session)
    ready = np.isin(features.clip_ids, speakers.clip_ids[in_service])
    if not ready.any():
        return None
    mean, scale, damaged = sound_statistics(features, ready)
    if len(damaged):
        set_aside(project, features.feature_set_id, damaged)
        with project.read() as session:
            without = pool_signature(session, text_encoder=project.settings.text_encoder)
        return None if without is None else read_pool(project, without)
    return Pool(
        signature=signature,
        features=features,
        ready=ready,
        mean=mean,
        scale=scale,
        folds=folds_of(speakers, files, in_service=in_service),
        speakers=speakers,
        words=_words(project, speakers.clip_ids[in_service]),
    )


def _words(project: OpenProject, in_service: Int64Array) -> Words | None:
    features = open_words(project)
    return None if features is None else Words.of(features, in_service)


def _clips(session: Session) -> tuple[ByClip[str | None], ByClip[int], BoolArray]:
    """Speakers and files of all clips, and a mask of those in service. They are read in parts: a million rows are a gigabyte
    of objects.
    """
    query = select(Clip.id, Clip.speaker, Clip.file_id, Clip.state).order_by(Clip.id).limit(_AT_A_TIME)
    ids, names, ready = [np.zeros(0, np.int64)], [np.zeros(0, np.object_)], [np.zeros(0, np.bool_)]
    files = [np.zeros(0, np.int64)]
    same: dict[str | None, str | None] = {}
    newest = -1
    while part := session.execute(query.where(Clip.id > newest)).all():
        newest = part[-1].id
        ids.append(np.array([clip for clip, _, _, _ in part], dtype=np.int64))
        files.append(np.array([file for _, _, file, _ in part], dtype=np.int64))
        # A name is kept once, however many clips there are of the speaker.
        names.append(np.array([same.setdefault(speaker, speaker) for _, speaker, _, _ in part], dtype=np.object_))
        ready.append(np.array([state == ClipState.READY for _, _, _, state in part], dtype=np.bool_))
    clip_ids = np.concatenate(ids)
    speakers: ByClip[str | None] = ByClip(clip_ids, np.concatenate(names))
    return speakers, ByClip(clip_ids, np.concatenate(files)), np.concatenate(ready)
