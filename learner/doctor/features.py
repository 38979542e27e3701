"""Can every vector be read that the database knows of, is each made of numbers, and would the encoder make them again?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from db.errors import EncoderError, FeatureError
from db.models import Clip, ClipState, FeatureRow, FeatureSet
from db.project import OpenProject
from db.records.features import OF_WORDS, embedded_count, newest_feature_set, row_map
from learner.arrays import BoolArray, Float16Array
from learner.doctor.finding import Finding, Tally, of_error
from learner.encoders.base import BUILT_IN
from learner.encoders.registry import encoder_of
from learner.features.matrix import open_shard, shard_path
from learner.progress import Progress

_ROWS = 4096
"""Vectors in memory at a time."""


def examine_features(project: OpenProject, *, progress: Progress) -> Iterator[Finding]:
    """Every feature set, all of its vectors; `progress` counts them."""
    with project.read() as session:
        sets = list(session.scalars(select(FeatureSet).order_by(FeatureSet.id)))
        session.expunge_all()
        used = newest_feature_set(session)
        made_with = None if used is None else dict(used.settings)
        vectors = session.scalar(select(func.count()).select_from(FeatureRow)) or 0
        ready = session.scalar(select(func.count()).select_from(Clip).where(Clip.state == ClipState.READY)) or 0
        without = 0 if used is None else ready - embedded_count(session, used.id)
    done = 0
    progress(0, vectors)
    for stored in sets:
        check = _SetCheck(project, stored)
        for rows in check.run():
            done += rows
            progress(done, max(done, vectors))
        yield from check.findings()
    other = None if made_with is None else _other_encoder(made_with)
    if other is not None:
        yield replace(other, is_problem=without > 0)
    if without:
        yield Finding(
            subject="features",
            kind="not-embedded",
            what=f"{without} {'clip has' if without == 1 else 'clips have'} no features yet, so they cannot be ranked.",
            remedy="Run `earmark embed`." if other is None else other.remedy,
            is_problem=False,
            count=without,
        )
    yield from _unknown_folders(project, {stored.fingerprint for stored in sets})


class _SetCheck:
    def __init__(self, project: OpenProject, stored: FeatureSet) -> None:
        self._project, self._id, self._dim = project, stored.id, stored.dim
        self._of_words = OF_WORDS in stored.settings
        self._folder = project.features_dir / stored.fingerprint
        self._unreadable, self._lost, self._damaged = Tally(), Tally(), Tally()

    def run(self) -> Iterator[int]:
        """Look at all vectors; yields how many were looked at in each part."""
        with self._project.read() as session:
            clip_ids, shards, rows = row_map(session, self._id)
        for shard in np.unique(shards).tolist():
            path = shard_path(self._folder, shard)
            here = np.flatnonzero(shards == shard)
            try:
                stored = open_shard(path, dim=self._dim)
            except FeatureError:
                self._unreadable.add(path.name, len(here))
                continue
            there = here[rows[here] < len(stored)]
            if len(there) < len(here):
                self._lost.add(path.name, len(here) - len(there))
            for start in range(0, len(there), _ROWS):
                part = there[start : start + _ROWS]
                sound = _all_numbers(stored, rows[part])
                for clip_id in clip_ids[part][~sound].tolist():
                    self._damaged.add(f"clip {clip_id}")
                yield len(part)

    def findings(self) -> Iterator[Finding]:
        """What was wrong."""
        anew = "run `earmark embed`, which makes them anew"
        if self._unreadable.count:
            yield _finding(
                "unreadable-shards", self._unreadable, f"cannot be read from {self._folder}", f"Delete them, and {anew}."
            )
        if self._lost.count:
            yield _finding(
                "lost-vectors", self._lost, f"are beyond the end of a file in {self._folder}", f"Delete it, and {anew}."
            )
        if self._damaged.count:
            aside = "Run `earmark learn --once`, which sets these clips aside, and import their files again."
            remedy = "Run `earmark embed`, which makes them anew." if self._of_words else aside
            yield _finding("damaged-vectors", self._damaged, f"in {self._folder} hold values that are no numbers", remedy)


def _all_numbers(stored: Float16Array, rows: NDArray[np.int32]) -> BoolArray:
    return np.asarray(np.isfinite(stored[rows]).all(axis=1))


def _finding(kind: str, tally: Tally, what: str, remedy: str) -> Finding:
    subject = f"The vectors of {tally.count} clips" if tally.count != 1 else "The vector of 1 clip"
    return Finding(
        subject="features", kind=kind, what=f"{subject} {what}.", remedy=remedy, count=tally.count, examples=tuple(tally.examples)
    )


def _other_encoder(made_with: dict[str, object]) -> Finding | None:
    """That the encoder of the features in use is not as it was, in which case everything but adding clips and predicting other
    audio goes on; one of the hub is not asked for, since that needs the network.
    """
    name = str(made_with.get("encoder"))
    if name not in BUILT_IN and not os.path.isdir(name):
        return None
    try:
        encoder_of(made_with)
    except EncoderError as error:
        return of_error("features", "other-encoder", error)
    return None


def _unknown_folders(project: OpenProject, fingerprints: set[str]) -> Iterator[Finding]:
    unknown = [path for path in sorted(project.features_dir.iterdir()) if path.is_dir() and path.name not in fingerprints]
    if unknown:
        size = sum(_size(path) for path in unknown) / 1e6
        yield Finding(
            subject="features",
            kind="unknown-folders",
            what=f"The database knows nothing of {len(unknown)} folders in {project.features_dir} ({size:.0f} MB).",
            remedy="Delete them if you need the room and nothing is embedding now.",
            is_problem=False,
            count=len(unknown),
            examples=tuple(path.name for path in unknown[:2]),
        )


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))
