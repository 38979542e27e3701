"""Prints the table in docs/many-corpora.md: how often Almost Stochastic Order names a winner where nothing differs.

    python -m benchmarks.studies.stochastic_order

Scores of runs are drawn from normal distributions: the same one for both sides, and two whose means lie one deviation apart. This
is done thousands of times, for several numbers of runs and thresholds.
"""

from __future__ import annotations

import numpy as np

from learner.evaluation.significance.stochastic_order import almost_stochastic_order

RUNS = (3, 5, 10, 20)
WAYS = ((0.5, 1), (0.2, 1), (0.2, 4), (0.2, 26))
"""Threshold, and how many corpora are compared."""
TRIALS = 2000
RESAMPLES = 300
SEED = 20


def named(*, runs: int, gain: float, threshold: float, comparisons: int, trials: int = TRIALS) -> tuple[float, float]:
    """How often the first is named better, and how often the second.

    Args:
        gain: by how many standard deviations the first is better on average.
    """
    rng, found = np.random.default_rng(SEED), []
    for _ in range(trials):
        one, other = rng.normal(gain, 1, runs), rng.normal(0, 1, runs)
        order = almost_stochastic_order(one, other, threshold=threshold, comparisons=comparisons, resamples=RESAMPLES)
        found.append(order.sign)
    return found.count(1) / trials, found.count(-1) / trials


def table() -> str:
    """As Markdown."""
    lines = [
        "| runs of each | threshold | corpora | names a winner, nothing differs | names the better one, 1 deviation apart |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for runs in RUNS:
        for threshold, comparisons in WAYS:
            wrong = sum(named(runs=runs, gain=0, threshold=threshold, comparisons=comparisons))
            right, _ = named(runs=runs, gain=1, threshold=threshold, comparisons=comparisons)
            lines.append(f"| {runs} | {threshold} | {comparisons} | {wrong:.0%} | {right:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
