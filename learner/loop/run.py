"""The background learner: notices new decisions, trains, publishes the queue, evaluates, waits.

The queue always goes first: while an evaluation is under way, new decisions are looked for after every training of a fold, and a
new queue is published in between. The evaluation then goes on, so that it ends however fast people label.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from db.decisions.log import newest_decision_id
from db.errors import EarmarkError, LearnerError
from db.project import OpenProject
from db.records.label_history import newest_change_id
from db.records.runs import latest_run_id
from db.store.change_watch import ChangeWatch
from db.store.failures import failure_of
from learner.dataset.pool import PoolSignature
from learner.dataset.project_pool import pool_signature
from learner.loop.embedding import Embedding
from learner.loop.heartbeat import Reporter
from learner.loop.lock import learner_lock
from learner.loop.mapping import Mapper
from learner.loop.publishing import Published, Publisher
from learner.loop.scoring import Scorer
from learner.loop.words import WordEmbedding
from learner.progress import Progress, unseen

LOG = logging.getLogger("earmark.learner")
"""Its records are events: a name, and values in `fields`."""
NO_FEATURES = "no features yet: run earmark embed"
POOL_SECONDS = 2.0
"""Between two looks at whether clips or features came or went."""
POOL_SECONDS_EMBEDDING = 30.0
"""The same while features come all the time: each look would end in a new training."""
STRETCH_SECONDS = 30.0
"""So long features are made before a run is scored that waits for it."""
MOST_FAILURES = 6
"""Failures of the database in a row after which the learner gives up."""
IDLE_SECONDS = 3.0
"""Nothing new for so long, and the map of clips may be made: the next answer is then unlikely to come within the next second."""
FIRST_PAUSE = 0.5
"""Seconds after the first failure; twice as long after each further one."""

_LearnsWith = tuple[float, str, int, str | None]
_Look = tuple[int, int, PoolSignature | None, _LearnsWith]
"""What a pass depends on: newest decision, newest change of the label set, pool, settings."""


class _Stopped(Exception):  # noqa: N818 (no error)
    """The learner was asked to stop in mid-evaluation."""


def learn_once(project: OpenProject, *, progress: Progress = unseen) -> int | None:
    """One full pass: train, publish the queue, evaluate. Does nothing that the newest run has done already.

    Args:
        progress: called while the run is scored, with heads trained and to train for one part of it after the other.

    Returns:
        The id of the newest run, or None when no clip has features yet.

    Raises:
        LearnerError: another learner is running, or the project's strategy fails.
        FeatureError: the features are damaged.
    """
    with learner_lock(project):
        reporter = Reporter(project)
        publisher, scorer = Publisher(project, reporter), Scorer(project, reporter)
        try:
            reporter.report("starting")
            published = publisher.publish()
            if published is not None and scorer.is_scored(published.run_id):
                scorer.mend_likely(published)
            elif published is not None:
                scorer.score(published, progress=progress)
        except EarmarkError as error:
            reporter.report("stopped", error=str(error))
            raise
        except DBAPIError as error:
            raise _database_failed(error) from error
        except KeyboardInterrupt:
            reporter.report("stopped")
            raise
        reporter.report("stopped", NO_FEATURES if published is None else "")
    return None if published is None else published.run_id


def run_learner(
    project: OpenProject,
    *,
    embeds: bool = False,
    poll_seconds: float = 0.25,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Learn until `should_stop` says so; it is asked at every poll and after every training of a fold.

    Args:
        embeds: make the features that clips lack, too, unless a lead has paused it.
        poll_seconds: between two looks at whether there are new decisions.
        should_stop: as a signal handler would set it.

    Raises:
        LearnerError: another learner is running, the strategy fails, or the database fails again and again.
        FeatureError: the features are damaged.
    """
    with learner_lock(project), ChangeWatch(project.engine) as watch, Reporter(project, watch=watch) as reporter:
        loop = _Loop(project, reporter, watch, should_stop, embeds=embeds)
        failures = 0
        try:
            while not should_stop():
                try:
                    loop.step()
                    failures = 0
                except DBAPIError as error:
                    failures += 1
                    failure = failure_of(error)
                    LOG.warning("database_failed", extra={"fields": {"kind": failure.kind.name.lower(), "in_a_row": failures}})
                    _wait_or_give_up(failures, error, should_stop)
                _sleep(poll_seconds, should_stop)
        except _Stopped:
            pass
        except EarmarkError as error:
            reporter.report("crashed", error=str(error))
            raise
        reporter.report("stopped")


def _wait_or_give_up(failures: int, error: DBAPIError, should_stop: Callable[[], bool]) -> None:
    if failures >= MOST_FAILURES:
        raise _database_failed(error, f" {failures} times in a row") from error
    _sleep(FIRST_PAUSE * 2 ** (failures - 1), should_stop)


def _database_failed(error: DBAPIError, often: str = "") -> LearnerError:
    failure = failure_of(error)
    return LearnerError(f"The database failed{often} ({failure.reason}): {failure.clause}")


def _sleep(seconds: float, should_stop: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not should_stop() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.25))


class _Loop:
    """What the running learner knows of the past: what it has seen, and which evaluation is still to do."""

    def __init__(
        self,
        project: OpenProject,
        reporter: Reporter,
        watch: ChangeWatch,
        should_stop: Callable[[], bool],
        *,
        embeds: bool = False,
    ) -> None:
        self._project = project
        self._reporter = reporter
        self._watch = watch
        self._should_stop = should_stop
        self._publisher = Publisher(project, reporter)
        self._scorer = Scorer(project, reporter)
        self._embedding = Embedding(project, reporter, watch=watch) if embeds else None
        self._words = WordEmbedding(project, reporter) if embeds else None
        self._embedding_since: float | None = None
        self._seen: _Look | None = None
        self._pool_signature: PoolSignature | None = None
        self._pool_looked_at = -POOL_SECONDS
        self._version: int | None = None
        """Of the database, when all that a pass depends on was as it is in `_seen`."""
        self._looked_at = 0.0
        self._to_score: Published | None = None
        self._mapper = Mapper(project)
        self._newest: Published | None = None
        self._news_at = time.monotonic()
        """When a queue was published or a run scored last."""

    def step(self) -> None:
        """Publish if anything is new, then evaluate what is published, then make features that are missing."""
        self._publish_if_new()
        while self._to_score is not None:
            published = self._to_score
            # After a failure it may have been recorded all the same.
            if not self._scorer.is_scored(published.run_id):
                began = time.monotonic()
                self._scorer.score(published, progress=self._between)
                seconds = round(time.monotonic() - began, 3)
                LOG.info("run_scored", extra={"fields": {"run": published.run_id, "seconds": seconds}})
            # A newer run may have been published meanwhile.
            if self._to_score.run_id == published.run_id:
                self._to_score = None
            self._news_at = time.monotonic()
        if self._embedding is not None and self._words is not None:
            self._embedding_since = time.monotonic()
            try:
                self._words.stretch(self._between_batches)
                self._embedding.stretch(self._between_batches)
            finally:
                self._embedding_since = None
        if self._newest is not None and time.monotonic() - self._news_at >= IDLE_SECONDS:
            self._mapper.draw_if_due(self._newest, go_on=self._still_idle)

    def _still_idle(self) -> bool:
        """Whether the map may be made: nobody asks to stop, and nothing is new."""
        if self._should_stop():
            raise _Stopped
        self._publish_if_new()
        return time.monotonic() - self._news_at >= IDLE_SECONDS

    def _publish_if_new(self) -> None:
        # First, so that what is written while we look is looked at next time.
        version = self._watch.version()
        if version is not None and version == self._version and self._seen is not None and self._seen[-1] == self._learns_with():
            return
        now = self._look()
        if now != self._seen:
            self._publish()
        # Last, so that a failure is tried again; decisions that came meanwhile are newer than `now` and seen next time.
        self._seen = now
        if self._pool_looked_at == self._looked_at:
            self._version = version

    def _publish(self) -> None:
        began, before = time.monotonic(), self._known_run()
        published = self._newest = self._publisher.publish()
        self._news_at = time.monotonic()
        if published is not None and published.run_id != before:
            labels, seconds = len(published.snapshot.live), round(self._news_at - began, 3)
            LOG.info("run_published", extra={"fields": {"run": published.run_id, "labels": labels, "seconds": seconds}})
        if published is None:
            self._reporter.report("waiting", NO_FEATURES)
        elif self._scorer.is_scored(published.run_id):
            self._scorer.mend_likely(published)
            self._reporter.report("waiting")
        else:
            self._to_score = published

    def _known_run(self) -> int | None:
        """The newest run so far, perhaps of an earlier process."""
        if self._newest is not None:
            return self._newest.run_id
        with self._project.read() as session:
            return latest_run_id(session)

    def _learns_with(self) -> _LearnsWith:
        """The settings that a run depends on, which may change at any time."""
        settings = self._project.settings
        return settings.head_c, settings.strategy, settings.queue_size, settings.text_encoder

    def _look(self) -> _Look:
        """What a pass depends on. Decisions and labels are looked at every time; clips and features cost more and can wait."""
        self._looked_at = time.monotonic()
        with self._project.read() as session:
            if self._looked_at - self._pool_looked_at >= self._pool_seconds():
                self._pool_signature = pool_signature(session, text_encoder=self._project.settings.text_encoder)
                self._pool_looked_at = self._looked_at
            return newest_decision_id(session), newest_change_id(session), self._pool_signature, self._learns_with()

    def _pool_seconds(self) -> float:
        is_filling = self._embedding_since is not None and self._pool_signature is not None
        return POOL_SECONDS_EMBEDDING if is_filling else POOL_SECONDS

    def _between_batches(self) -> bool:
        """After each batch of clips that got features: let new decisions through; whether a run has waited long to be scored."""
        if self._should_stop():
            raise _Stopped
        if time.monotonic() - self._looked_at >= 0.25:
            self._publish_if_new()
        assert self._embedding_since is not None
        return self._to_score is not None and time.monotonic() - self._embedding_since >= STRETCH_SECONDS

    def _between(self, done: int, total: int) -> None:
        """After each training of a fold: stop if asked to, and let new decisions through."""
        if self._should_stop():
            raise _Stopped
        self._reporter.progress(done, total)
        if time.monotonic() - self._looked_at >= 0.25:
            self._publish_if_new()
