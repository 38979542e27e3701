"""A map of clips: a place in the plane for each, so that clips with similar features lie close together.

The learner makes it when it is idle (`learner.loop.mapping`) and writes it as one file of plain arrays beside the heads. The app
reads it here, together with what the newest run predicts; no classifier is loaded for that.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from db.errors import FeatureError, LearnerError
from db.project import OpenProject
from db.records.features import newest_feature_set
from db.store.files import whole_file
from learner.array_files import ArrayFile
from learner.arrays import Float32Array, Int64Array
from learner.search.predicted import read_predictions

MOST_CLIPS = 20_000
"""Clips on the map at most: labelled ones first, then the random order of the slice."""
_NAME = "map.npz"


@dataclass(frozen=True)
class ClipMap:
    """The places of the clips of one feature set."""

    feature_set_id: int
    normalisation: str
    """Of the vectors before they were placed: that of the run's head."""
    written_at: float
    """Seconds since 1970."""
    clip_ids: Int64Array
    """[clips], ascending."""
    x: Float32Array
    y: Float32Array
    """[clips], each from 0 to 1; the larger extent is the whole of it."""


@dataclass(frozen=True)
class MapWithPredictions:
    """The map, and the newest predictions of the clips on it."""

    placed: ClipMap
    predicted: Int64Array
    """[clips]: id of the most probable label; 0 for clips that had an answer when the newest run was made."""
    chances: Float32Array
    """[clips]: its probability; NaN without."""


def clip_map(project: OpenProject) -> MapWithPredictions | None:
    """The map of the features in use; None until the learner has made it, when it is idle.

    Raises:
        FeatureError: there are no features yet.
        LearnerError: a file is damaged.
    """
    with project.read() as session:
        newest = newest_feature_set(session)
        if newest is None:
            raise FeatureError("There are no features yet, so there is no map; run `earmark embed`.")
        feature_set_id = newest.id
    placed = read_clip_map(project.heads_dir)
    if placed is None or placed.feature_set_id != feature_set_id:
        return None
    predicted, chances = np.zeros(len(placed.clip_ids), dtype=np.int64), np.full(len(placed.clip_ids), np.nan, dtype=np.float32)
    predictions = read_predictions(project.heads_dir)
    if predictions is not None:
        _, here, there = np.intersect1d(placed.clip_ids, predictions.clip_ids, assume_unique=True, return_indices=True)
        predicted[here], chances[here] = predictions.label_ids[there], predictions.chances[there]
    return MapWithPredictions(placed, predicted, chances)


def write_clip_map(folder: Path, placed: ClipMap) -> None:
    """Replace the map in the folder of heads.

    Raises:
        LearnerError: the folder cannot be written to.
    """
    facts = {"feature_set": placed.feature_set_id, "normalisation": placed.normalisation, "written_at": placed.written_at}
    try:
        with whole_file(folder / _NAME) as file:
            clips = placed.clip_ids.astype(np.int32)
            np.savez(file, facts=np.array(json.dumps(facts)), clip_ids=clips, x=placed.x, y=placed.y, allow_pickle=False)
    except OSError as error:
        raise LearnerError(
            f"{folder / _NAME} cannot be written ({error.strerror}); free space on the disk or fix its permissions."
        ) from error


def read_clip_map(folder: Path) -> ClipMap | None:
    """The map as it was written last; None before the first.

    Raises:
        LearnerError: the file is damaged.
    """
    try:
        with ArrayFile(folder / _NAME) as arrays:
            return _checked(arrays)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError) as error:
        raise LearnerError(f"{folder / _NAME} is damaged; delete it, and the learner makes the map anew.") from error


def forget_on_map(folder: Path, clip_ids: Sequence[int]) -> None:
    """Take these clips off the map. A damaged one is deleted: nobody can tell what it holds.

    Raises:
        LearnerError: the folder cannot be written to.
    """
    try:
        placed = read_clip_map(folder)
    except LearnerError:
        (folder / _NAME).unlink(missing_ok=True)
        return
    if placed is not None and np.isin(placed.clip_ids, clip_ids).any():
        kept = ~np.isin(placed.clip_ids, clip_ids)
        left = replace(placed, clip_ids=placed.clip_ids[kept], x=placed.x[kept], y=placed.y[kept], written_at=time.time())
        write_clip_map(folder, left)


def _checked(arrays: ArrayFile) -> ClipMap:
    facts = json.loads(str(arrays["facts"]))
    clips, x, y = arrays["clip_ids"], arrays["x"], arrays["y"]
    if clips.ndim != 1 or not clips.shape == x.shape == y.shape:
        raise ValueError("shapes differ")
    if clips.dtype.kind not in "iu" or x.dtype.kind != "f" or y.dtype.kind != "f":
        raise ValueError("this is no map")
    places = np.stack([x, y])
    if not ((clips[1:] > clips[:-1]).all() and ((places >= 0) & (places <= 1)).all()):
        raise ValueError("clips are not in order, or a place is none")
    return ClipMap(
        feature_set_id=int(facts["feature_set"]),
        normalisation=str(facts["normalisation"]),
        written_at=float(facts["written_at"]),
        clip_ids=clips.astype(np.int64),
        x=x.astype(np.float32),
        y=y.astype(np.float32),
    )
