"""How far an annotator, and the project, has come."""

from __future__ import annotations

from db.models import Answer
from db.project import OpenProject
from db.records.annotators import annotator_named
from db.records.clips import mark_broken
from db.serving.progress import Progress, progress_of
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
