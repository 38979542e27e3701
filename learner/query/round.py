"""Trains heads on the decisions that stand, and ranks the queue with them; nothing here touches the database.

The live learner and `learner.simulation` both call this module, so that a simulation does exactly what the learner does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.decisions.log import LiveDecision
from db.models import Source
from db.serving.ranked_queue import QueueItem
from learner.dataset.examples import Examples
from learner.dataset.pool import Pool
from learner.dataset.trainable import trainable
from learner.heads.fitting import fitted_head
from learner.heads.linear import LOGISTIC
from learner.heads.normalisation import NO_LABELS, InputChoice
from learner.heads.words import choose_inputs
from learner.query.ranked_queue import QueryLabels, QueueRequest, ranked_queue


@dataclass(frozen=True)
class Trained:
    """Both heads of a run."""

    used: QueryLabels
    """Trained on every label. It is evaluated and stored, and it predicts the likely label."""
    choice: InputChoice
    """Whether `used` normalises by speaker, and uses words."""
    query: QueryLabels
    """Trained without the labels of the random slice; it ranks. It is always logistic regression: on clips that were not drawn at
    random, discriminant analysis mistakes their peculiarities for properties of the labels, and its queries are no better."""


def trained(pool: Pool, live: Sequence[LiveDecision], label_ids: Sequence[int], *, C: float) -> Trained:
    """The heads for these decisions.

    Args:
        live: the decisions that stand.
        label_ids: of the active labels.
        C: inverse regularisation strength.
    """
    used, choice = _fitted(pool, live, label_ids, C=C)
    query_live = query_decisions(live)
    same = len(query_live) == len(live) and (used.head is None or used.head.method == LOGISTIC)
    query = used if same else _fitted(pool, query_live, label_ids, C=C, method=LOGISTIC)[0]
    return Trained(used, choice, query)


def ranked(
    pool: Pool, found: Trained, live: Sequence[LiveDecision], label_ids: Sequence[int], *, strategy: str, size: int, seed: int
) -> list[QueueItem]:
    """The queue of clips that nobody has answered, best first.

    Args:
        strategy: the project's.
        size: how many at most.
        seed: of everything that is drawn at random.

    Raises:
        LearnerError: the strategy is unknown or fails.
    """
    request = QueueRequest(
        rows=pool.unanswered(live),
        size=size,
        strategy=strategy,
        labels=len(label_ids),
        seed=seed,
    )
    return ranked_queue(pool, request, query=found.query, used=found.used.head)


def query_decisions(live: Sequence[LiveDecision]) -> list[LiveDecision]:
    """Those that the query head may learn from: none of a clip that somebody answered for the random slice."""
    random = {decision.clip_id for decision in live if Source.RANDOM in (decision.source, decision.queued_as)}
    return [decision for decision in live if decision.clip_id not in random]


def _fitted(
    pool: Pool, decisions: Sequence[LiveDecision], label_ids: Sequence[int], *, C: float, method: str | None = None
) -> tuple[QueryLabels, InputChoice]:
    """A head for these decisions; whether it normalises by speaker or uses words is decided on them alone."""
    examples = Examples.of(trainable(pool, decisions, label_ids))
    if not len(examples.y):
        return QueryLabels(examples, None), NO_LABELS
    vectors = pool.features.rows(examples.clip_ids)
    choice = choose_inputs(pool, examples.clip_ids, examples.y, vectors)
    normalisation, words = choice.normalisation, choice.words
    head = fitted_head(pool, examples, vectors, C=C, normalisation=normalisation, words=words, method=method)
    return QueryLabels(examples, head), choice
