"""How fast people label."""

from __future__ import annotations

import uuid

from sqlalchemy import insert

from db.decisions.pace import AnnotatorPace, pace
from db.models import Answer, Decision, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from tests.filled_projects import add_clips

NOW = 1_800_000_000.0


def given(project: OpenProject, annotator: str, ages: list[float], *, seconds: float | None, first: int, **more: object) -> None:
    """One answer for each age in hours, on clips from `first` on."""
    with project.write() as session:
        who = annotator_named(session, annotator).id
        row = {"annotator_id": who, "answer": Answer.LABEL, "label_id": 1, "source": Source.UNCERTAIN, **more}
        times = [{"uuid": str(uuid.uuid4()), "created_at": NOW - 3600 * age, "clip_id": first + n} for n, age in enumerate(ages)]
        spread = [{"seconds": None if seconds is None else seconds + n} for n in range(len(ages))]
        session.execute(insert(Decision), [{**row, **time, **took} for time, took in zip(times, spread, strict=True)])


def paces(project: OpenProject) -> list[AnnotatorPace]:
    with project.read() as session:
        return pace(session, now=NOW, hours=3)


def test_seconds_are_a_median_and_answers_are_counted_by_hour(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 12)
    given(any_project, "ann", [50.0, 2.5, 1.2, 1.1, 0.1], seconds=3.0, first=clips[0])
    given(any_project, "ben", [0.5, 0.4], seconds=None, first=clips[5])
    given(any_project, "import", [0.1] * 3, seconds=None, first=clips[7], source=Source.IMPORTED)
    ann, ben = paces(any_project)
    assert (ann.name, ann.answers, ann.seconds, ann.by_hour) == ("ann", 5, 5.0, [1, 2, 1])
    assert ann.last_at == NOW - 360
    assert ann.an_hour == 4 / 3
    assert (ben.name, ben.seconds, ben.by_hour, ben.an_hour) == ("ben", None, [0, 0, 2], 2.0)


def test_nobody_has_a_pace_before_the_first_answer(project: OpenProject) -> None:
    assert paces(project) == []
