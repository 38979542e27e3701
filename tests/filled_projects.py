"""Short ways to put clips and decisions into a project, for tests that need no audio."""

from __future__ import annotations

import random
import time
import uuid

from db.decisions.log import append_row, live_query
from db.decisions.taking import GivenAnswer, take, undo_decision
from db.models import Answer, Decision, Lease, Source
from db.project import OpenProject
from db.records.clips import NewClip, NewFile, register_clip
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named

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
        given = GivenAnswer(
            uuid=made,
            clip_id=clip_id,
            annotator_id=annotator_named(session, annotator).id,
            answer=kind,
            label=label if kind == Answer.LABEL else None,
            source=source,
            queued_as=queued_as,
            gold=gold,
            hinted=suggestion_shown,
        )
        take(session, given)
    return made


def answer_leased(project: OpenProject, lease_id: int, label: str = "angry", *, suggested: str | None = None) -> Decision:
    """Answer the clip of a lease, as the player does; the stored row."""
    with project.write() as session:
        lease = session.get_one(Lease, lease_id)
        given = GivenAnswer(
            uuid=str(uuid.uuid4()),
            clip_id=lease.clip_id,
            annotator_id=lease.annotator_id,
            answer=Answer.LABEL,
            label=label,
            lease_id=lease_id,
            suggested_id=None if suggested is None else label_by_name(session, suggested).id,
        )
        row = take(session, given)
        session.expunge_all()
    assert row is not None
    return row


def second_pass_of_an_older_version(project: OpenProject, lease_id: int, label: str = "angry") -> str:
    """A label of the second pass as older versions stored it, with the source `review` in lease and decision; its UUID."""
    with project.write() as session:
        lease = session.get_one(Lease, lease_id)
        lease.source, lease.released_at = Source.REVIEW, time.time()
        row = Decision(
            uuid=str(uuid.uuid4()),
            clip_id=lease.clip_id,
            annotator_id=lease.annotator_id,
            answer=Answer.LABEL,
            label_id=label_by_name(session, label).id,
            source=Source.REVIEW,
            lease_id=lease_id,
        )
        return append_row(session, row).uuid


def undo(project: OpenProject, *, annotator: str = "ann", decision: str | None = None) -> bool:
    """Take back the annotator's newest answer, or the one with this UUID; whether there was one."""
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return undo_decision(session, uuid=str(uuid.uuid4()), annotator_id=who, decision_uuid=decision) is not None


def standing(project: OpenProject) -> list[Decision]:
    """The decisions that stand, oldest first."""
    with project.read() as session:
        found = list(session.scalars(live_query().order_by(Decision.id)))
        session.expunge_all()
    return found
