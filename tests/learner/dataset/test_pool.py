"""The pool, as one pass needs it."""

from __future__ import annotations

from db.decisions.log import live_decisions
from db.project import OpenProject
from db.records.clips import mark_broken
from tests.filled_projects import answer
from tests.learner.synthetic_projects import embedded_project, pool_of


def test_unanswered_are_clips_in_service_without_any_answer(project: OpenProject) -> None:
    clips = embedded_project(project, 8)
    answer(project, clips[0], "angry")
    with project.write() as session:
        mark_broken(session, clips[7], "cut short")
    pool = pool_of(project)
    with project.read() as session:
        rows = pool.unanswered(live_decisions(session))
    assert sorted(pool.features.clip_ids[rows].tolist()) == clips[1:7]
    assert sorted(pool.features.clip_ids[pool.unanswered([])].tolist()) == clips[:7]
