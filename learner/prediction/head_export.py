"""Writes the newest head of a project as a folder that works without the project (`learner.prediction.portable_head`)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.exports.clip_rows import ClipReader
from db.exports.past import LabelNames
from db.models import Clip, Decision, FeatureSet, Run
from db.project import OpenProject
from db.store.files import whole_folder, write_whole
from learner.heads.linear import LinearHead
from learner.heads.store import StoredHead
from learner.prediction.head_card import model_card
from learner.prediction.head_encoder import encoder_reference
from learner.prediction.portable_head import (
    BY_SPEAKER,
    CARD,
    DOCUMENT,
    FORMAT,
    VERSION,
    WEIGHTS,
    HeadAccuracy,
    HeadDocument,
    TrainedOn,
)
from learner.prediction.predict import current_head, used_head, why_plain

_SPEAKERS = "clips of the random slice, each predicted by heads that had not learned from any clip of its speaker"
_NO_SPEAKERS = "clips of the random slice, each predicted by heads that had not learned from it; its speaker may have been known"


def export_head(project: OpenProject, folder: Path) -> HeadDocument:
    """Write the newest head and what is known about it; the folder appears complete or not at all.

    Returns:
        What `head.json` holds.

    Raises:
        LearnerError: there is no head yet, or it was trained on other features than those in use.
        FormatError: the folder cannot be written, or holds something already.
    """
    stored, features, run_id = current_head(project)
    weights = save(_arrays(stored))
    with project.read() as session:
        run = session.get_one(Run, run_id)
        fingerprint = session.get_one(FeatureSet, features.feature_set_id).fingerprint
        calibration = run.report.calibration
        trained_on = _trained_on(session, stored, run)
    facts = HeadDocument(
        format=FORMAT,
        version=VERSION,
        labels=stored.label_names,
        encoder=encoder_reference(features.settings, fingerprint=fingerprint),
        dim=features.dim,
        # A head that uses words stays in the project: it could not be used without transcripts.
        normalisation="none" if stored.plain is None or stored.head.words else "speaker",
        why=why_plain(stored) if stored.head.words else stored.why,
        words=stored.head.words,
        run=run_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        accuracy=_accuracy(project, run_id, stored),
        # Fitted on heads that normalise where the run's does, it says nothing of the head for new audio.
        temperature=calibration.temperature if calibration is not None and stored.plain is None else None,
        trained_on=trained_on,
        earmark=version("earmark"),
        sha256=hashlib.sha256(weights).hexdigest(),
    )
    with whole_folder(folder) as part:
        write_whole(part / WEIGHTS, weights)
        write_whole(part / DOCUMENT, facts.model_dump_json(indent=2) + "\n")
        write_whole(part / CARD, model_card(facts, name=folder.name))
    return facts


def _arrays(stored: StoredHead) -> dict[str, NDArray[np.generic]]:
    positions = {label: position for position, label in enumerate(stored.label_ids)}
    found = _arrays_of(stored.for_unknown_speakers, positions)
    return found if stored.plain is None or stored.head.words else {**found, **_arrays_of(stored.head, positions, BY_SPEAKER)}


def _arrays_of(head: LinearHead, positions: Mapping[int, int], prefix: str = "") -> dict[str, NDArray[np.generic]]:
    classes = np.array([positions[label] for label in head.classes_.tolist()], dtype=np.int64)
    # safetensors writes memory as it lies: of an array in Fortran's order it would write another one.
    coef = np.ascontiguousarray(head.coef_, dtype=np.float32)
    return {f"{prefix}coef": coef, f"{prefix}intercept": np.ascontiguousarray(head.intercept_), f"{prefix}classes": classes}


def _trained_on(session: Session, stored: StoredHead, run: Run) -> TrainedOn:
    """Labelled clips by label, and their speakers, by the answers that stood when the run read them."""
    names = dict(zip(stored.label_ids, stored.label_names, strict=True))
    read_at = session.get_one(Decision, run.last_decision_id).created_at
    reader = ClipReader(session, as_of=read_at, labels=LabelNames(session, run.created_at))
    labels = {clip: label for clip, label in consensus_labels([*reader.standing()]).items() if label in names}
    known = select(Clip.id, Clip.speaker).where(Clip.speaker.is_not(None))
    speakers = {speaker for clip, speaker in session.execute(known) if clip in labels}
    counts = Counter(labels.values())
    per_label = {name: counts[label] for label, name in names.items()}
    return TrainedOn(clips=len(labels), speakers=len(speakers), per_label=per_label)


def _accuracy(project: OpenProject, run_id: int, stored: StoredHead) -> HeadAccuracy | None:
    used = used_head(project, run_id, stored, for_unknown_speakers=True)
    if used.ua is None or used.ua_low is None or used.ua_high is None:
        return None
    with project.read() as session:
        run = session.get_one(Run, run_id)
        wa = run.report.plain.wa if run.report.plain is not None else run.wa
        return HeadAccuracy(
            ua=used.ua,
            ua_low=used.ua_low,
            ua_high=used.ua_high,
            wa=wa,
            clips=run.slice_clips,
            speakers=run.speakers,
            estimated_on=_SPEAKERS if run.report.grouped else _NO_SPEAKERS,
        )
