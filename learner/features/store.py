"""Features on disk: one folder a feature set, sharded `.npy` files and a manifest; the row map is in the database.

What makes a crash at any moment harmless: a shard is made whole under another name, synced and renamed; vectors are written into
its free rows and synced; only then does one short transaction add them to the row map. Rows that the map doesn't know count for
nothing, and the next `embed` writes over them. A feature set holds vectors of one fingerprint only.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.errors import FeatureError
from db.models import FeatureRow, FeatureSet
from db.project import OpenProject
from db.records.features import add_rows, ensure_feature_set, newest_feature_set, row_map, rows_in_shard
from db.store.engine import Turn

if TYPE_CHECKING:
    # The app process reads features, and must not load what encoders need.
    from learner.encoders import Encoder

SHARD_ROWS = 8192
DTYPE = "float16"
_LARGEST = float(np.finfo(np.float16).max)


def fingerprint_of(encoder: Encoder) -> str:
    """SHA-256 over everything the vectors depend on. The encoder's name is left out: its revision says which weights it holds."""
    kept = {key: value for key, value in encoder.settings.items() if key not in {"encoder", "origin"}}
    return hashlib.sha256(json.dumps({**kept, "dim": encoder.dim, "dtype": DTYPE}, sort_keys=True).encode()).hexdigest()


@contextmanager
def embed_lock(project: OpenProject) -> Iterator[None]:
    """Hold the project's embedding lock; the system lets go of it when the process dies.

    Raises:
        FeatureError: another process embeds this project.
    """
    with open(project.features_dir / "embed.lock", "w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FeatureError(
                f"Another process is embedding the clips of {project.directory}; wait until it is done or stop it."
            ) from error
        yield


class FeatureStore:
    """The writing side of one feature set; hold `embed_lock` while there is one."""

    def __init__(self, project: OpenProject, encoder: Encoder, *, shard_rows: int = SHARD_ROWS) -> None:
        self._project = project
        self.fingerprint = fingerprint_of(encoder)
        self.dim = encoder.dim
        self.folder = project.features_dir / self.fingerprint
        self._shard_rows = shard_rows
        manifest = {**encoder.settings, "fingerprint": self.fingerprint, "dim": self.dim, "dtype": DTYPE}
        try:
            self.folder.mkdir(exist_ok=True)
            for orphan in self.folder.glob("*.part"):
                orphan.unlink()
            if not (self.folder / "manifest.json").exists():
                _write_whole(self.folder / "manifest.json", json.dumps(manifest, indent=2).encode() + b"\n")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        with project.write() as session:
            self.feature_set_id = ensure_feature_set(
                session, fingerprint=self.fingerprint, encoder=encoder.name, dim=self.dim, settings=encoder.settings
            )
        self._forget_lost_shards()

    def append(self, clip_ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Make vectors [n, dim] durable and add them to the row map; when this returns, they survive anything.

        Raises:
            FeatureError: the disk is full or the folder cannot be written to.
        """
        added: list[tuple[int, int, int]] = []
        with self._project.read() as session:
            filled = rows_in_shard(session, self.feature_set_id)
        # Values beyond float16 would become infinite; nothing distinguishes vectors out there anyway.
        stored = np.clip(vectors, -_LARGEST, _LARGEST).astype(DTYPE)
        start = 0
        while start < len(stored):
            shard = max(filled, default=0)
            free, row = self._free_rows(shard, filled)
            if free <= 0:
                filled[shard + 1] = 0
                continue
            part = stored[start : start + free]
            self._write(shard, row, part)
            added.extend((clip_id, shard, row + index) for index, clip_id in enumerate(clip_ids[start : start + len(part)]))
            filled[shard] = row + len(part)
            start += len(part)
        with self._project.write(Turn.LEARNING) as session:
            add_rows(session, self.feature_set_id, added)

    def _free_rows(self, shard: int, filled: Mapping[int, int]) -> tuple[int, int]:
        """Free rows of a shard and the first of them; the shard's own file says how many rows it has."""
        row = filled.get(shard, 0)
        path = shard_path(self.folder, shard)
        if row == 0:
            return self._shard_rows, 0
        return open_shard(path, dim=self.dim).shape[0] - row, row

    def _write(self, shard: int, row: int, vectors: NDArray[np.float16]) -> None:
        path = shard_path(self.folder, shard)
        try:
            if row == 0:
                # Made anew even if it is there: no row of it is known, so it may be anything.
                _write_whole(path, _shard_header(self._shard_rows, self.dim), size=self._shard_rows * self.dim * 2)
            # Written through a descriptor: on a full disk a memory map would kill the process instead of raising.
            with path.open("r+b") as file:
                _write_at(file, _data_offset(file) + row * self.dim * 2, vectors.tobytes())
        except OSError as error:
            raise _unwritable(path, error) from error

    def _forget_lost_shards(self) -> None:
        """Shards that someone deleted are embedded anew."""
        with self._project.read() as session:
            shards = rows_in_shard(session, self.feature_set_id)
        lost = [shard for shard in shards if not shard_path(self.folder, shard).exists()]
        if lost:
            of_this_set = FeatureRow.feature_set_id == self.feature_set_id
            with self._project.write() as session:
                session.execute(delete(FeatureRow).where(of_this_set, FeatureRow.shard.in_(lost)))


class FeatureMatrix:
    """The reading side: vectors of the clips that a feature set holds now, read through memory maps."""

    def __init__(
        self,
        folder: Path,
        *,
        feature_set_id: int,
        dim: int,
        settings: dict[str, Any],
        rows: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]],
    ) -> None:
        self.feature_set_id = feature_set_id
        self.dim = dim
        self.settings = settings
        """Of the encoder; `learner.encoders.encoder_of` takes them."""
        self.clip_ids, self._shards, self._rows = rows
        """Clip ids in the order of the disk, which `chunks` follows."""
        self._order = np.argsort(self.clip_ids, kind="stable")
        self._folder = folder
        self._maps: dict[int, NDArray[np.float16]] = {}

    def __len__(self) -> int:
        return len(self.clip_ids)

    def chunks(self, size: int = 4096) -> Iterator[NDArray[np.float32]]:
        """All vectors in the order of `clip_ids`, in float32 arrays [at most `size`, dim]: products over float16 are slow."""
        for start in range(0, len(self), size):
            yield self._gather(np.arange(start, min(start + size, len(self))))

    def rows(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Vectors [n, dim] of these clips, in this order.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        return self._gather(self.positions(clip_ids))

    def positions(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these clips stand in `clip_ids`.

        Raises:
            FeatureError: a clip has no features yet; the message names it.
        """
        wanted = np.asarray(clip_ids, dtype=np.int64)
        found = self.has(wanted)
        if not found.all():
            raise FeatureError(f"Clip {wanted[~found][0]} has no features yet; run `earmark embed`.")
        return self._order[np.searchsorted(self.clip_ids, wanted, sorter=self._order)].astype(np.int64, copy=False)

    def has(self, clip_ids: Sequence[int] | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these clips have features."""
        return np.isin(np.asarray(clip_ids, dtype=np.int64), self.clip_ids)

    def _gather(self, positions: NDArray[np.int64]) -> NDArray[np.float32]:
        out = np.empty((len(positions), self.dim), dtype=np.float32)
        shards, rows = self._shards[positions], self._rows[positions]
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            wanted = rows[here]
            stored = self._map(int(shard), least=int(wanted.max()) + 1)
            in_a_row = len(wanted) == wanted[-1] - wanted[0] + 1 and bool((np.diff(wanted) == 1).all())
            out[here] = stored[wanted[0] : wanted[-1] + 1] if in_a_row else stored[wanted]
        return out

    def _map(self, shard: int, *, least: int) -> NDArray[np.float16]:
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


def open_shard(path: Path, *, dim: int) -> NDArray[np.float16]:
    """A read-only memory map [rows, dim] of a shard.

    Raises:
        FeatureError: it is missing or damaged.
    """
    try:
        stored: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FeatureError(f"{path} is missing or damaged; delete it and run `earmark embed`.") from error
    if stored.ndim != 2 or stored.shape[1] != dim or stored.dtype != np.dtype(DTYPE):
        raise FeatureError(f"{path} holds other features than its manifest says; delete it and run `earmark embed`.")
    return stored


def _shard_header(rows: int, dim: int) -> bytes:
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": np.dtype(DTYPE).str, "fortran_order": False, "shape": (rows, dim)})
    return header.getvalue()


def _data_offset(file: IO[bytes]) -> int:
    file.seek(0)
    npy.read_magic(file)
    npy.read_array_header_1_0(file)
    return file.tell()


def _write_at(file: IO[bytes], offset: int, content: bytes) -> None:
    file.seek(offset)
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _write_whole(path: Path, content: bytes, *, size: int = 0) -> None:
    """A new file of `content` and `size` zero bytes that take no room on the disk yet; there whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.truncate(len(content) + size)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> FeatureError:
    return FeatureError(
        f"{path} cannot be written ({error.strerror}); make room on the disk or mend its permissions, "
        "then run `earmark embed` again."
    )
