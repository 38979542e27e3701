"""Which labels a head can learn from."""

from __future__ import annotations

from collections.abc import Sequence

from db.decisions.log import LiveDecision
from learner.dataset.label_aggregation import TrainingLabels, training_labels
from learner.dataset.pool import Pool


def trainable(pool: Pool, live: Sequence[LiveDecision], label_ids: Sequence[int]) -> TrainingLabels:
    """The labels that a head can learn from: those in use, of clips with features."""
    aggregated = training_labels(live)
    labels = {clip: label for clip, label in aggregated.items() if label in label_ids}
    has = pool.features.has(list(labels))
    found = aggregated.only([clip for clip, there in zip(labels, has, strict=True) if there])
    found.set_aside = {decision.clip_id for decision in live} - labels.keys()
    return found
