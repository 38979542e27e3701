"""Query strategies: which clips to label next, in modAL's form `(learner, X, n_instances, …) -> (indices, metrics)`.

The strategies here rank by the uncertainty measures of modAL. A project may name any other function by its import path; its
result is checked. It is called directly, because `ActiveLearner.query` would run a failing function twice. modAL fits no head,
because its `teach` does not work with current scikit-learn. modAL imports torch where it is installed; so modAL is imported only
for projects that use it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from db.errors import LearnerError
from learner.arrays import Float32Array, Float64Array, Int64Array
from learner.heads.linear import LinearHead
from learner.query.badge import badge
from learner.query.batch_diversity import density_weighted, margin_diversity
from learner.query.committee import committee

DEFAULT, RANDOM = "default", "random"
K_MEANS, TYPICALITY = "k-means", "typicality"
RARE_CLASS = "rare-class"
"""Names that `learner.query.ranked_queue` handles itself: the schedule, random order, two that use clusters alone, and the
search for labels with few examples."""

CHUNK = 4096


class QueryStrategy(Protocol):
    """A strategy as modAL calls it; older strategies return bare indices."""

    def __call__(self, learner: Any, X: Any, n_instances: int = 1, **options: Any) -> Any:
        """Indices of the `n_instances` rows of X to label, most wanted first, and how much each is wanted."""


@dataclass(frozen=True)
class Chosen:
    """Rows of X, most wanted first, with their metric where the strategy gave one for each."""

    indices: Int64Array
    metrics: Float64Array | None


def _by(measure: str, *, ascending: bool = False) -> QueryStrategy:
    """Ranks by one of modAL's measures of uncertainty, chunk by chunk."""

    def strategy(learner: Any, X: Any, n_instances: int = 1, **options: Any) -> tuple[Int64Array, Float64Array]:
        measured: Callable[..., Any] = getattr(importlib.import_module("modAL.uncertainty"), measure)
        values = np.concatenate([np.asarray(measured(learner, chunk, **options), dtype=np.float64) for chunk in _chunks(X)])
        order = np.argsort(values if ascending else -values, kind="stable")[:n_instances]
        return order.astype(np.int64), values[order]

    return strategy


def _chunks(X: Any) -> Iterator[Any]:
    for start in range(0, len(X), CHUNK):
        yield X[start : start + CHUNK]


least_confidence = _by("classifier_uncertainty")
margin = _by("classifier_margin", ascending=True)
entropy = _by("classifier_entropy")

MEASURED: dict[str, QueryStrategy] = {"least-confidence": least_confidence, "margin": margin, "entropy": entropy}
COMBINED: dict[str, QueryStrategy] = {
    "committee": committee,
    "density": density_weighted,
    "margin-diversity": margin_diversity,
    "badge": badge,
}
NAMES = (DEFAULT, RANDOM, K_MEANS, TYPICALITY, RARE_CLASS, *MEASURED, *COMBINED)


def strategy_named(name: str) -> QueryStrategy:
    """The strategy with a built-in name, or an import path such as `modAL.uncertainty:margin_sampling` (a dot works too).

    Raises:
        LearnerError: there is no such strategy.
    """
    if name in MEASURED or name in COMBINED:
        return (MEASURED | COMBINED)[name]
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    known = f"use one of {', '.join(NAMES)} or the import path of a function"
    if not module or not attribute:
        raise LearnerError(f"There is no strategy {name!r}; {known}.")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:  # whatever somebody else's module raises while it is imported
        raise LearnerError(f"The strategy {name!r} cannot be imported ({_brief(error)}); {known}.") from error
    if not callable(found):
        raise LearnerError(f"The strategy {name!r} is not a function; {known}.")
    strategy: QueryStrategy = found
    return strategy


def modal_learner(head: LinearHead, X: Float32Array | None = None, y: Int64Array | None = None) -> Any:
    """A modAL learner around a fitted head. Training data in its constructor would make modAL fit, which fails."""
    from modAL.models import ActiveLearner

    learner = ActiveLearner(estimator=head, query_strategy=margin)
    learner.X_training, learner.y_training = X, y
    return learner


def choose(name: str, learner: Any, X: Any, n_instances: int) -> Chosen:
    """The rows of X that the strategy `name` chooses.

    Raises:
        LearnerError: it cannot be imported, fails, or returns anything but different rows of X.
    """
    strategy = strategy_named(name)
    try:
        result = strategy(learner, X, n_instances=n_instances)
    except Exception as error:  # whatever somebody else's function raises
        raise LearnerError(f"The strategy {name!r} failed ({_brief(error)}); fix it or choose another one.") from error
    indices, metrics = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
    try:
        rows = np.atleast_1d(np.asarray(indices))
        if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer) or len(np.unique(rows)) != len(rows):
            raise ValueError("one list of different whole numbers is needed")
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(X)):
            raise ValueError(f"a row outside 0-{len(X) - 1}")
    except (ValueError, TypeError) as error:
        raise LearnerError(
            f"The strategy {name!r} did not return rows of the pool ({_brief(error)}); it must return (indices, metrics)."
        ) from error
    return Chosen(rows.astype(np.int64), _metrics(metrics, len(rows)))


def _metrics(metrics: Any, count: int) -> Float64Array | None:
    """One number a row, or None: some strategies return the chosen rows themselves, or nothing."""
    try:
        values = np.asarray(metrics, dtype=np.float64)
    except (ValueError, TypeError):
        return None
    return values if values.shape == (count,) and bool(np.isfinite(values).all()) else None


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
