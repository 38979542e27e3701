"""The project in numbers: what `earmark status` prints."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision, live_decisions
from db.models import Annotator, Clip, ClipAlias, ClipState, Rejection, Run
from db.records.features import embedded_count, newest_feature_set, with_transcript, words_set
from db.records.labels import active_labels
from db.records.people.annotators import is_person
from db.records.runs import latest_evaluated_run, latest_run
from db.serving.ranked_queue import queue_length

_IS_NO_CLIP = Rejection.reason.not_like("Imported without its label%")
"""Earlier versions noted labels that were not recorded among the rejections, though their files became clips."""


def project_status(session: Session, *, text_encoder: str | None = None) -> dict[str, Any]:
    """Counts of clips, of files that were rejected or hold the same audio as another (aliases), of decisions and labels; the
    encoder, the newest run (or None) and the length of the queue.

    Args:
        text_encoder: that of the settings; with it there are `words`, otherwise they are None.
    """
    live = live_decisions(session)
    features = newest_feature_set(session)
    consensus = consensus_labels(live)
    per_annotator = _by_annotator(session, live)
    return {
        "clips": session.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)) or 0,
        "rejected": session.scalar(select(func.count()).select_from(Rejection).where(_IS_NO_CLIP)) or 0,
        "aliases": session.scalar(select(func.count()).select_from(ClipAlias)) or 0,
        "embedded": 0 if features is None else embedded_count(session, features.id),
        "decisions": len(live),
        "labeled": len(consensus),
        "annotators": len(per_annotator),
        "per_annotator": per_annotator,
        "per_label": _per_label(session, consensus),
        "encoder": None if features is None else features.encoder,
        "words": None if text_encoder is None else _words(session, text_encoder),
        "run": _run(latest_run(session)),
        "queue": queue_length(session),
    }


def _by_annotator(session: Session, live: list[LiveDecision]) -> dict[str, int]:
    counts = Counter(decision.annotator_id for decision in live)
    return {row.name: counts[row.id] for row in session.scalars(select(Annotator).where(is_person()).order_by(Annotator.name))}


def _per_label(session: Session, consensus: dict[int, int]) -> dict[str, int]:
    counts = Counter(consensus.values())
    return {label.name: counts[label.id] for label in active_labels(session)}


def _words(session: Session, text_encoder: str) -> dict[str, Any]:
    """Clips in service with words in their transcript and without, how many transcripts have a vector, and whether the newest
    evaluated run uses them (None before one that could).
    """
    with_words, stored = with_transcript(session), words_set(session, text_encoder)
    clips = session.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)) or 0
    run = latest_evaluated_run(session)
    decided = run is not None and bool(run.report.words_why)
    return {
        "text_encoder": text_encoder,
        "with_words": with_words,
        "without": clips - with_words,
        "encoded": 0 if stored is None else embedded_count(session, stored.id),
        "used": run.report.words if run is not None and decided else None,
        "why": run.report.words_why if run is not None else "",
    }


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    names = ("id", "decisions", "ua", "ua_low", "ua_high", "wa", "seconds")
    found = run.report.new_speakers
    new_speakers = None if found is None else found.model_dump(mode="json")
    return {**{name: getattr(run, name) for name in names}, "new_speakers": new_speakers}
