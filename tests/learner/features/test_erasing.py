"""The vectors of withdrawn clips are overwritten on the disk, in every feature set, and no other vector changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from db.changes.withdrawing import withdraw_clips
from db.errors import FeatureError
from db.project import OpenProject
from learner.features.erasing import erase_withdrawn
from learner.features.matrix import open_features, shard_path
from learner.features.store import FeatureStore
from tests.filled_projects import add_clips
from tests.learner.features.test_store import DIM, Stub, known_rows, vectors


def withdraw(project: OpenProject, *clips: int) -> None:
    with project.write() as session:
        withdraw_clips(session, clips, reason=None)


def shard(store: FeatureStore, number: int) -> NDArray[np.float16]:
    found: NDArray[np.float16] = np.load(shard_path(store.folder, number))
    return found


def test_vectors_are_overwritten_in_every_set_and_others_stay(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 25)
    first, second = (FeatureStore(any_project, Stub(revision), shard_rows=10) for revision in ("1", "2"))
    for store in (first, second):
        store.append(clips, vectors(25) + 1)
    withdraw(any_project, clips[3], clips[24])
    assert erase_withdrawn(any_project) == 4
    for store in (first, second):
        assert not shard(store, 0)[3].any()
        assert not shard(store, 2).any() or not shard(store, 2)[4].any()
        np.testing.assert_array_equal(shard(store, 0)[[2, 4]], vectors(25)[[2, 4]] + 1)
    features = open_features(any_project)
    assert features is not None
    np.testing.assert_array_equal(features.clip_ids, [clip for clip in clips if clip not in (clips[3], clips[24])])
    assert erase_withdrawn(any_project) == 0, "there is nothing left to do"


def test_a_row_that_is_free_again_gets_the_next_clip(project: OpenProject) -> None:
    clips = add_clips(project, 3)
    store = FeatureStore(project, Stub(), shard_rows=10)
    store.append(clips[:2], vectors(2) + 1)
    withdraw(project, clips[1])
    erase_withdrawn(project)
    store.append(clips[2:], vectors(1, first=7))
    features = open_features(project)
    assert features is not None
    np.testing.assert_array_equal(features.rows([clips[0], clips[2]]), np.concatenate([vectors(1) + 1, vectors(1, first=7)]))


def test_a_clip_that_is_withdrawn_while_it_is_encoded_leaves_no_vector(project: OpenProject) -> None:
    clips = add_clips(project, 2)
    store = FeatureStore(project, Stub(), shard_rows=10)
    withdraw(project, clips[0])
    store.append(clips, vectors(2) + 1)
    assert known_rows(project) == 1
    assert not shard(store, 0)[0].any()
    np.testing.assert_array_equal(shard(store, 0)[1], vectors(2)[1] + 1)


def test_a_shard_that_cannot_be_written_is_named_and_finished_later(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = add_clips(project, 2)
    store = FeatureStore(project, Stub(), shard_rows=10)
    store.append(clips, vectors(2) + 1)
    withdraw(project, clips[0])

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("learner.features.erasing.os.fsync", no_room)
    with pytest.raises(FeatureError, match=r"shard-00000.npy cannot be written .*earmark withdraw --finish"):
        erase_withdrawn(project)
    assert known_rows(project) == 2
    monkeypatch.undo()
    assert erase_withdrawn(project) == 1
    assert shard(store, 0).shape == (10, DIM)


def test_a_shard_that_is_gone_needs_no_erasing(project: OpenProject) -> None:
    clips = add_clips(project, 2)
    store = FeatureStore(project, Stub(), shard_rows=10)
    store.append(clips, vectors(2))
    withdraw(project, clips[0])
    shard_path(store.folder, 0).unlink()
    assert erase_withdrawn(project) == 1
