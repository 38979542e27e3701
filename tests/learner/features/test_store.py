"""The feature store: what is stored comes back, and a crash at any moment leaves nothing half-written."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select

from db.errors import FeatureError
from db.models import FeatureRow
from db.project import OpenProject, open_project
from db.records.features import use_feature_set
from db.store.files import Part
from learner.features import store as feature_store
from learner.features.matrix import FeatureMatrix, open_features, shard_path
from learner.features.store import FeatureStore, embed_lock, fingerprint_of
from tests.filled_projects import add_clips

DIM = 3


class Stub:
    """An encoder that only has settings."""

    name, sampling_rate, dim = "stub", 16_000, DIM
    remark: str | None = None

    def __init__(self, revision: str = "1", name: str = "stub") -> None:
        self.revision, self.name = revision, name

    @property
    def settings(self) -> dict[str, Any]:
        return {"encoder": self.name, "revision": self.revision, "layers": "mean", "pooling": "mean"}

    def encode(self, waveforms: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        raise NotImplementedError

    def encode_stream(self, blocks: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        raise NotImplementedError


def vectors(count: int, *, first: int = 0) -> NDArray[np.float32]:
    """Rows [n, 3] whose values identify them, exact in float16."""
    return np.arange(first * DIM, (first + count) * DIM, dtype=np.float32).reshape(count, DIM)


def known_rows(project: OpenProject) -> int:
    with project.read() as session:
        return session.scalar(select(func.count()).select_from(FeatureRow)) or 0


def test_what_is_appended_comes_back_across_shards(project: OpenProject) -> None:
    clips = add_clips(project, 25)
    store = FeatureStore(project, Stub(), shard_rows=10)
    for start, stop in ((0, 4), (4, 21), (21, 25)):
        store.append(clips[start:stop], vectors(stop - start, first=start))

    features = open_features(project)

    assert features is not None
    assert (len(features), features.dim, features.settings["revision"]) == (25, DIM, "1")
    assert len(list(store.folder.glob("shard-*.npy"))) == 3
    np.testing.assert_array_equal(features.rows(clips), vectors(25))
    np.testing.assert_array_equal(features.rows([clips[24], clips[0], clips[11], clips[0]]), vectors(25)[[24, 0, 11, 0]])
    chunks = list(features.chunks(7))
    assert [len(chunk) for chunk in chunks] == [7, 7, 7, 4]
    assert {chunk.dtype for chunk in chunks} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate(chunks), features.rows(features.clip_ids))


def test_small_flushes_share_a_shard_that_any_numpy_can_read(project: OpenProject) -> None:
    clips = add_clips(project, 30)
    for number, clip in enumerate(clips):
        FeatureStore(project, Stub()).append([clip], vectors(1, first=number))

    store = FeatureStore(project, Stub())
    shards = sorted(store.folder.iterdir())
    assert [path.name for path in shards] == ["manifest.json", "shard-00000.npy"]
    np.testing.assert_array_equal(np.load(shards[1])[:30], vectors(30))


def test_a_project_without_features_has_no_matrix(project: OpenProject) -> None:
    assert open_features(project) is None


def test_a_clip_without_features_is_named(project: OpenProject) -> None:
    clips = add_clips(project, 2)
    FeatureStore(project, Stub()).append(clips[:1], vectors(1))
    features = open_features(project)
    assert features is not None
    assert features.has(clips).tolist() == [True, False]
    with pytest.raises(FeatureError, match=f"Clip {clips[1]} has no features"):
        features.rows(clips)


def test_other_settings_are_another_feature_set(project: OpenProject) -> None:
    clips = add_clips(project, 2)
    old, new = FeatureStore(project, Stub("1")), FeatureStore(project, Stub("2"))
    old.append(clips, vectors(2))
    new.append(clips[:1], vectors(1, first=9))

    assert old.folder != new.folder
    assert json.loads((new.folder / "manifest.json").read_text())["revision"] == "2"
    features = open_features(project)
    assert features is not None
    assert features.clip_ids.tolist() == clips, "the old set stays in use while the new one is filled"
    with project.write() as session:
        use_feature_set(session, new.feature_set_id)
    features = open_features(project)
    assert features is not None
    assert features.clip_ids.tolist() == clips[:1]
    assert fingerprint_of(Stub(name="moved elsewhere")) == fingerprint_of(Stub())


def test_values_too_large_for_float16_stay_finite(project: OpenProject) -> None:
    clips = add_clips(project, 1)
    FeatureStore(project, Stub()).append(clips, np.array([[1e6, -1e6, 1.0]], np.float32))
    features = open_features(project)
    assert features is not None
    np.testing.assert_array_equal(features.rows(clips), [[65504, -65504, 1]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_vectors_that_are_not_finite_are_refused_and_nothing_is_stored(project: OpenProject, value: float) -> None:
    clips = add_clips(project, 3)
    some = vectors(3)
    some[1, 2] = value
    with pytest.raises(FeatureError, match=f"vector of clip {clips[1]} holds NaN or infinity"):
        FeatureStore(project, Stub()).append(clips, some)
    assert known_rows(project) == 0


class PowerCutError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("moment", ["_make_shard", "_write_at", "add_rows"])
def test_a_crash_at_any_step_leaves_only_what_the_next_append_overwrites(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    clips = add_clips(project, 6)
    store = FeatureStore(project, Stub(), shard_rows=4)
    store.append(clips[:3], vectors(3))

    def crash(*arguments: Any, **_options: Any) -> None:
        if isinstance(arguments[0], Path):
            Part(arguments[0].parent).path.write_bytes(b"half a header")
        elif moment == "_write_at":
            arguments[0].seek(arguments[1])
            arguments[0].write(b"half a row"[:DIM])
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(feature_store, moment, crash)
        with pytest.raises(PowerCutError):
            store.append(clips[3:], vectors(3, first=3))
    assert known_rows(project) == 3
    features = open_features(project)
    assert features is not None
    np.testing.assert_array_equal(features.rows(clips[:3]), vectors(3))

    again = FeatureStore(project, Stub(), shard_rows=4)
    assert not list(again.folder.glob("*.part"))
    again.append(clips[3:], vectors(3, first=3))
    features = open_features(project)
    assert features is not None
    np.testing.assert_array_equal(features.rows(clips), vectors(6))


def test_a_deleted_shard_is_made_anew(project: OpenProject) -> None:
    clips = add_clips(project, 6)
    store = FeatureStore(project, Stub(), shard_rows=4)
    store.append(clips, vectors(6))
    shard_path(store.folder, 0).unlink()
    features = open_features(project)
    assert features is not None
    with pytest.raises(FeatureError, match=r"shard-00000\.npy is missing or damaged"):
        features.rows(clips)

    FeatureStore(project, Stub(), shard_rows=4).append(clips[:4], vectors(4))
    features = open_features(project)
    assert features is not None
    np.testing.assert_array_equal(features.rows(clips), vectors(6))


@pytest.mark.parametrize("content", [b"", b"no numpy file", b"\x93NUMPY\x01\x00"])
def test_a_damaged_shard_is_refused_by_name(project: OpenProject, content: bytes) -> None:
    clips = add_clips(project, 2)
    store = FeatureStore(project, Stub())
    store.append(clips, vectors(2))
    shard_path(store.folder, 0).write_bytes(content)
    features = open_features(project)
    assert features is not None
    with pytest.raises(FeatureError, match="shard-00000.npy"):
        features.rows(clips)


def test_a_full_disk_says_so(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = add_clips(project, 1)
    store = FeatureStore(project, Stub())

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(feature_store, "_write_at", full)
    with pytest.raises(FeatureError, match="No space left on device.*free space"):
        store.append(clips, vectors(1))
    assert known_rows(project) == 0


def hold_lock(directory: Path, ready: Any, done: Any) -> None:
    with embed_lock(open_project(directory)):
        ready.set()
        done.wait(30)


def test_one_embed_at_a_time(project: OpenProject) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=hold_lock, args=(project.directory, ready, done))
    other.start()
    assert ready.wait(30)
    with pytest.raises(FeatureError, match="Another process is embedding"), embed_lock(project):
        pass
    other.kill()
    other.join()
    with embed_lock(project):
        pass


def test_a_million_rows_are_gathered_at_once(tmp_path: Path) -> None:
    count, size = 1_000_000, 8192
    for shard in range(0, -(-count // size), 61):
        np.save(shard_path(tmp_path, shard), np.full((size, 2), shard, np.float16))
    here = np.concatenate([np.arange(shard * size, min((shard + 1) * size, count)) for shard in range(0, -(-count // size), 61)])
    clip_ids = np.arange(count)[::-1].copy()
    places = np.arange(count)
    rows = ((clip_ids), (places // size).astype(np.int32), (places % size).astype(np.int32))
    features = FeatureMatrix(tmp_path, feature_set_id=1, dim=2, settings={}, rows=rows)

    wanted = np.random.default_rng(0).permutation(here)
    found = features.rows(clip_ids[wanted])

    np.testing.assert_array_equal(found[:, 0], wanted // size)
