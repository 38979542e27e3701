"""A clip's label from all answers: a reviewer's first, then the majority."""

from __future__ import annotations

import pytest

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.models import Answer, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from tests.filled_projects import add_clips, answer


def consensus(project: OpenProject) -> dict[int, int]:
    with project.read() as session:
        return consensus_labels(live_decisions(session))


def label_id(project: OpenProject, name: str) -> int:
    with project.read() as session:
        return label_by_name(session, name).id


@pytest.mark.parametrize(
    ("labels", "agreed"),
    [(["angry", "sad", "sad"], "sad"), (["sad", "sad", "angry"], "sad"), (["angry", "sad"], "sad"), (["sad", "angry"], "angry")],
)
def test_consensus_is_the_majority_and_in_a_tie_the_newest(project: OpenProject, labels: list[str], agreed: str) -> None:
    clip = add_clips(project, 1)[0]
    for number, label in enumerate(labels):
        answer(project, clip, label, annotator=f"annotator {number}")
    assert consensus(project) == {clip: label_id(project, agreed)}


def test_gold_outweighs_every_vote(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    answer(project, clip, "happy", annotator="reviewer", gold=True, source=Source.REVIEW)
    for name in ("a", "b", "c"):
        answer(project, clip, "sad", annotator=name)
    assert consensus(project) == {clip: label_id(project, "happy")}


@pytest.mark.parametrize("kind", [Answer.UNSURE, Answer.SKIP])
def test_unsure_and_skipped_clips_have_no_label(project: OpenProject, kind: Answer) -> None:
    answer(project, add_clips(project, 1)[0], kind=kind)
    assert consensus(project) == {}
