"""The summary of a simulation's cells: what is computed over seeds, and how sure it is."""

from __future__ import annotations

import numpy as np

from learner.simulation.cells import Cell
from learner.simulation.summary import summary


def test_labels_saved_have_an_interval_over_seeds() -> None:
    labels = list(range(10, 210, 10))
    rng = np.random.default_rng(4)

    def cells(needed: float, *, spread: float) -> list[Cell]:
        """UA rises to .8 with `needed` labels, and a little more or less with each seed."""
        shares = needed * np.exp(rng.normal(0, spread, 20))
        return [Cell(labels, [float(0.8 * (1 - np.exp(-3 * n / share))) for n in labels]) for share in shares]

    full = [Cell([200], [0.8])] * 20
    sure = summary({"random": cells(150, spread=0.05), "default": cells(75, spread=0.05)}, full)
    unsure = summary({"random": cells(150, spread=0.6), "default": cells(75, spread=0.6)}, full)
    ratios = [found["strategies"]["default"]["labels_to_95_over"] for found in (sure, unsure)]
    for ratio in ratios:
        assert ratio["low"] <= 0.5 <= ratio["high"]
        assert ratio["low"] <= ratio["ratio"] <= ratio["high"]
    assert ratios[0]["high"] - ratios[0]["low"] < ratios[1]["high"] - ratios[1]["low"]
    assert "labels_to_95_over" not in sure["strategies"]["random"]
