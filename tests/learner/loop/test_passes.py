"""What one pass of the learner leaves in the database."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from db.decisions.taking import undo_decision
from db.errors import LearnerError
from db.models import Answer, Clip, ClipState, Source
from db.project import OpenProject, open_project
from db.records.features import use_feature_set
from learner.features.store import FeatureStore
from learner.heads.store import head_path, load_head
from learner.loop import scoring
from learner.loop.lock import learner_lock
from learner.loop.run import learn_once
from learner.query import round as training
from learner.query.ranked_queue import ranked_queue
from tests.filled_projects import LABELS, add_clips, answer
from tests.learner.loop.what_was_published import newest_run, queued, runs, state_of
from tests.learner.synthetic_projects import (
    DIM,
    MadeUpEncoder,
    embed_made_up,
    embedded_project,
    label_slice,
    label_truly,
    made_up_vectors,
    truth,
)


def test_without_features_there_is_nothing_to_learn_from(project: OpenProject) -> None:
    add_clips(project, 3)
    assert learn_once(project) is None
    assert state_of(project).detail == "no features yet: run earmark embed"
    assert runs(project) == 0


def test_without_labels_a_cold_start_is_queued(any_project: OpenProject) -> None:
    embedded_project(any_project, 30)
    assert learn_once(any_project) is not None
    run = newest_run(any_project)
    assert (run.decisions, run.labeled, run.last_decision_id, run.ua, run.slice_clips) == (0, 0, 0, None, 0)
    assert run.evaluated_at is not None
    assert run.report.missing_labels == ["angry", "happy", "sad"]
    entries = queued(any_project)
    assert len(entries) == 30
    assert {entry.source for entry in entries} == {Source.COLD_START}


@pytest.mark.parametrize("clips", [1, 2])
def test_very_few_clips_are_queued_too(project: OpenProject, clips: int) -> None:
    embedded_project(project, clips)
    assert learn_once(project) is not None
    assert len(queued(project)) == clips


def test_clips_that_are_all_the_same_are_queued_without_an_error(project: OpenProject) -> None:
    clips = add_clips(project, 30)
    FeatureStore(project, MadeUpEncoder()).append(clips, np.ones((30, DIM), dtype=np.float32))
    assert learn_once(project) is not None
    assert len(queued(project)) == 30


def test_a_label_fixed_because_the_classifier_contradicted_it_is_trained_on_and_not_tested_on(
    project: OpenProject,
) -> None:
    """Correcting only labels that the classifier contradicts would make it look better than it is."""
    clips = embedded_project(project, 60)
    label_truly(project, clips[20:])
    in_slice = label_slice(project, 20)
    learn_once(project)
    before = newest_run(project)
    for clip in in_slice[:10]:
        wrong = next(label for label in LABELS if label != truth(clip))
        answer(project, clip, wrong, annotator="reviewer", source=Source.REVIEW, gold=True, suggestion_shown=True)
    learn_once(project)
    after = newest_run(project)
    counts = (run.report.confusion.counts for run in (before, after))
    by_true_label = [[sum(row) for row in each] for each in counts]
    assert by_true_label[0] == by_true_label[1]
    assert after.slice_clips == before.slice_clips


def test_a_pass_publishes_a_head_a_queue_and_an_honest_score(any_project: OpenProject) -> None:
    clips = embedded_project(any_project, 90)
    label_truly(any_project, clips[:40])
    in_slice = label_slice(any_project, 10)
    run_id = learn_once(any_project)
    run = newest_run(any_project)
    assert run_id == run.id
    assert (run.decisions, run.labeled) == (50, 50)
    assert run.slice_clips >= 10
    assert 0 <= (run.ua_low or 0) <= (run.ua or 0) <= (run.ua_high or 0) <= 1
    assert (run.ua or 0) > 0.6
    assert load_head(head_path(any_project.heads_dir, run.id)).label_names == ["angry", "happy", "sad"]
    entries = queued(any_project)
    assert {entry.clip_id for entry in entries} == set(clips) - set(clips[:40]) - set(in_slice)
    assert {entry.source for entry in entries} == {Source.UNCERTAIN}
    assert all(entry.predicted_id for entry in entries)
    assert state_of(any_project).state == "stopped"


def test_unsure_skipped_and_broken_clips_are_not_queued(project: OpenProject) -> None:
    clips = embedded_project(project, 12)
    answer(project, clips[0], kind=Answer.UNSURE)
    answer(project, clips[1], kind=Answer.SKIP)
    with project.write() as session:
        session.get_one(Clip, clips[2]).state = ClipState.BROKEN
    learn_once(project)
    assert {entry.clip_id for entry in queued(project)} == set(clips[3:])
    run = newest_run(project)
    assert (run.decisions, run.labeled) == (2, 0)


def test_one_slice_clip_is_enough_for_a_number_with_a_wide_band(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:30])
    label_slice(project, 1)
    learn_once(project)
    run = newest_run(project)
    assert run.slice_clips >= 1
    assert run.ua is not None
    assert (run.ua_high or 0) - (run.ua_low or 0) > 0.3


def test_the_query_head_never_sees_labels_given_for_the_random_slice(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:10])
    label_truly(project, clips[10:20], source=Source.RANDOM)
    for clip in clips[20:25]:
        answer(project, clip, "sad", source=Source.SCRIPTED, queued_as=Source.RANDOM)
    seen: dict[str, Any] = {}

    def spy(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return ranked_queue(*arguments, **options)

    monkeypatch.setattr(training, "ranked_queue", spy)
    learn_once(project)
    assert seen["query"].clip_ids.tolist() == clips[:10]
    assert newest_run(project).labeled == 25


def test_a_pass_with_nothing_new_adds_no_run(project: OpenProject) -> None:
    clips = embedded_project(project, 20)
    label_truly(project, clips[:5])
    first = learn_once(project)
    assert learn_once(project) == first
    assert runs(project) == 1
    label_truly(project, clips[5:6])
    assert learn_once(project) != first
    assert runs(project) == 2


def test_a_missing_evaluation_is_done_in_the_next_pass(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded_project(project, 20)
    label_slice(project, 5)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(scoring.Scorer, "score", killed)
        with pytest.raises(KeyboardInterrupt):
            learn_once(project)
    assert newest_run(project).evaluated_at is None
    assert len(queued(project)) == 15, "the queue was published before"
    learn_once(project)
    assert runs(project) == 1
    assert newest_run(project).ua is not None


@pytest.mark.parametrize("change", ["clips", "undo", "lost head", "feature set"])
def test_a_change_in_what_a_run_depends_on_makes_a_new_run(project: OpenProject, change: str) -> None:
    clips = embedded_project(project, 20)
    label_truly(project, clips[:6])
    learn_once(project)
    if change == "clips":
        embed_made_up(project, sorted(set(add_clips(project, 25)) - set(clips)))
    elif change == "undo":
        with project.write() as session:
            undo_decision(session, uuid="00000000-0000-4000-8000-000000000001", annotator_id=1)
    elif change == "lost head":
        head_path(project.heads_dir, newest_run(project).id).unlink()
    else:
        store = FeatureStore(project, MadeUpEncoder("2"))
        store.append(clips, made_up_vectors(clips))
        with project.write() as session:
            use_feature_set(session, store.feature_set_id)
    learn_once(project)
    assert runs(project) == 2
    assert newest_run(project).decisions == (5 if change == "undo" else 6)
    assert len(queued(project)) == {"clips": 19, "undo": 15}.get(change, 14)


def test_a_second_learner_is_refused_with_the_number_of_the_first(project: OpenProject) -> None:
    with learner_lock(project), pytest.raises(LearnerError, match=rf"already \(process {os.getpid()}\)"):
        learn_once(project)
    learn_once(project)


def test_a_failing_strategy_is_reported_and_the_old_queue_stays(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 40)
    label_truly(project, clips[:25])
    learn_once(project)
    before = [entry.clip_id for entry in queued(project)]
    monkeypatch.setenv("EARMARK_STRATEGY", "tests.learner.query.test_strategies:failing")
    again = open_project(project.directory)
    with pytest.raises(LearnerError, match="test_strategies:failing' failed"):
        learn_once(again)
    again.close()
    assert "failed" in (state_of(project).error or "")
    assert [entry.clip_id for entry in queued(project)] == before
    assert not list(project.heads_dir.glob(".*.part"))


def test_answers_of_clips_without_features_alone_are_learned_once(project: OpenProject) -> None:
    embedded_project(project, 6)
    late = add_clips(project, 7)[-1]
    answer(project, late, "angry")
    learn_once(project)
    learn_once(project)
    assert runs(project) == 1
