"""Vectors that are no numbers are found with the statistics of the pool, and set aside with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clips import mark_broken, ready_clips_without_features
from learner.dataset.damaged_vectors import sound_statistics
from learner.dataset.project_pool import pool_signature
from learner.features.base import Features
from learner.features.in_memory import FeaturesInMemory
from tests.learner.damaged_features import damage_vector
from tests.learner.synthetic_projects import embed_made_up, embedded_project, pool_of


def features_with(*damaged: tuple[int, float]) -> Features:
    """Ten clips, 101 to 110, with (row, value) pairs written over one of their values."""
    vectors = np.arange(40, dtype=np.float16).reshape(10, 4)
    for row, value in damaged:
        vectors[row, 1] = value
    return FeaturesInMemory(np.arange(101, 111), vectors)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_statistics_are_those_of_the_sound_vectors(value: float) -> None:
    everywhere = np.ones(10, dtype=np.bool_)
    mean, scale, damaged = sound_statistics(features_with((2, value), (7, -value)), everywhere)
    sound = np.delete(np.arange(40).reshape(10, 4), [2, 7], axis=0)
    np.testing.assert_allclose(mean, sound.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(scale, sound.std(axis=0), rtol=1e-6)
    assert damaged.tolist() == [103, 108]


def test_the_largest_values_that_are_numbers_are_not_damage() -> None:
    assert sound_statistics(features_with((2, 65504), (3, -65504)), np.ones(10, dtype=np.bool_))[2].tolist() == []


def test_a_damaged_clip_leaves_service_with_the_reason(any_project: OpenProject) -> None:
    clips = embedded_project(any_project, 20)
    damage_vector(any_project, clips[4])
    pool = pool_of(any_project)
    assert sorted(pool.features.clip_ids.tolist()) == [clip for clip in clips if clip != clips[4]]
    assert np.isfinite(pool.mean).all()
    with any_project.read() as session:
        clip = session.get_one(Clip, clips[4])
        assert (clip.state, clip.problem) == (
            ClipState.BROKEN,
            "Its features on the disk are damaged (not all values are numbers); import its file again, then run `earmark embed`.",
        )
        assert pool_signature(session) == pool.signature, "the next pass keeps this pool"


def test_its_remedy_works(project: OpenProject) -> None:
    clips = embedded_project(project, 20)
    damage_vector(project, clips[4])
    pool_of(project)
    with project.write() as session:
        # This is what importing the file again does.
        clip = session.get_one(Clip, clips[4])
        clip.state, clip.problem = ClipState.READY, None
    with project.read() as session:
        assert [audio.clip_id for audio in ready_clips_without_features(session, 1)] == [clips[4]]
    embed_made_up(project, [clips[4]])
    assert sorted(pool_of(project).features.clip_ids.tolist()) == clips


def test_a_clip_that_was_out_of_service_keeps_its_own_reason(project: OpenProject) -> None:
    clips = embedded_project(project, 20)
    with project.write() as session:
        mark_broken(session, clips[4], "cut short")
    damage_vector(project, clips[4], value=np.inf)
    assert clips[4] not in pool_of(project).features.clip_ids
    with project.read() as session:
        assert session.get_one(Clip, clips[4]).problem == "cut short"


def test_when_every_vector_is_damaged_there_is_no_pool(project: OpenProject) -> None:
    from learner.dataset.project_pool import read_pool

    clips = embedded_project(project, 3)
    for clip in clips:
        damage_vector(project, clip)
    with project.read() as session:
        signature = pool_signature(session)
    assert signature is not None
    assert read_pool(project, signature) is None
