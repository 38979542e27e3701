"""Reading features: the vectors of a feature set through memory maps. The app process loads this, so it imports no encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.errors import FeatureError
from db.models import FeatureSet
from db.project import OpenProject
from db.records.features import newest_feature_set, row_map
from learner.array_files import mapped_array
from learner.arrays import Float16Array, Float32Array, Int64Array
from learner.features.base import Features
from learner.features.precision import DTYPE


class FeatureMatrix(Features):
    """The reading side of a feature set: vectors of the clips that it holds now, read through memory maps of its shards."""

    def __init__(
        self,
        folder: Path,
        *,
        feature_set_id: int,
        dim: int,
        settings: dict[str, Any],
        rows: tuple[Int64Array, NDArray[np.int32], NDArray[np.int32]],
    ) -> None:
        """Takes clip ids in the order of the disk, with the shard of each and its row there."""
        clip_ids, self._shards, self._rows = rows
        super().__init__(clip_ids, dim=dim, feature_set_id=feature_set_id)
        self.settings = settings
        """Of the encoder; `learner.encoders.registry.encoder_of` takes them."""
        self._folder = folder
        self._maps: dict[int, Float16Array] = {}

    def _vectors_at(self, positions: Int64Array) -> Float32Array:
        out = np.empty((len(positions), self.dim), dtype=np.float32)
        shards, rows = self._shards[positions], self._rows[positions]
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            wanted = rows[here]
            stored = self._map(int(shard), least=int(wanted.max()) + 1)
            in_a_row = len(wanted) == wanted[-1] - wanted[0] + 1 and bool((np.diff(wanted) == 1).all())
            out[here] = stored[wanted[0] : wanted[-1] + 1] if in_a_row else stored[wanted]
        return out

    def _map(self, shard: int, *, least: int) -> Float16Array:
        if shard not in self._maps:
            self._maps[shard] = open_shard(shard_path(self._folder, shard), dim=self.dim)
        if len(self._maps[shard]) < least:
            raise FeatureError(f"{shard_path(self._folder, shard)} has lost rows; delete it and run `earmark embed`.")
        return self._maps[shard]


def open_features(project: OpenProject) -> FeatureMatrix | None:
    """The newest feature set as it is now, or None before the first `embed`; clips embedded later need another call."""
    with project.read() as session:
        newest = newest_feature_set(session)
        return None if newest is None else _matrix(project, session, newest)


def open_feature_set(project: OpenProject, feature_set_id: int) -> FeatureMatrix:
    """The same for the set with this id, in use or not."""
    with project.read() as session:
        return _matrix(project, session, session.get_one(FeatureSet, feature_set_id))


def _matrix(project: OpenProject, session: Session, stored: FeatureSet) -> FeatureMatrix:
    return FeatureMatrix(
        project.features_dir / stored.fingerprint,
        feature_set_id=stored.id,
        dim=stored.dim,
        settings=dict(stored.settings),
        rows=row_map(session, stored.id),
    )


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard of a feature set lies."""
    return folder / f"shard-{shard:05d}.npy"


def open_shard(path: Path, *, dim: int) -> Float16Array:
    """A read-only memory map [rows, dim] of a shard.

    Raises:
        FeatureError: it is missing or damaged.
    """
    try:
        stored: Float16Array = mapped_array(path)
    except (OSError, ValueError) as error:
        raise FeatureError(f"{path} is missing or damaged; delete it and run `earmark embed`.") from error
    if stored.ndim != 2 or stored.shape[1] != dim or stored.dtype != np.dtype(DTYPE):
        raise FeatureError(f"{path} holds other features than its manifest says; delete it and run `earmark embed`.")
    return stored
