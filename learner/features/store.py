"""Features on disk: one folder a feature set, sharded `.npy` files and a manifest; the row map is in the database.

What makes a crash at any moment harmless: a shard is made whole (see `db.store.files`); vectors are written into its free rows
and synced; only then does one short transaction add them to the row map. Rows that the map doesn't know count for nothing, and
the next `embed` writes over them. A feature set holds vectors of one fingerprint only.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.lib import format as npy
from sqlalchemy import delete

from db.errors import FeatureError
from db.models import FeatureRow
from db.project import OpenProject
from db.records.features import OF_WORDS, add_rows, any_withdrawn, ensure_feature_set, rows_in_shard
from db.store.engine import Turn
from db.store.files import remove_leftovers, whole_file, write_whole
from db.store.lock import EMBED_LOCK, locked
from learner.arrays import Float16Array, Float32Array
from learner.features.erasing import erase_withdrawn
from learner.features.matrix import open_shard, shard_path
from learner.features.precision import DTYPE, as_stored, storable

SHARD_ROWS = 8192


class Made(Protocol):
    """What is stored of whatever makes the vectors of a set, such as an `Encoder`."""

    @property
    def name(self) -> str: ...

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that vectors depend on (JSON values)."""


def fingerprint_of(encoder: Made) -> str:
    """SHA-256 over everything the vectors depend on. The encoder's name is left out: its revision says which weights it holds."""
    kept = {key: value for key, value in encoder.settings.items() if key not in {"encoder", "origin"}}
    return hashlib.sha256(json.dumps({**kept, "dim": encoder.dim, "dtype": DTYPE}, sort_keys=True).encode()).hexdigest()


def embed_lock(project: OpenProject) -> AbstractContextManager[None]:
    """Hold the project's embedding lock.

    Raises:
        FeatureError: another process embeds this project.
    """

    def refused(_owner: str) -> FeatureError:
        return FeatureError(f"Another process is embedding the clips of {project.directory}; wait until it is done or stop it.")

    return locked(project.directory / EMBED_LOCK, refused=refused)


class FeatureStore:
    """The writing side of one feature set; hold `embed_lock` while there is one."""

    def __init__(self, project: OpenProject, encoder: Made, *, shard_rows: int = SHARD_ROWS) -> None:
        self._project = project
        self.fingerprint = fingerprint_of(encoder)
        self.dim = encoder.dim
        self.folder = project.features_dir / self.fingerprint
        self._shard_rows = shard_rows
        manifest = {**encoder.settings, "fingerprint": self.fingerprint, "dim": self.dim, "dtype": DTYPE}
        try:
            self.folder.mkdir(exist_ok=True)
            remove_leftovers(self.folder)
            if not (self.folder / "manifest.json").exists():
                write_whole(self.folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        with project.write() as session:
            self.feature_set_id = ensure_feature_set(
                session,
                fingerprint=self.fingerprint,
                encoder=encoder.name,
                dim=self.dim,
                settings=encoder.settings,
                of_words=OF_WORDS in encoder.settings,
            )
        self._forget_lost_shards()

    def is_empty(self) -> bool:
        """Whether the set holds no vector."""
        with self._project.read() as session:
            return not rows_in_shard(session, self.feature_set_id)

    def append(self, clip_ids: Sequence[int], vectors: Float32Array, *, in_place_of_others: bool = False) -> None:
        """Make vectors [n, dim] durable and add them to the row map; when this returns, they survive anything.

        Args:
            in_place_of_others: the clips may have vectors, which count for nothing from then on.

        Raises:
            FeatureError: the disk is full, the folder cannot be written to, or a vector holds NaN or infinity.
        """
        usable = storable(vectors)
        if not usable.all():
            clip = clip_ids[int(np.argmin(usable))]
            raise FeatureError(f"The vector of clip {clip} holds NaN or infinity; set the clip aside, or use another encoder.")
        added: list[tuple[int, int, int]] = []
        with self._project.read() as session:
            filled = rows_in_shard(session, self.feature_set_id)
        stored = as_stored(vectors)
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
            add_rows(session, self.feature_set_id, added, in_place_of_others=in_place_of_others)
            withdrawn = any_withdrawn(session, clip_ids)
        if withdrawn:
            # Somebody withdrew a clip while it was encoded.
            erase_withdrawn(self._project)

    def _free_rows(self, shard: int, filled: Mapping[int, int]) -> tuple[int, int]:
        """Free rows of a shard and the first of them; the shard's own file says how many rows it has."""
        row = filled.get(shard, 0)
        path = shard_path(self.folder, shard)
        if row == 0:
            return self._shard_rows, 0
        return open_shard(path, dim=self.dim).shape[0] - row, row

    def _write(self, shard: int, row: int, vectors: Float16Array) -> None:
        path = shard_path(self.folder, shard)
        try:
            if row == 0:
                # Made anew even if it is there: no row of it is known, so it may be anything.
                _make_shard(path, rows=self._shard_rows, dim=self.dim)
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


def _make_shard(path: Path, *, rows: int, dim: int) -> None:
    """A shard of zeros, which take no room on the disk yet."""
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": np.dtype(DTYPE).str, "fortran_order": False, "shape": (rows, dim)})
    with whole_file(path) as file:
        file.write(header.getvalue())
        file.truncate(file.tell() + rows * dim * 2)


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


def _unwritable(path: Path, error: OSError) -> FeatureError:
    return FeatureError(
        f"{path} cannot be written ({error.strerror}); free space on the disk or fix its permissions, "
        "then run `earmark embed` again."
    )
