"""Prints the tables in docs/many-corpora.md: how often Almost Stochastic Order names a winner where nothing differs, and how
often its bound holds.

    python -m benchmarks.studies.stochastic_order

Scores of runs are drawn from normal distributions: the same one for both sides, and two whose means lie one deviation apart. This
is done thousands of times, for several numbers of runs and thresholds.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from learner.evaluation.significance.stochastic_order import almost_stochastic_order

RUNS = (3, 5, 10, 20)
WAYS = ((0.5, 1), (0.2, 1), (0.2, 4), (0.2, 26))
"""Threshold, and how many corpora are compared."""
TRIALS = 2000
RESAMPLES = 300
SEED = 20
MEAN, WIDTH = 0.5, 3.0
"""Of the distribution that is compared with the standard normal one."""


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


def covered(*, runs: int, draws: int = 200) -> tuple[float, float]:
    """Where the ratio is known: the mean of the measured ratios, and how often the bound is at or above the known one."""
    found = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        found.append(almost_stochastic_order(rng.normal(MEAN, WIDTH, runs), rng.normal(0, 1, runs), resamples=RESAMPLES))
    return float(np.mean([order.ratio for order in found])), float(np.mean([order.bound >= known_ratio() for order in found]))


def known_ratio() -> float:
    """Of N(MEAN, WIDTH) over N(0, 1): the gap of their quantile functions is normal, too, with the deviation WIDTH - 1."""
    width = WIDTH - 1
    squares = MEAN**2 + width**2
    return float((squares * stats.norm.cdf(-MEAN / width) - MEAN * width * stats.norm.pdf(MEAN / width)) / squares)


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
    print(f"\nRatio {known_ratio():.3f} is known.\n\n| runs of each | mean ratio | the bound holds |\n| ---: | ---: | ---: |")
    for runs in (3, 5, 10, 20, 200):
        mean_ratio, holds = covered(runs=runs)
        print(f"| {runs} | {mean_ratio:.3f} | {holds:.0%} |")
