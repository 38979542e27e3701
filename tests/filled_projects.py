"""Short ways to put clips and decisions into a project, for tests that need no audio."""

from __future__ import annotations

import random
import uuid

from db.decisions.log import append_decision, live_query
from db.models import Answer, Decision, Source
from db.project import OpenProject
from db.records.annotators import annotator_named
from db.records.clips import NewClip, NewFile, register_clip

LABELS = ("angry", "happy", "sad")


def new_file(name: str, *, content: str | None = None) -> NewFile:
    """A one-second file whose hash stands for `content` (its name unless given)."""
    digest = uuid.uuid5(uuid.NAMESPACE_URL, content or name).hex * 2
    return NewFile(
        path=f"/audio/{name}", content_hash=digest, size=32044, mtime_ns=1, sampling_rate=16000, channels=1, duration=1.0
    )


def add_clips(project: OpenProject, count: int, *, seed: int = 0, speakers: int = 5) -> list[int]:
    """Register `count` clips called 0.wav, 1.wav, …; returns their ids."""
    rng = random.Random(seed)
    with project.write() as session:
        return [
            register_clip(
                session,
                NewClip(
                    file=new_file(f"{number}.wav"), file_name=f"{number}.wav", start=0.0, end=1.0, speaker=f"s{number % speakers}"
                ),
                rng=rng,
            ).clip_id
            for number in range(count)
        ]


def answer(
    project: OpenProject,
    clip_id: int,
    label: str | None = "angry",
    *,
    annotator: str = "ann",
    kind: Answer = Answer.LABEL,
    source: Source = Source.UNCERTAIN,
    queued_as: Source | None = None,
    gold: bool = False,
    suggestion_shown: bool = False,
) -> str:
    """Record an answer; returns its UUID."""
    made = str(uuid.uuid4())
    with project.write() as session:
        append_decision(
            session,
            uuid=made,
            clip_id=clip_id,
            annotator_id=annotator_named(session, annotator).id,
            answer=kind,
            label=label if kind == Answer.LABEL else None,
            source=source,
            queued_as=queued_as,
            gold=gold,
            suggestion_shown=suggestion_shown,
        )
    return made


def standing(project: OpenProject) -> list[Decision]:
    """The decisions that stand, oldest first."""
    with project.read() as session:
        found = list(session.scalars(live_query().order_by(Decision.id)))
        session.expunge_all()
    return found
