"""Who did what when: bursts of answers, changes, withdrawals and events, newest first."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from db.activity.bursts import bursts
from db.activity.happened import Kind, Wanted, happenings, people, still_standing
from db.changes.label_set import rename_label
from db.changes.withdrawing import withdraw_clips
from db.decisions.guidelines import note_guidelines
from db.decisions.taking_back import AnswerRun, reinstate_answers, take_back_answers
from db.models import Answer, Clip, Decision, Event, Source
from db.project import OpenProject
from db.records.clip_changes import set_details
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.records.people.events import record_event
from tests.filled_projects import add_clips, answer


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock of what is stored, in minutes."""
    real = time.time

    def set_clock(minutes: float) -> None:
        start = real()
        monkeypatch.setattr("db.decisions.log.time.time", lambda: 6e8 + 60 * minutes + (real() - start))

    return set_clock


def test_a_pause_begins_another_burst_of_its_key_alone() -> None:
    things = [("ann", 1, 0.0), ("ben", 2, 5.0), ("ann", 3, 9.0), ("ann", 4, 30.0), ("ben", 5, 14.0)]
    found = [(one.key, one.first, one.last, one.count, one.since, one.until) for one in bursts(things, pause=10.0)]
    assert found == [("ann", 1, 3, 2, 0.0, 9.0), ("ben", 2, 5, 2, 5.0, 14.0), ("ann", 4, 4, 1, 30.0, 30.0)]


def test_answers_are_runs_of_a_person_and_say_how_many_still_stand(any_project: OpenProject, at: Callable[[float], None]) -> None:
    at(0)
    clips = add_clips(any_project, 5)
    for minute, clip in enumerate(clips[:3]):
        at(10 + minute)
        answer(any_project, clip, annotator="ada")
    at(11)
    answer(any_project, clips[3], annotator="ben", source=Source.IMPORTED)
    at(40)
    answer(any_project, clips[4], annotator="ada")
    with any_project.read() as session:
        runs = happenings(session, Wanted(kinds=frozenset({Kind.ANSWERS})))
        assert [(run.who, run.what, run.count, round((run.since - 6e8) / 60), round((run.until - 6e8) / 60)) for run in runs] == [
            ("ada", "given", 1, 40, 40),
            ("ada", "given", 3, 10, 12),
            ("ben", "imported", 1, 11, 11),
        ]
        assert still_standing(session, runs) == [1, 3, 1]
        ada = runs[1].annotator_id or 0
    at(50)
    with any_project.write() as session:
        take_back_answers(session, AnswerRun(ada, runs[1].since, runs[1].until), by="lead")
    with any_project.read() as session:
        assert still_standing(session, runs) == [1, 0, 1]
        event = session.scalars(select(Event.id)).one()
    with any_project.write() as session:
        reinstate_answers(session, event, by="lead")
    with any_project.read() as session:
        assert still_standing(session, runs) == [1, 3, 1]
        assert len(happenings(session, Wanted(kinds=frozenset({Kind.ANSWERS})))) == 3, "what came back was not given anew"


def test_everything_is_listed_newest_first_and_can_be_filtered(any_project: OpenProject, at: Callable[[float], None]) -> None:
    at(0)
    clips = add_clips(any_project, 3)
    at(10)
    answer(any_project, clips[0], annotator="ada")
    at(20)
    with any_project.write() as session:
        rename_label(session, "angry", "furious", by="lea")
    at(30)
    with any_project.write() as session:
        note_guidelines(session, "Loud.", by="lea")
    at(40)
    with any_project.write() as session:
        set_details(session, session.get_one(Clip, clips[1]), speaker="new")
    at(50)
    with any_project.write() as session:
        withdraw_clips(session, clips[1:], reason="consent", by="lea")
    at(60)
    with any_project.write() as session:
        record_event(session, "setting-changed", by="lea", details={"key": "gold_share", "before": 0, "after": 0.1})
    with any_project.read() as session:
        found = happenings(session)
        assert [(one.kind, one.who, one.what, one.count) for one in found] == [
            (Kind.OTHERS, "lea", "setting-changed", 1),
            (Kind.WITHDRAWALS, "lea", "withdrawn", 2),
            (Kind.GUIDELINES, "lea", "version", 1),
            (Kind.LABELS, "lea", "rename", 1),
            (Kind.ANSWERS, "ada", "given", 1),
            (Kind.CLIPS, None, "added", 3),
        ], "what was known of a withdrawn clip before is gone"
        assert [one.kind for one in happenings(session, Wanted(who="ada"))] == [Kind.ANSWERS]
        day = Wanted(since=6e8 + 1190, until=6e8 + 1900)
        assert [one.kind for one in happenings(session, day)] == [Kind.GUIDELINES, Kind.LABELS]
        assert people(session) == ["ada", "lea"]
        assert found[3].details == {"before": "angry", "after": "furious", "label": "furious", "into": None}


def test_it_is_fast_with_ten_thousand_decisions(project: OpenProject) -> None:
    clips = add_clips(project, 200)
    with project.write() as session:
        who = [annotator_named(session, name).id for name in ("ada", "ben", "cid")]
        angry = label_by_name(session, "angry").id
        rows = [
            {
                "uuid": str(uuid.UUID(int=number)),
                "clip_id": clips[number % len(clips)],
                "annotator_id": who[number % 3],
                "answer": Answer.LABEL,
                "label_id": angry,
                "source": Source.UNCERTAIN,
                "suggestion_shown": False,
                "gold": False,
                "created_at": 6e8 + 5 * number + 3600 * (number // 500),
                "circumstances": {"speed": 1.5},
            }
            for number in range(10_000)
        ]
        session.execute(insert(Decision), rows)
    started = time.perf_counter()
    with project.read() as session:
        found = happenings(session)
        standing = still_standing(session, found[:25])
    assert time.perf_counter() - started < 2
    assert len(found) == 61
    assert sum(standing) > 0
