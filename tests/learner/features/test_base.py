"""What every implementation of features has to do, whatever the vectors lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.errors import FeatureError
from learner.features.base import Features
from learner.features.in_memory import FeaturesInMemory
from learner.features.matrix import FeatureMatrix, shard_path

CLIP_IDS = np.array([7, 2, 9, 4, 3], dtype=np.int64)
VECTORS = np.array([[clip, clip / 10, -clip] for clip in CLIP_IDS], dtype=np.float16)
SHARD_ROWS = 2


@pytest.fixture(params=["on disk", "in memory"])
def features(request: pytest.FixtureRequest, tmp_path: Path) -> Features:
    """Five clips with three values each."""
    if request.param == "in memory":
        return FeaturesInMemory(CLIP_IDS, VECTORS)
    for shard, start in enumerate(range(0, len(VECTORS), SHARD_ROWS)):
        np.save(shard_path(tmp_path, shard), VECTORS[start : start + SHARD_ROWS])
    places = np.arange(len(CLIP_IDS), dtype=np.int32)
    rows = (CLIP_IDS, places // SHARD_ROWS, places % SHARD_ROWS)
    return FeatureMatrix(tmp_path, feature_set_id=1, dim=3, settings={}, rows=rows)


def test_it_knows_its_clips_and_the_size_of_a_vector(features: Features) -> None:
    assert len(features) == 5
    assert features.dim == 3
    np.testing.assert_array_equal(features.clip_ids, CLIP_IDS)
    np.testing.assert_array_equal(features.has([9, 1, 2]), [True, False, True])


def test_rows_come_in_the_order_asked_for(features: Features) -> None:
    found = features.rows([3, 7, 3])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, VECTORS[[4, 0, 4]].astype(np.float32))
    np.testing.assert_array_equal(features.positions([3, 7, 3]), [4, 0, 4])
    assert features.rows([]).shape == (0, 3)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_chunks_are_all_vectors_in_the_order_of_the_clip_ids(features: Features, size: int) -> None:
    chunks = list(features.chunks(size))
    assert max(map(len, chunks)) <= size
    np.testing.assert_array_equal(np.concatenate(chunks), VECTORS.astype(np.float32))


def test_a_chunk_is_a_copy_that_may_be_changed(features: Features) -> None:
    for chunk in features.chunks():
        chunk += 1
    np.testing.assert_array_equal(features.rows(CLIP_IDS), VECTORS.astype(np.float32))


def test_a_clip_without_features_is_named(features: Features) -> None:
    with pytest.raises(FeatureError, match="Clip 8 has no features yet; run `earmark embed`"):
        features.rows([7, 8])
