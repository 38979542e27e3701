"""How far an annotator, and the project, has come."""

from __future__ import annotations

from db.models import Answer
from db.project import OpenProject
from db.records.clips import mark_broken
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next, release_leases
from db.serving.progress import Progress, open_elsewhere, progress_of
from tests.filled_projects import add_clips, answer


def test_progress_counts_ones_own_answers_and_everybodys_clips(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 5)
    answer(any_project, clips[0])
    answer(any_project, clips[0], "sad")
    answer(any_project, clips[1], kind=Answer.SKIP)
    answer(any_project, clips[2], annotator="ben")
    with any_project.write() as session:
        mark_broken(session, clips[4], "it cannot be decoded")
        who = annotator_named(session, "ann").id
        assert progress_of(session, annotator_id=who) == Progress(saved=2, done=3, total=4)


def test_clips_open_elsewhere_are_those_that_somebody_holds_and_nobody_has_answered(any_project: OpenProject) -> None:
    add_clips(any_project, 6)

    def lease(annotator: str, limit: int, seconds: float = 60) -> list[int]:
        with any_project.write() as session:
            who = annotator_named(session, annotator).id
            leased = lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=seconds)
        return [clip.clip_id for clip in leased]

    def open_clips(*here: int) -> int:
        with any_project.read() as session:
            return open_elsewhere(session, here=here)

    assert open_clips() == 0
    anns, bens = lease("ann", 2), lease("ben", 2)
    lease("eve", 1, seconds=-1)
    assert open_clips(*anns) == 2
    assert open_clips() == 4
    answer(any_project, bens[0], annotator="eve")
    assert open_clips(*anns) == 1, "it has an answer, whoever still holds it"
    with any_project.write() as session:
        mark_broken(session, bens[1], "it cannot be decoded")
        release_leases(session, annotator_id=annotator_named(session, "ann").id)
    assert open_clips() == 0
