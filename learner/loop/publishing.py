"""The first half of a pass: train on a snapshot and publish the queue. Nothing is computed while a transaction is open."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from db.decisions.consensus import consensus_labels
from db.errors import LearnerError
from db.project import OpenProject
from db.records.runs import latest_run, record_run
from db.serving.ranked_queue import QueueItem, publish_queue
from db.store.engine import Turn
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.dataset.speaker_norm import NONE
from learner.dataset.trainable import trainable
from learner.heads.fitting import fitted_head
from learner.heads.linear import LinearHead
from learner.heads.normalisation import NO_LABELS, InputChoice
from learner.heads.store import HeadFile, StoredHead, delete_old_heads, head_path, load_head
from learner.loop.heartbeat import Reporter
from learner.loop.snapshot import Snapshot, read_snapshot
from learner.query.round import Trained, ranked, trained


@dataclass(frozen=True)
class Published:
    """A run whose queue is published, with what its scoring needs."""

    run_id: int
    pool: Pool
    snapshot: Snapshot
    head: LinearHead | None
    """The run's head; None without labels to train on."""
    choice: InputChoice
    """Whether the head normalises by speaker, and uses words."""
    C: float
    """Inverse regularisation strength that the settings gave its heads."""


class Publisher:
    """Trains and publishes for one project; keeps the pool from one pass to the next."""

    def __init__(self, project: OpenProject, reporter: Reporter) -> None:
        self._project = project
        self._reporter = reporter
        self._pool: Pool | None = None

    def publish(self) -> Published | None:
        """Train on what stands now and publish the queue; if nothing has changed, the newest run is returned as it is.

        Returns:
            None when no clip in service has features.

        Raises:
            LearnerError: the project's strategy fails, or the head cannot be written.
            FeatureError: the features are damaged.
        """
        started = time.monotonic()
        pool = self._current_pool()
        if pool is None:
            return None
        with self._project.read() as session:
            snapshot = read_snapshot(session)
            settings = self._settings_of(pool, snapshot)
            newest = latest_run(session)
            same = newest is not None and newest.last_decision_id == snapshot.last_decision_id and newest.settings == settings
            run_id = newest.id if newest is not None and same else None
        before = None if run_id is None else self._published_before(run_id, pool, snapshot, C=settings["c"])
        if before is not None:
            return before
        self._reporter.report("training", "1 decision" if len(snapshot.live) == 1 else f"{len(snapshot.live)} decisions")
        return self._train(pool, snapshot, settings, started)

    def _published_before(self, run_id: int, pool: Pool, snapshot: Snapshot, *, C: float) -> Published | None:
        """A run that learned from all there is; None where its head is missing, damaged or does not fit: it is made again."""
        path = head_path(self._project.heads_dir, run_id)
        try:
            stored = load_head(path)
        except LearnerError:
            needs_none = not path.exists() and not trainable(pool, snapshot.live, snapshot.label_ids)
            return Published(run_id, pool, snapshot, None, NO_LABELS, C) if needs_none else None
        reads = (stored.feature_set_id, stored.sound_dim, stored.label_ids)
        if reads != (pool.features.feature_set_id, pool.features.dim, snapshot.label_ids) or not stored.fits_words(pool.words):
            return None
        choice = InputChoice(stored.head.normalisation, stored.why, stored.head.words, stored.words_why)
        return Published(run_id, pool, snapshot, stored.head, choice, C)

    def _current_pool(self) -> Pool | None:
        with self._project.read() as session:
            signature = pool_signature(session, text_encoder=self._project.settings.text_encoder)
        if signature is None:
            return None
        if self._pool is None or self._pool.signature != signature:
            # Its signature is a newer one where damaged vectors were set aside on the way.
            self._pool = read_pool(self._project, signature)
        return self._pool

    def _settings_of(self, pool: Pool, snapshot: Snapshot) -> dict[str, Any]:
        """What a run depends on besides the decisions; the pool's signature changes when clips or features come or go."""
        settings = self._project.settings
        return {
            "head": "discriminant analysis, or logistic regression",
            "normalisation": "decided on the labels",
            "c": settings.head_c,
            "strategy": settings.strategy,
            "queue_size": settings.queue_size,
            "labels": snapshot.label_names,
            # The same names may stand for other answers, once a label was merged or restored in between.
            **({"label_change": snapshot.label_change} if snapshot.label_change else {}),
            "pool": list(pool.signature),
        }

    def _train(self, pool: Pool, snapshot: Snapshot, settings: dict[str, Any], started: float) -> Published:
        # Those that are recorded with the run: the file may have changed since.
        C = settings["c"]
        heads = trained(pool, snapshot.live, snapshot.label_ids, C=C)
        entries = ranked(
            pool,
            heads,
            snapshot.live,
            snapshot.label_ids,
            strategy=settings["strategy"],
            size=settings["queue_size"],
            seed=snapshot.last_decision_id,
        )
        file = self._head_file(pool, snapshot, heads, C=C)
        try:
            run_id = self._record(pool, snapshot, settings, started, entries, file)
        finally:
            if file is not None:
                file.discard()
        delete_old_heads(self._project.heads_dir)
        return Published(run_id, pool, snapshot, heads.used.head, heads.choice, C)

    def _record(
        self,
        pool: Pool,
        snapshot: Snapshot,
        settings: dict[str, Any],
        started: float,
        entries: list[QueueItem],
        file: HeadFile | None,
    ) -> int:
        """The run, its queue and its head in one transaction; the run's id."""
        with self._project.write(Turn.LEARNING) as session:
            run_id = record_run(
                session,
                feature_set_id=pool.features.feature_set_id,
                last_decision_id=snapshot.last_decision_id,
                decisions=len(snapshot.live),
                labeled=len(consensus_labels(snapshot.live)),
                settings=settings,
                seconds=time.monotonic() - started,
            )
            publish_queue(session, run_id=run_id, entries=entries)
            self._reporter.report_in(session, "evaluating", f"run {run_id}")
            if file is not None:
                # Renaming is quick; so a recorded run always has its head, whatever happens to the process.
                file.publish(run_id)
        return run_id

    def _head_file(self, pool: Pool, snapshot: Snapshot, heads: Trained, *, C: float) -> HeadFile | None:
        used = heads.used
        if used.head is None:
            return None
        plain = None
        if used.head.normalisation != NONE or used.head.words:
            vectors = pool.features.rows(used.clip_ids)
            plain = fitted_head(pool, used.examples, vectors, C=C, normalisation=NONE)
        names, feature_set_id = snapshot.label_names, pool.features.feature_set_id
        stored = StoredHead(used.head, snapshot.label_ids, names, feature_set_id, why=heads.choice.why, plain=plain)
        if pool.words is not None:
            stored = replace(stored, words_why=heads.choice.words_why)
            if used.head.words:
                stored = replace(stored, words_set_id=pool.words.features.feature_set_id, words_dim=pool.words.dim)
        return HeadFile(self._project.heads_dir, stored)
