"""`python -m benchmarks.studies.finetuning`: does fine-tuning `bundled` beat the head on frozen features?

Every method gets the same labels of the same clips, all of them or 25 of each class, and is scored on the same held-out speakers
(five folds). Writes a table between its markers in docs/fine-tuning.md. EARMARK_CORPORA names the corpora. What a fold and run
gave is kept (EARMARK_CACHE names the folder), so that a stopped study goes on.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from pathlib import Path

from benchmarks.measuring.rows import machine, put_between
from labeler.cli.progress import progress_bar
from learner.corpora.clips import manifest_clips
from learner.corpora.vector_cache import cache_folder
from learner.encoders.base import BUNDLED
from learner.finetuning.experiment import FinetuneSettings, finetune
from learner.finetuning.recipe import FROZEN, METHODS
from learner.finetuning.result import FinetuneResult, paired_difference

DOCS = Path(__file__).resolve().parents[2] / "docs" / "fine-tuning.md"
BEGIN, END = "<!-- finetuning: begin -->", "<!-- finetuning: end -->"
CORPORA = ("emodb", "ravdess")
BUDGETS = {"all": None, "25": 25}
"""Labels to learn from: all of a training fold, or so many of each class."""
FOLDS = "5"


@dataclass(frozen=True)
class Line:
    """One method on one corpus with one budget, beside the frozen head on the same."""

    corpus: str
    budget: str
    result: FinetuneResult
    frozen: FinetuneResult


def measured(folder: Path, *, rows: Sequence[tuple[str, str, str]], runs: int) -> Iterator[Line]:
    """Each line as soon as it is there; `frozen` comes first for each corpus and budget.

    Args:
        rows: corpus, budget and method; those of a corpus and budget stand together.
    """
    for (corpus, budget), some in groupby(rows, key=lambda row: row[:2]):
        clips = manifest_clips(folder / f"{corpus}.csv")
        frozen: FinetuneResult | None = None
        for method in (FROZEN, *(method for _, _, method in some if method != FROZEN)):
            found = finetune(
                clips,
                settings=FinetuneSettings(method, BUNDLED, folds=FOLDS, runs=runs, per_class=BUDGETS[budget]),
                cache=cache_folder(None),
                watch=progress_bar,
            )
            frozen = frozen or found
            yield Line(corpus, budget, found, frozen)


def table(lines: Sequence[Line]) -> str:
    """As Markdown."""
    head = (
        "| corpus | labels | method | UA (95%) | deviation of folds | of runs | more than frozen (95%) | seconds a fold |\n"
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    )
    return "\n".join([head, *(_row(line) for line in lines)])


def _row(line: Line) -> str:
    found = line.result.to_json()
    more = ""
    if line.result.method != FROZEN:
        difference, low, high = paired_difference(line.result, line.frozen)
        more = f"{difference:+.3f} ({low:+.3f} to {high:+.3f})"
    runs = sum(len(fold) for fold in line.result.runs)
    cells = (
        line.corpus,
        f"{line.result.learned_from}" if line.budget == "all" else f"{line.result.learned_from} ({line.budget} a class)",
        line.result.method,
        f"{found['ua']:.3f} ({found['ua_low']:.3f} to {found['ua_high']:.3f})",
        f"{found['ua_fold_std']:.3f}",
        f"{found['ua_run_std']:.3f}",
        more,
        f"{line.result.seconds / runs:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _asked(row: str) -> tuple[str, str, str]:
    corpus, budget, method = row.split(":")
    if corpus not in CORPORA or budget not in BUDGETS or method not in METHODS:
        raise ValueError
    return corpus, budget, method


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.finetuning", description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--corpus", dest="corpora", action="append", choices=CORPORA)
    parser.add_argument("--labels", dest="budgets", action="append", choices=list(BUDGETS))
    parser.add_argument("--method", dest="methods", action="append", choices=METHODS)
    parser.add_argument(
        "--row", dest="rows", action="append", type=_asked, help="CORPUS:LABELS:METHOD, in place of the three above"
    )
    parser.add_argument("--print-only", action="store_true", help="leave docs/fine-tuning.md as it is")
    parser.add_argument("--measured-on", default=machine(), help="where the kept results were trained, if not on this machine")
    options = parser.parse_args()
    asked = product(options.corpora or CORPORA, options.budgets or list(BUDGETS), options.methods or METHODS)
    lines = []
    for line in measured(Path(os.environ["EARMARK_CORPORA"]), rows=options.rows or list(asked), runs=options.runs):
        print(_row(line), flush=True)
        lines.append(line)
    if not options.print_only:
        words = table(lines)
        put_between(DOCS, BEGIN, END, f"\n{words}\n\n{options.runs} runs of 5 folds of whole speakers, {options.measured_on}.\n")


if __name__ == "__main__":
    main()
