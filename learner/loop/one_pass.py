"""One pass of the learner: a snapshot, heads, a queue; then the evaluation. Nothing is computed while a transaction is open."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision, live_decisions, newest_decision_id
from db.models import Run
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.runs import latest_run, past_prefixes, record_evaluation, record_outlook, record_run, record_suspects
from db.serving.random_slice import blind_answers, slice_clip_ids
from db.serving.ranked_queue import publish_queue
from db.store.engine import Turn
from learner.dataset.pool import Pool, pool_signature, read_pool
from learner.dataset.speaker_norm import NONE
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.calibration import calibration_report
from learner.evaluation.cross_fitting import Between, FoldHeads, cross_fitted_probabilities, normalised_folds
from learner.evaluation.curve import Traced, distinct_prefixes, thinned, traced_curve
from learner.evaluation.report import normalisation_report, plain_accuracy, report_of
from learner.heads.fitting import fitted_head
from learner.heads.normalisation import NO_LABELS, Decision
from learner.heads.store import HeadFile, StoredHead, delete_old_heads, head_path, load_head
from learner.loop.heartbeat import Reporter
from learner.outlook.handmade_baseline import HandmadeBaseline
from learner.outlook.outlook import Outlook, Scored
from learner.query.ranked_queue import QueryLabels, scored_chunks
from learner.query.round import ranked, trained
from learner.search.likely import forget_likely, most_likely, write_likely

SUSPECTS = 200
"""Doubted labels that a run lists."""
NO_FEATURES = "no features yet: run earmark embed"


@dataclass(frozen=True)
class Snapshot:
    """What the database said at one moment."""

    live: list[LiveDecision]
    last_decision_id: int
    label_ids: list[int]
    label_names: list[str]


@dataclass(frozen=True)
class Published:
    """A run whose queue is out, with what its evaluation needs."""

    run_id: int
    pool: Pool
    snapshot: Snapshot
    decision: Decision
    """Whether the run's head normalises by speaker."""


def read_snapshot(session: Session) -> Snapshot:
    """The decisions that stand, and the label set."""
    labels = active_labels(session)
    return Snapshot(
        live=live_decisions(session),
        last_decision_id=newest_decision_id(session),
        label_ids=[label.id for label in labels],
        label_names=[label.name for label in labels],
    )


class Learning:
    """Passes over one project; keeps the pool and the heads of folds from one to the next."""

    def __init__(self, project: OpenProject, reporter: Reporter) -> None:
        self._project = project
        self._reporter = reporter
        self._pool: Pool | None = None
        self._fold_heads: FoldHeads | None = None
        self._outlook = Outlook(HandmadeBaseline(project), C=project.settings.head_c)

    def publish(self) -> Published | None:
        """Train on what stands now and publish the queue; the newest run is given back as it is when nothing has changed.

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
            current = newest.id if newest is not None and self._is_current(newest, pool, snapshot, settings) else None
        if current is not None:
            return Published(current, pool, snapshot, self._decision_of(current))
        self._reporter.report("training", f"{len(snapshot.live)} decisions")
        run_id, decision = self._train(pool, snapshot, settings, started)
        return Published(run_id, pool, snapshot, decision)

    def _decision_of(self, run_id: int) -> Decision:
        path = head_path(self._project.heads_dir, run_id)
        if not path.exists():
            return NO_LABELS
        stored = load_head(path)
        return Decision(stored.head.normalisation, stored.why)

    def _current_pool(self) -> Pool | None:
        with self._project.read() as session:
            signature = pool_signature(session)
        if signature is None:
            return None
        if self._pool is None or self._pool.signature != signature:
            self._pool = read_pool(self._project, signature)
        return self._pool

    def _settings_of(self, pool: Pool, snapshot: Snapshot) -> dict[str, Any]:
        """What a run depends on beside the decisions; the pool's signature tells when clips or features came or went."""
        settings = self._project.settings
        return {
            "head": "discriminant analysis, or logistic regression",
            "normalisation": "decided on the labels",
            "c": settings.head_c,
            "strategy": settings.strategy,
            "queue_size": settings.queue_size,
            "labels": snapshot.label_names,
            "pool": list(pool.signature),
        }

    def _is_current(self, run: Run, pool: Pool, snapshot: Snapshot, settings: Mapping[str, Any]) -> bool:
        same = run.last_decision_id == snapshot.last_decision_id and run.settings == settings
        return same and (
            head_path(self._project.heads_dir, run.id).exists() or not trainable(pool, snapshot.live, snapshot.label_ids)
        )

    def _train(self, pool: Pool, snapshot: Snapshot, settings: dict[str, Any], started: float) -> tuple[int, Decision]:
        options = self._project.settings
        heads = trained(pool, snapshot.live, snapshot.label_ids, C=options.head_c)
        entries = ranked(
            pool,
            heads,
            snapshot.live,
            snapshot.label_ids,
            strategy=options.strategy,
            size=options.queue_size,
            seed=snapshot.last_decision_id,
        )
        file = self._head_file(pool, snapshot, heads.used, heads.decision)
        try:
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
                    # Renaming is quick; a run that is there has its head, whatever happens to the process.
                    file.publish(run_id)
        finally:
            if file is not None:
                file.discard()
        delete_old_heads(self._project.heads_dir)
        return run_id, heads.decision

    def _head_file(self, pool: Pool, snapshot: Snapshot, used: QueryLabels, decision: Decision) -> HeadFile | None:
        if used.head is None:
            return None
        plain = None
        if used.head.normalisation != NONE:
            vectors = pool.features.rows(used.clip_ids)
            plain = fitted_head(pool, used.examples, vectors, C=self._project.settings.head_c, normalisation=NONE)
        names, feature_set_id = snapshot.label_names, pool.features.feature_set_id
        stored = StoredHead(used.head, snapshot.label_ids, names, feature_set_id, why=decision.why, plain=plain)
        return HeadFile(self._project.heads_dir, stored)

    def is_evaluated(self, run_id: int) -> bool:
        """Whether the run has its scores, and what follows from them."""
        with self._project.read() as session:
            run = session.get_one(Run, run_id)
            return run.evaluated_at is not None and "outlook" in run.report

    def evaluate(self, published: Published, *, between: Between) -> None:
        """Score the run and all points of the curve on the random slice, and record both; then the outlook.

        Args:
            between: see `learner.evaluation.cross_fitting.Between`; called every few milliseconds to seconds.
        """
        pool, snapshot = published.pool, published.snapshot
        if self._reporter.state != "evaluating":
            self._reporter.report("evaluating", f"run {published.run_id}")
        self._list_likely(published)
        with self._project.read() as session:
            in_slice = slice_clip_ids(session, answered=blind_answers(snapshot.live))
            past = [prefix for prefix in past_prefixes(session) if prefix <= snapshot.last_decision_id]
            is_scored = session.get_one(Run, published.run_id).evaluated_at is not None
        # A label given with a hint of what the classifier expects, or since it was contradicted, is good to learn from, and no
        # measure of anything.
        slice_labels = consensus_labels([decision for decision in snapshot.live if decision.blind])
        tested = Slice.of(pool, in_slice, slice_labels, snapshot.label_ids)
        prefixes = thinned(distinct_prefixes(snapshot.live, past))
        heads = self._heads_for(pool)
        traced = traced_curve(heads, tested, snapshot.live, prefixes, snapshot.label_ids, between=between)
        if not is_scored:
            self._record(published, tested, traced, heads, between=between)
        self._record_suspects(published)
        scored = Scored(pool, snapshot.live, snapshot.label_ids, snapshot.label_names, tested, slice_labels, traced)
        outlook = self._outlook.of(scored, between=between)
        with self._project.write(Turn.LEARNING) as session:
            record_outlook(session, published.run_id, outlook)
            self._reporter.report_in(session, "waiting")

    def _list_likely(self, published: Published) -> None:
        """For the app's grid; after the queue, which somebody may be waiting for."""
        path = head_path(self._project.heads_dir, published.run_id)
        if not path.exists() or len((head := load_head(path).head).classes_) < 2:
            forget_likely(self._project.heads_dir)
            return
        pool = published.pool
        chunks = scored_chunks(pool, head, pool.unanswered(published.snapshot.live))
        likely = most_likely(chunks, run_id=published.run_id, label_ids=head.classes_.tolist())
        write_likely(self._project.heads_dir, likely)

    def _record(self, published: Published, tested: Slice, traced: Traced, heads: FoldHeads, *, between: Between) -> None:
        pool, snapshot, scored = published.pool, published.snapshot, traced.newest
        labels = trainable(pool, snapshot.live, snapshot.label_ids)
        plain = plain_accuracy(heads, tested, labels, snapshot.label_ids, adaptive=scored, between=between)
        normalised = normalisation_report(published.decision, plain, folds=normalised_folds(heads, tested, labels))
        probabilities = cross_fitted_probabilities(heads, tested, labels, snapshot.label_ids)
        calibration = calibration_report(probabilities, tested.y, tested.folds)
        speakers = {pool.speakers[clip] for clip in tested.clip_ids} - {None}
        told = {**report_of(scored, tested, pool, snapshot.label_names), **normalised, "calibration": calibration}
        with self._project.write(Turn.LEARNING) as session:
            record_evaluation(
                session,
                published.run_id,
                ua=None if scored is None else scored.ua.value,
                ua_low=None if scored is None else scored.ua.low,
                ua_high=None if scored is None else scored.ua.high,
                wa=None if scored is None else scored.wa,
                slice_clips=len(tested.clip_ids),
                speakers=len(speakers),
                report=told,
                points=traced.points,
            )

    def _record_suspects(self, published: Published) -> None:
        """For the Review page."""
        # What judges labels takes a second to load; a project without labels needs none of it.
        from learner.label_quality.report import doubted_labels

        snapshot = published.snapshot
        found = doubted_labels(published.pool, snapshot.live, snapshot.label_ids, most=SUSPECTS)
        with self._project.write(Turn.LEARNING) as session:
            record_suspects(session, published.run_id, found)

    def _heads_for(self, pool: Pool) -> FoldHeads:
        if self._fold_heads is None or self._fold_heads.pool is not pool:
            self._fold_heads = FoldHeads(pool, C=self._project.settings.head_c)
        return self._fold_heads
