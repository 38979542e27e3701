"""One simulated project from the first answer to the last.

Heads, ranking, the share of random clips, the slice and what the asking head may learn from are the live learner's own functions.
Only the clock, the database and the annotators are made up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from db.decisions.log import LiveDecision
from db.models import Answer, Source
from db.serving.mixing import Share, mixed
from db.serving.random_slice import answered_prefix, blind_answers
from db.serving.ranked_queue import QueueItem
from learner.query.round import Trained, ranked, trained
from learner.simulation.simulated_project import SimulatedProject

QUEUE_SIZE = 200
"""Clips that are ranked at a time: more than are served before the next ranking."""


@dataclass(frozen=True)
class Annotating:
    """How a simulated project is labelled.

    The learner ranks anew whenever `batch` answers have come. An annotator takes `batch` clips at a time, and takes the next ones
    when these are answered, so that with several annotators most answer clips of an older ranking.
    """

    strategy: str = "default"
    budget: int = 500
    """Answers, or all clips if they are fewer."""
    batch: int = 10
    noise: float = 0.0
    """Share of answers that are one of the wrong labels, by chance."""
    random_share: float = 0.2
    head_c: float = 0.1
    annotators: int = 1
    slow: float = 1.0
    """How many times as long as the others the last annotator takes for a clip."""


@dataclass(frozen=True)
class Stage:
    """A project after so many answers."""

    live: list[LiveDecision]
    """The whole log, in order: decision ids count from 1. The source of each is why its clip was served."""
    heads: Trained
    """Trained on this log."""
    slice_clips: list[int]
    """The random slice, in key order."""

    @property
    def answers(self) -> int:
        """How many there are."""
        return len(self.live)


def replay(project: SimulatedProject, how: Annotating, *, seed: int) -> Iterator[Stage]:
    """Every ranking of the learner from the first answers until the budget, or the clips, are used up.

    The last stage has all answers. What is yielded is not changed later, and may be kept.

    Args:
        seed: of wrong answers and of strategies that draw.

    Raises:
        LearnerError: the strategy is unknown or fails.
    """
    desk = _Desk(project, how, seed)
    budget = min(how.budget, len(project.in_key_order))
    live: list[LiveDecision] = []
    while True:
        heads = trained(project.pool, live, project.label_ids, C=how.head_c)
        if live:
            blind = blind_answers(live)
            yield Stage(list(live), heads, answered_prefix(project.in_key_order, answered=blind))
        if len(live) >= budget:
            return
        queue = ranked(
            project.pool,
            heads,
            live,
            project.label_ids,
            strategy=how.strategy,
            # What others hold is skipped.
            size=QUEUE_SIZE + how.batch * how.annotators,
            seed=seed * 1_000_003 + len(live),
        )
        desk.publish(queue)
        for _ in range(min(how.batch, budget - len(live))):
            decision = desk.answer(len(live) + 1)
            if decision is None:
                return
            live.append(decision)


class _Desk:
    """Annotators with the clips that they have taken."""

    def __init__(self, project: SimulatedProject, how: Annotating, seed: int) -> None:
        self._project = project
        self._how = how
        self._rng = np.random.default_rng([20_212, seed])
        self._queue: list[QueueItem] = []
        self._out: set[int] = set()
        """Clips that were served, answered or not."""
        self._share = Share(random=0, total=0, share=how.random_share)
        self._taken: dict[int, list[QueueItem]] = {annotator: [] for annotator in range(1, how.annotators + 1)}
        self._ready = [(self._seconds(annotator), annotator) for annotator in self._taken]
        heapq.heapify(self._ready)

    def _seconds(self, annotator: int) -> float:
        """Until the next answer, in any unit; all equal but for the slow one's."""
        slow = self._how.slow if annotator == self._how.annotators else 1.0
        return slow * float(self._rng.uniform(0.9, 1.1))

    def publish(self, queue: list[QueueItem]) -> None:
        self._queue = queue

    def answer(self, decision_id: int) -> LiveDecision | None:
        """The next answer of whoever is ready first; None when there are no clips left."""
        while self._ready:
            now, annotator = heapq.heappop(self._ready)
            if not self._taken[annotator]:
                self._taken[annotator] = self._serve()
            if self._taken[annotator]:
                heapq.heappush(self._ready, (now + self._seconds(annotator), annotator))
                return self._decided(self._taken[annotator].pop(0), annotator, decision_id)
        return None

    def _serve(self) -> list[QueueItem]:
        queue = (item for item in self._queue if item.clip_id not in self._out)
        keys = (clip for clip in self._project.in_key_order if clip not in self._out)
        owed = (QueueItem(clip_id=clip, source=Source.RANDOM, score=None, predicted_id=None) for clip in keys)
        served = mixed(queue, owed, self._share, limit=self._how.batch)
        self._out.update(item.clip_id for item in served)
        return served

    def _decided(self, item: QueueItem, annotator: int, decision_id: int) -> LiveDecision:
        label = self._project.truth[item.clip_id]
        if self._rng.random() < self._how.noise:
            label = int(self._rng.choice([other for other in self._project.label_ids if other != label]))
        return LiveDecision(
            id=decision_id,
            uuid=f"simulated-{decision_id}",
            clip_id=item.clip_id,
            annotator_id=annotator,
            answer=Answer.LABEL,
            label_id=label,
            source=item.source,
            queued_as=item.source,
            gold=False,
            suggestion_shown=False,
            created_at=float(decision_id),
        )
