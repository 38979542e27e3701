"""Scores of gold checks, and Wilson's interval."""

from __future__ import annotations

import pytest

from db.models import Answer, Source
from db.project import OpenProject
from db.quality.gold_checks import gold_clips, gold_scores
from db.quality.shares import apart, share_of
from tests.filled_projects import add_clips, answer


def test_each_annotator_is_scored_by_label_on_the_checks_alone(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 5)
    for clip, label in zip(clips[:4], ("angry", "angry", "sad", "sad"), strict=True):
        answer(any_project, clip, label, annotator="lead", source=Source.REVIEW, gold=True)
    for clip, label in zip(clips[:3], ("angry", "sad", "sad"), strict=True):
        answer(any_project, clip, label, annotator="ann", source=Source.GOLD_CHECK)
    answer(any_project, clips[3], None, annotator="ann", kind=Answer.UNSURE, source=Source.GOLD_CHECK)
    answer(any_project, clips[0], "sad", annotator="ben", source=Source.OVERLAP)
    answer(any_project, clips[4], "sad", annotator="ben", source=Source.GOLD_CHECK)
    with any_project.read() as session:
        (score,) = gold_scores(session)
        assert gold_clips(session) == 4
    assert (score.annotator, score.right.hits, score.right.of, score.undecided) == ("ann", 2, 3, 1)
    assert {label: (share.hits, share.of) for label, share in score.by_label.items()} == {"angry": (1, 2), "sad": (1, 1)}


def test_a_score_follows_the_gold_label_of_today(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "angry", annotator="lead", source=Source.REVIEW, gold=True)
    answer(any_project, clip, "sad", annotator="ann", source=Source.GOLD_CHECK)
    with any_project.read() as session:
        assert gold_scores(session)[0].right.value == 0.0
    answer(any_project, clip, "sad", annotator="lead", source=Source.REVIEW, gold=True)
    with any_project.read() as session:
        assert gold_scores(session)[0].right.value == 1.0
    answer(any_project, clip, None, kind=Answer.SKIP, annotator="lead", source=Source.REVIEW, gold=True)
    with any_project.read() as session:
        assert gold_scores(session) == []


def test_wilsons_interval() -> None:
    half = share_of(50, 100)
    assert [half.low, half.high] == pytest.approx([0.4038, 0.5962], abs=1e-3)
    assert [share_of(10, 10).low, share_of(10, 10).high] == pytest.approx([0.7225, 1.0], abs=1e-3)
    assert (share_of(0, 0).value, share_of(0, 0).low, share_of(0, 0).high) == (None, 0.0, 1.0)
    assert apart(share_of(10, 100), share_of(60, 100))
    assert not apart(share_of(10, 20), share_of(12, 20))
