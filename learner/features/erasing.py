"""Overwriting the vectors of withdrawn clips: forgetting where they lie would leave them on the disk.

The app process may load this, so it imports no encoder.
"""

from __future__ import annotations

import os
import shutil
from itertools import groupby
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import FeatureError
from db.models import FeatureSet
from db.project import OpenProject
from db.records.features import OF_WORDS, row_map, rows_of_withdrawn
from learner.arrays import BoolArray
from learner.features.matrix import open_shard, shard_path


def erase_withdrawn(project: OpenProject) -> int:
    """Overwrite the vectors of withdrawn clips with zeros, in every feature set, and forget their rows; how many there were.

    Vectors never change otherwise. Whoever reads a shard meanwhile sees zeros in place of a clip that is not in service any more.
    The rows are forgotten once the zeros are on the disk, so a crash at any moment leaves what the next call finishes. Nobody
    else writes meanwhile, because the next `embed` may give a row that is forgotten to another clip. Of words, rows that no clip
    has any more are overwritten as well: earlier transcripts of the withdrawn clips may be among them.

    Raises:
        FeatureError: a shard cannot be written to.
    """
    with project.write() as session:
        rows = rows_of_withdrawn(session)
        for (feature_set_id, shard), here in groupby(rows, key=lambda row: (row.feature_set_id, row.shard)):
            _erase(session, project, feature_set_id, shard, [row.row for row in here])
        if rows:
            for stored in session.scalars(select(FeatureSet)).all():
                if OF_WORDS in stored.settings:
                    _erase_forgotten(session, project, stored)
        for row in rows:
            session.delete(row)
    return len(rows)


def probe_cache(project: OpenProject) -> Path:
    """The folder in which `earmark probe` keeps vectors of the project's clips; everything in it can be made again."""
    return project.features_dir / "probe"


def forget_probe_cache(project: OpenProject) -> None:
    """Delete it: its vectors are known by path alone."""
    shutil.rmtree(probe_cache(project), ignore_errors=True)


def _erase_forgotten(session: Session, project: OpenProject, stored: FeatureSet) -> None:
    """Overwrite the vectors of a set that lie in rows of no clip, up to the last row of any."""
    _, shards, known = row_map(session, stored.id)
    for shard in range(int(shards.max()) + 1 if len(shards) else 0):
        path, here = shard_path(project.features_dir / stored.fingerprint, shard), known[shards == shard]
        if not path.exists():
            continue
        forgotten: BoolArray = np.any(open_shard(path, dim=stored.dim), axis=1)
        forgotten[here[here < len(forgotten)]] = False
        if shard == shards.max():
            # Behind these, somebody may be writing rows of which the database does not know yet.
            forgotten[int(here.max()) :] = False
        if forgotten.any():
            _erase(session, project, stored.id, shard, np.flatnonzero(forgotten).tolist())


def _erase(session: Session, project: OpenProject, feature_set_id: int, shard: int, rows: list[int]) -> None:
    stored = session.get_one(FeatureSet, feature_set_id)
    path = shard_path(project.features_dir / stored.fingerprint, shard)
    if not path.exists():
        return
    known, size = open_shard(path, dim=stored.dim), path.stat().st_size
    nothing = bytes(stored.dim * known.itemsize)
    try:
        with path.open("r+b") as file:
            for row in rows:
                if row < len(known):
                    file.seek(size - known.nbytes + row * len(nothing))
                    file.write(nothing)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FeatureError(
            f"{path} cannot be written ({error.strerror}), so vectors of withdrawn clips are still in it; fix its permissions, "
            "then run `earmark withdraw --finish`."
        ) from error
