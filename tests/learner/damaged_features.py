"""Features as a damaged disk leaves them."""

from __future__ import annotations

import numpy as np

from db.models import FeatureSet
from db.project import OpenProject
from learner.features.matrix import open_feature_set, shard_path


def damage_vector(project: OpenProject, clip_id: int, *, feature_set_id: int = 1, value: float = np.nan) -> None:
    """Write a value that is no number into the vector of a clip, on the disk."""
    with project.read() as session:
        fingerprint = session.get_one(FeatureSet, feature_set_id).fingerprint
    row = int(open_feature_set(project, feature_set_id).positions([clip_id])[0])
    vectors = np.load(shard_path(project.features_dir / fingerprint, 0), mmap_mode="r+")
    vectors[row, 3] = value
    vectors.flush()
