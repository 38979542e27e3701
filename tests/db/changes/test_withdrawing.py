"""Clips that are withdrawn: what the database forgets, what it keeps, and that nobody gets them any more."""

from __future__ import annotations

import random
import uuid

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from db.changes.withdrawing import clips_to_withdraw, overlapping_clips, withdraw_clips
from db.decisions.comments import append_comment
from db.decisions.flags import append_flag, raised_flags
from db.decisions.log import decision_counts, live_decisions, newest_decision_id
from db.errors import ClipError, DecisionError
from db.models import (
    AskedAgain,
    AudioFile,
    Clip,
    ClipAlias,
    ClipChange,
    ClipState,
    Comment,
    Flag,
    Lease,
    Rejection,
    Suggestion,
    Withdrawal,
)
from db.project import OpenProject
from db.records.clip_details import Details, fill_details
from db.records.clips import NewClip, clip_audio, find_clip, mark_broken, record_rejection, register_clip
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from db.serving.progress import progress_of
from db.status import project_status
from tests.filled_projects import add_clips, answer, new_file, undo


def withdraw(project: OpenProject, *clips: int, reason: str | None = "consent withdrawn") -> list[int]:
    with project.write() as session:
        return withdraw_clips(session, clips, reason=reason, by="Lee")


def register(project: OpenProject, name: str, *, content: str | None = None, start: float = 0.0, end: float = 1.0) -> int:
    clip = NewClip(file=new_file(name, content=content), file_name=name, start=start, end=end, speaker="Ann Other")
    with project.write() as session:
        return register_clip(session, clip, rng=random.Random(0)).clip_id


def test_all_that_says_who_speaks_is_gone_and_a_tombstone_stays(any_project: OpenProject) -> None:
    clip = register(any_project, "ann.wav")
    register(any_project, "other.wav", content="ann.wav")
    with any_project.write() as session:
        record_rejection(session, path="/audio/ann.wav", file_name="ann.wav", reason="speaker stays 'Ann Other'")
        details = Details(speaker=None, transcript="my name is Ann", split="train", extra={"phone": "123"})
        fill_details(session, {clip: details})
        who = annotator_named(session, "ann").id
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, note="this is Ann")
        label_id = label_by_name(session, "sad").id
        append_comment(session, uuid=None, clip_id=clip, annotator_id=who, text="Ann again")
        session.add(AskedAgain(clip_id=clip, after_decision_id=0, asked_by="Lee", created_at=0.0))
        session.add(Suggestion(clip_id=clip, label_id=label_id, origin="ann's model", created_at=0.0))
        digest = session.get_one(Clip, clip).content_hash
    withdraw(any_project, clip)
    with any_project.read() as session:
        row = session.get_one(Clip, clip)
        assert (row.state, row.content_hash, row.start, row.end) == (ClipState.WITHDRAWN, digest, 0.0, 1.0)
        assert (row.file_name, row.speaker, row.transcript, row.split) == (f"withdrawn clip {clip}", None, None, None)
        assert row.extra == {}
        (tombstone,) = session.scalars(select(Withdrawal))
        assert (tombstone.clip_id, tombstone.reason, tombstone.withdrawn_by) == (clip, "consent withdrawn", "Lee")
        for table in (ClipAlias, ClipChange, Suggestion, Rejection, Comment, AskedAgain):
            assert session.scalars(select(table)).all() == []
        assert [flag.note for flag in session.scalars(select(Flag))] == [""]
        assert raised_flags(session) == []
        assert {file.path for file in session.scalars(select(AudioFile))} == {"withdrawn file 1", "withdrawn file 2"}


def test_its_answers_stay_in_the_log_and_count_nowhere(any_project: OpenProject) -> None:
    gone, kept = add_clips(any_project, 2)
    answer(any_project, gone, "sad")
    answer(any_project, kept, "happy")
    withdraw(any_project, gone)
    with any_project.read() as session:
        assert newest_decision_id(session) == 2
        assert [decision.clip_id for decision in live_decisions(session)] == [kept]
        status = project_status(session)
        assert (status["clips"], status["decisions"], status["labeled"], status["per_label"]["sad"]) == (1, 1, 1, 0)
        assert status["per_annotator"] == {"ann": 1}
        who = annotator_named(session, "ann").id
        assert decision_counts(session, who) == 1
        progress = progress_of(session, annotator_id=who)
        assert (progress.saved, progress.done, progress.total) == (1, 1, 1)
    assert undo(any_project)
    assert not undo(any_project), "the answer of a withdrawn clip is nobody's"


def test_nobody_is_given_a_withdrawn_clip_and_a_late_answer_is_refused(any_project: OpenProject) -> None:
    clip = register(any_project, "ann.wav")
    with any_project.write() as session:
        who = annotator_named(session, "ann").id
        lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60)
    withdraw(any_project, clip)
    with any_project.read() as session:
        assert session.scalars(select(Lease)).one().released_at is not None
        for way in ({"clip_id": clip}, {"file_name": "ann.wav"}):
            with pytest.raises(ClipError):
                find_clip(session, **way)
        with pytest.raises(ClipError, match="There is no clip"):
            clip_audio(session, clip)
    with any_project.write() as session:
        assert lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60) == []
        mark_broken(session, clip, "/audio/ann.wav is damaged")
        assert session.get_one(Clip, clip).problem is None
        with pytest.raises(DecisionError, match=f"The clip {clip} was withdrawn"):
            append_flag(session, uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, note="who is this")
    with pytest.raises(DecisionError, match=f"The clip {clip} was withdrawn"):
        answer(any_project, clip)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (0.5, 1.5), (0.2, 0.4)])
def test_the_same_audio_is_not_taken_again(any_project: OpenProject, start: float, end: float) -> None:
    clip = register(any_project, "ann.wav")
    withdraw(any_project, clip)
    with pytest.raises(ClipError, match=rf"This audio was withdrawn \(clip {clip}\)"):
        register(any_project, "renamed.wav", content="ann.wav", start=start, end=end)


def test_the_rest_of_a_recording_stays(any_project: OpenProject) -> None:
    first, second = register(any_project, "long.wav"), register(any_project, "long.wav", start=1.0, end=2.0)
    wider = register(any_project, "long.wav", start=0.5, end=2.0)
    with any_project.read() as session:
        assert overlapping_clips(session, [first]) == 1
        assert overlapping_clips(session, [first, wider]) == 1
    withdraw(any_project, first)
    with any_project.read() as session:
        assert clip_audio(session, second).path == "/audio/long.wav"
        assert [clip.clip_id for clip in clips_to_withdraw(session, file_name="long.wav")] == [second, wider]
    assert register(any_project, "long.wav", start=2.0, end=3.0) > wider


def test_a_path_with_new_bytes_does_not_bring_a_withdrawn_clip_back(any_project: OpenProject) -> None:
    clip = register(any_project, "long.wav")
    register(any_project, "long.wav", start=1.0, end=2.0)
    withdraw(any_project, clip)
    register(any_project, "long.wav", content="other bytes")
    with any_project.read() as session:
        assert session.get_one(Clip, clip).state == ClipState.WITHDRAWN


def test_clips_are_found_by_number_name_alias_and_speaker(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4, speakers=2)
    register(any_project, "alias.wav", content="1.wav")

    def found(**way: object) -> list[int]:
        with any_project.read() as session:
            return [clip.clip_id for clip in clips_to_withdraw(session, **way)]  # type: ignore[arg-type]

    assert found(clip_id=clips[2]) == [clips[2]]
    assert found(file_name="0.wav") == [clips[0]]
    assert found(file_name="alias.wav") == [clips[1]]
    assert found(speaker="s1") == [clips[1], clips[3]]
    assert withdraw(any_project, clips[1], clips[3]) == [clips[1], clips[3]]
    assert withdraw(any_project, clips[3]) == [], "once is enough"
    for way, why in (
        ({"clip_id": clips[1]}, "was withdrawn already"),
        ({"clip_id": 2**40}, "There is no clip 1099511627776"),
        ({"file_name": "1.wav"}, "There is no clip '1.wav'"),
        ({"speaker": "s1"}, "There is no clip of a speaker 's1'"),
    ):
        with pytest.raises(ClipError, match=why):
            found(**way)


@pytest.mark.parametrize("table", ["clip_change", "suggestion", "withdrawal"])
def test_the_database_itself_refuses_to_forget_anything_else(any_project: OpenProject, table: str) -> None:
    gone, kept = add_clips(any_project, 2)
    with any_project.write() as session:
        label_id = label_by_name(session, "sad").id
        session.add(Suggestion(clip_id=kept, label_id=label_id, origin="a model", created_at=0.0))
        fill_details(session, {kept: Details(speaker=None, transcript="hello", split=None)})
    withdraw(any_project, gone)
    for statement in (f"UPDATE {table} SET clip_id = clip_id", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"), any_project.write() as session:
            session.execute(text(statement))
