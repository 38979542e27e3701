"""A simulation from end to end: cells of every strategy and seed, and their summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from db.errors import LearnerError
from learner.corpora.corpus import Corpus
from learner.progress import Watch
from learner.query.strategies import DEFAULT, RANDOM
from learner.simulation.cell_cache import cached_cells
from learner.simulation.cells import FULL, Cell, WantedCell
from learner.simulation.replay import Annotating
from learner.simulation.summary import summary

STRATEGIES = (DEFAULT, "margin", RANDOM)
"""What is compared by default."""


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    how: Annotating
    """Of each strategy in turn; its own `strategy` counts for nothing."""
    strategies: Sequence[str] = STRATEGIES
    seeds: int = 10
    held_out: float = 0.2
    """Share of the clips, in whole speakers, for the true score."""
    estimates: bool = False


def compare_strategies(corpus: Corpus, plan: Plan, *, cache: Path, jobs: int = 1, watch: Watch) -> dict[str, Any]:
    """The report as JSON values; see `learner.simulation.summary.summary`. Random is always among the strategies.

    Args:
        cache: folder that keeps cells.
        jobs: processes.

    Raises:
        FeatureError: the cache cannot be written to.
        LearnerError: a strategy is unknown or fails, or there is nothing to hold out.
    """
    if len({*corpus.speakers}) == 1 and None not in corpus.speakers:
        raise LearnerError("All clips are of one speaker, so none can be held out; give clips of at least two speakers.")
    names = list(dict.fromkeys([*plan.strategies, RANDOM]))
    full = replace(Annotating(), strategy=FULL, head_c=plan.how.head_c)
    wanted = [WantedCell(full, seed, plan.held_out) for seed in range(plan.seeds)]
    for name in names:
        how = replace(plan.how, strategy=name)
        wanted += [WantedCell(how, seed, plan.held_out, plan.estimates) for seed in range(plan.seeds)]
    with watch("simulate", "cell") as moved:
        cells = cached_cells(corpus, wanted, cache=cache, jobs=jobs, progress=moved)
    parts = [cells[start : start + plan.seeds] for start in range(0, len(cells), plan.seeds)]
    by_name: dict[str, Sequence[Cell]] = dict(zip(names, parts[1:], strict=True))
    how = plan.how
    return {
        **summary(by_name, parts[0]),
        "clips": len(corpus.label_of),
        "labels": corpus.label_names,
        "speakers": len({*corpus.speakers} - {None}),
        "pool": parts[0][0].labels[-1],
        "seeds": plan.seeds,
        "budget": how.budget,
        "batch": how.batch,
        "noise": how.noise,
        "random_share": how.random_share,
        "held_out": plan.held_out,
        "annotators": how.annotators,
        "slow": how.slow,
    }
