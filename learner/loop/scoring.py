"""The second half of a pass: score a published run on the random slice, and record what follows from the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from db.decisions.consensus import consensus_labels
from db.decisions.log import LiveDecision
from db.errors import LearnerError
from db.models import Run
from db.project import OpenProject
from db.records.clip_changes import withdrawn_clips
from db.records.runs import past_prefixes, record_evaluation, record_outlook, record_suspects, record_team
from db.reports import LabelShare, NewSpeakers, TeamReport, WaitingFor
from db.serving.random_slice import Waiting, blind_answers, encoder_knows_from, slice_answers, slice_clip_ids, what_is_waited_for
from db.store.engine import Turn
from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted_probabilities, normalised_folds, worded_folds
from learner.evaluation.curve import Traced, distinct_prefixes, thinned, traced_curve
from learner.evaluation.new_speakers import new_speakers
from learner.evaluation.report import plain_accuracy, run_report, sound_accuracy
from learner.evaluation.shares import label_shares
from learner.loop.heartbeat import Reporter
from learner.loop.publishing import Published
from learner.outlook.handmade_baseline import HandmadeBaseline
from learner.outlook.outlook import Outlook, Scored
from learner.progress import Progress
from learner.query.ranked_queue import scored_chunks
from learner.search.likely import forget_likely, most_likely, read_likely, write_likely
from learner.search.predicted import PredictionsKept

_KNOWS_SPEAKERS = (
    "the encoder was fine-tuned on labels of this project: of no clip of the random slice, but of other clips by its speakers"
)
SUSPECTS = 200
"""Doubted labels that a run lists."""


class Scorer:
    """Scores the runs of one project; keeps the heads of folds from one run to the next."""

    def __init__(self, project: OpenProject, reporter: Reporter) -> None:
        self._project = project
        self._reporter = reporter
        self._fold_heads: FoldHeads | None = None
        self._C = project.settings.head_c
        self._team: tuple[tuple[int, int, tuple[int, ...]], TeamReport] | None = None
        """The comparison of annotators, and what it was read from: it depends on the decisions alone."""
        self._baseline = HandmadeBaseline(project)
        self._outlook = Outlook(self._baseline, C=self._C)

    def is_scored(self, run_id: int) -> bool:
        """Whether the run has its scores and its outlook."""
        with self._project.read() as session:
            run = session.get_one(Run, run_id)
            return run.evaluated_at is not None and run.report.outlook is not None

    def score(self, published: Published, *, progress: Progress) -> None:
        """Score the run and all points of the curve on the random slice, and record both; then the outlook.

        Args:
            progress: see `learner.progress.Progress`; called every few milliseconds to seconds.
        """
        pool, snapshot = published.pool, published.snapshot
        self._use(published.C)
        if self._reporter.state != "evaluating":
            self._reporter.report("evaluating", f"run {published.run_id}")
        self._list_likely(published)
        with self._project.read() as session:
            in_slice = slice_clip_ids(session, answered=blind_answers(snapshot.live))
            waiting, encoder_knows = what_is_waited_for(session), encoder_knows_from(session) is not None
            past = [prefix for prefix in past_prefixes(session) if prefix <= snapshot.last_decision_id]
            has_scores = session.get_one(Run, published.run_id).evaluated_at is not None
        # Some labels were given with the classifier's prediction in view, or because it contradicted an earlier label. Heads can
        # learn from these labels, but accuracy cannot be measured on them.
        slice_labels = consensus_labels(slice_answers(snapshot.live))
        tested = Slice.of(pool, in_slice, slice_labels, snapshot.label_ids)
        prefixes = thinned(distinct_prefixes(snapshot.live, past))
        heads = self._heads_for(pool)
        traced = traced_curve(heads, tested, snapshot.live, prefixes, snapshot.label_ids, progress=progress)
        if not has_scores:
            of_slice = _of_slice(published, in_slice, slice_labels, waiting)
            if encoder_knows:
                of_slice["new_speakers"] = NewSpeakers(known=False, why=_KNOWS_SPEAKERS)
            self._record(published, tested, traced, heads, of_slice, progress=progress)
        self._record_suspects_and_team(published)
        scored = Scored(pool, snapshot.live, snapshot.label_ids, snapshot.label_names, tested, slice_labels, traced)
        outlook = self._outlook.of(scored, progress=progress)
        with self._project.write(Turn.LEARNING) as session:
            record_outlook(session, published.run_id, outlook)
            self._reporter.report_in(session, "waiting")

    def _use(self, C: float) -> None:
        """Forget the heads of folds if the settings have another C by now."""
        if self._C != C:
            self._C, self._fold_heads, self._outlook = C, None, Outlook(self._baseline, C=C)

    def mend_likely(self, published: Published) -> None:
        """Write the likely clips of a run that is scored already again, where they cannot be read any more."""
        try:
            listed = read_likely(self._project.heads_dir)
        except LearnerError:
            listed = None
        if listed is None or listed.run_id != published.run_id:
            self._list_likely(published)

    def _list_likely(self, published: Published) -> None:
        """Write the likely clips for the app's grid. The queue was published first, because somebody may be waiting for it."""
        head, pool = published.head, published.pool
        if head is None or len(head.classes_) < 2:
            forget_likely(self._project.heads_dir)
            return
        with self._project.read() as session:
            # Those that were withdrawn since the run began: a prediction would stay in a file.
            withdrawn = withdrawn_clips(session)
        rows = pool.unanswered(published.snapshot.live) & ~np.isin(pool.features.clip_ids, withdrawn)
        chunks = scored_chunks(pool, head, rows)
        kept = PredictionsKept(head.classes_.tolist())
        likely = most_likely(kept.noted(chunks), run_id=published.run_id, label_ids=head.classes_.tolist())
        write_likely(self._project.heads_dir, likely)
        kept.write(self._project.heads_dir, published.run_id)

    def _record(
        self,
        published: Published,
        tested: Slice,
        traced: Traced,
        heads: FoldHeads,
        of_slice: Mapping[str, Any],
        *,
        progress: Progress,
    ) -> None:
        pool, snapshot, scored = published.pool, published.snapshot, traced.newest
        labels = trainable(pool, snapshot.live, snapshot.label_ids)
        hit = traced.hits[-1] if len(traced.hits) else np.zeros(0, dtype=np.bool_)
        plain = plain_accuracy(heads, tested, labels, snapshot.label_ids, adaptive=scored, progress=progress)
        sound = sound_accuracy(heads, tested, labels, snapshot.label_ids, progress=progress)
        report = run_report(
            scored,
            tested,
            pool,
            snapshot.label_ids,
            snapshot.label_names,
            labels=_shown(snapshot.live, labels),
            probabilities=cross_fitted_probabilities(heads, tested, labels, snapshot.label_ids),
            choice=published.choice,
            normalised_folds=normalised_folds(heads, tested, labels),
            worded_folds=worded_folds(heads, tested, labels),
            plain=plain,
            sound=sound,
            new_speakers=new_speakers(tested, hit, pool, labels=len(snapshot.label_ids)),
        ).model_copy(update=of_slice)
        speakers = {pool.speakers[clip] for clip in tested.clip_ids} - {None}
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
                report=report,
                points=traced.points,
            )

    def _record_suspects_and_team(self, published: Published) -> None:
        """Record the doubted labels for the Review page, and how the annotators compare."""
        # The modules that judge labels take a second to load; a project without labels does not need them.
        from learner.label_quality.report import doubted_labels
        from learner.label_quality.team import team_report

        snapshot = published.snapshot
        found = doubted_labels(published.pool, snapshot.live, snapshot.label_ids, most=SUSPECTS)
        read = (snapshot.last_decision_id, snapshot.label_change, tuple(snapshot.label_ids))
        if self._team is None or self._team[0] != read:
            self._team = read, team_report(snapshot.live, snapshot.label_ids)
        with self._project.write(Turn.LEARNING) as session:
            record_suspects(session, published.run_id, found)
            record_team(session, published.run_id, self._team[1])

    def _heads_for(self, pool: Pool) -> FoldHeads:
        if self._fold_heads is None or self._fold_heads.pool is not pool:
            self._fold_heads = FoldHeads(pool, C=self._C)
        return self._fold_heads


def _shown(live: Iterable[LiveDecision], learned: Mapping[int, int]) -> dict[int, int]:
    """The labels that people see of the clips that the run learned from.

    Where answers differ, it may have learned another label: pages would count other examples of each label than exports.
    """
    return {clip: label for clip, label in consensus_labels(live).items() if clip in learned}


def _of_slice(
    published: Published, in_slice: list[int], slice_labels: dict[int, int], waiting: Waiting | None
) -> dict[str, dict[str, LabelShare] | WaitingFor | NewSpeakers | None]:
    """What a run reports about the random slice itself."""
    snapshot, clips = published.snapshot, published.pool.in_service
    held_up = None
    if waiting is not None:
        open_clips = [clip.clip_id for clip in waiting.clips]
        held_up = WaitingFor(open_clips=open_clips, answered_behind=waiting.answered_behind)
    shares = label_shares(in_slice, slice_labels, snapshot.label_ids, snapshot.label_names, pool=clips)
    return {"shares": shares, "waiting": held_up}
