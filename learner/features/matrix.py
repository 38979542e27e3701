"""Reading features: the vectors of a feature set through memory maps. The app process loads this, so it imports no encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.errors import FeatureError
from db.models import FeatureSet
from db.project import OpenProject
from db.records.features import newest_feature_set, row_map
from learner.arrays import BoolArray, Float16Array, Float32Array, Int64Array
from learner.features.precision import DTYPE


class FeatureMatrix:
    """Vectors of the clips that a feature set holds now."""

    def __init__(
        self,
        folder: Path,
        *,
        feature_set_id: int,
        dim: int,
        settings: dict[str, Any],
        rows: tuple[Int64Array, NDArray[np.int32], NDArray[np.int32]],
    ) -> None:
        self.feature_set_id = feature_set_id
        self.dim = dim
        self.settings = settings
        """Of the encoder; `learner.encoders.registry.encoder_of` takes them."""
        self.clip_ids, self._shards, self._rows = rows
        """Clip ids in the order of the disk, which `chunks` follows."""
        self._order = np.argsort(self.clip_ids, kind="stable")
        self._folder = folder
        self._maps: dict[int, Float16Array] = {}

    def __len__(self) -> int:
        return len(self.clip_ids)

    def chunks(self, size: int = 4096) -> Iterator[Float32Array]:
        """All vectors in the order of `clip_ids`, in float32 arrays [at most `size`, dim]: products over float16 are slow."""
        for start in range(0, len(self), size):
            yield self._gather(np.arange(start, min(start + size, len(self))))

    def rows(self, clip_ids: Sequence[int] | Int64Array) -> Float32Array:
        """Vectors [n, dim] of these clips, in this order.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        return self._gather(self.positions(clip_ids))

    def positions(self, clip_ids: Sequence[int] | Int64Array) -> Int64Array:
        """Where these clips stand in `clip_ids`.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        wanted = np.asarray(clip_ids, dtype=np.int64)
        found = self.has(wanted)
        if not found.all():
            raise FeatureError(f"Clip {wanted[~found][0]} has no features yet; run `earmark embed`.")
        return self._order[np.searchsorted(self.clip_ids, wanted, sorter=self._order)].astype(np.int64, copy=False)

    def has(self, clip_ids: Sequence[int] | Int64Array) -> BoolArray:
        """Which of these clips have features."""
        return np.isin(np.asarray(clip_ids, dtype=np.int64), self.clip_ids)

    def _gather(self, positions: Int64Array) -> Float32Array:
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
        stored: Float16Array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FeatureError(f"{path} is missing or damaged; delete it and run `earmark embed`.") from error
    if stored.ndim != 2 or stored.shape[1] != dim or stored.dtype != np.dtype(DTYPE):
        raise FeatureError(f"{path} holds other features than its manifest says; delete it and run `earmark embed`.")
    return stored
