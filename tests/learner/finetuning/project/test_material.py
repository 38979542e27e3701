"""Which clips a fold learns from, is scored on, and reads besides; nothing is trained."""

from __future__ import annotations

import numpy as np

from db.project import OpenProject
from learner.dataset.speaker_norm import LEAST_CLIPS
from learner.evaluation.accuracy import UNTRAINED
from learner.finetuning.project.decisions import labelled_by_decisions
from learner.finetuning.project.material import material_of, without_training
from learner.finetuning.project.unlabelled import clips_beside
from tests.learner.synthetic_projects import embedded_project, label_slice, label_truly


def test_a_fold_is_held_out_whole_and_learns_from_the_labels_of_all_others(project: OpenProject) -> None:
    clips = embedded_project(project, 60, speakers=6)
    tested = label_slice(project, 12)
    label_truly(project, [clip for clip in clips if clip not in tested][-10:])
    decisions = labelled_by_decisions(project)
    ids = np.array(sorted(decisions.clips), dtype=np.int64)
    found = material_of(decisions, [decisions.clips[clip] for clip in ids.tolist()], ids)
    speakers = np.array([clip.speaker for clip in found.clips])
    for fold in found.folds:
        assert set(speakers[fold.test]) == set(fold.held_out)
        assert set(speakers[found.labelled(fold)]).isdisjoint(fold.held_out)
        assert sorted([*fold.test, *found.labelled(fold)]) == list(range(len(ids)))
    assert ids[found.tested_rows].tolist() == decisions.tested.clip_ids


def test_a_clip_whose_audio_cannot_be_read_counts_for_neither_side(project: OpenProject) -> None:
    embedded_project(project, 40)
    tested = label_slice(project, 20)
    decisions = labelled_by_decisions(project)
    ids = np.array([clip for clip in sorted(decisions.clips) if clip != tested[3]], dtype=np.int64)
    found = material_of(decisions, [decisions.clips[clip] for clip in ids.tolist()], ids)
    assert found.decisions.tested.clip_ids == [clip for clip in tested if clip != tested[3]]
    assert found.decisions.tested.y.tolist() == [y for place, y in enumerate(decisions.tested.y.tolist()) if place != 3]
    assert set(found.decisions.labels) == set(tested) - {tested[3]}
    whole = material_of(decisions, list(decisions.clips.values()), np.array(sorted(decisions.clips), dtype=np.int64))
    assert whole.fingerprint() != found.fingerprint()


def test_each_speaker_has_enough_clips_to_be_normalised_by(project: OpenProject) -> None:
    embedded_project(project, 120, speakers=5)
    label_slice(project, 10)
    decisions = labelled_by_decisions(project)
    beside = clips_beside(decisions.pool, decisions.clips, decisions.labels.set_aside)
    speakers = [decisions.pool.speakers[clip] for clip in [*beside, *decisions.clips]]
    assert {speakers.count(speaker) for speaker in set(speakers)} == {2 * LEAST_CLIPS}
    assert set(beside).isdisjoint(decisions.clips)


def test_a_fold_with_labels_of_one_class_is_not_trained(project: OpenProject) -> None:
    embedded_project(project, 20)
    label_slice(project, 10)
    decisions = labelled_by_decisions(project)
    ids = np.array(sorted(decisions.clips), dtype=np.int64)
    fold = material_of(decisions, [decisions.clips[clip] for clip in ids.tolist()], ids).folds[0]
    assert set(without_training(np.array([2, 2]), fold).predicted) == {2}
    assert set(without_training(np.zeros(0, dtype=np.int64), fold).predicted) == {UNTRAINED}
