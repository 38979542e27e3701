"""`python -m benchmarks.studies.simulation_table`: strategies compared on corpora, written into docs/benchmarks.md.

It calls the functions of `earmark simulate`. The corpora are those in the folder named by EARMARK_CORPORA. Cells are kept
(EARMARK_CACHE names the folder), one file for each corpus, strategy and seed, so that a stopped run goes on, also one of other
strategies, corpora or more seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring.rows import machine
from labeler.cli.progress import progress_bar
from learner.corpora.clips import manifest_clips
from learner.corpora.encoded_corpus import encoded_corpus
from learner.corpora.vector_cache import cache_folder
from learner.query.strategies import COMBINED, DEFAULT, K_MEANS, MEASURED, RANDOM, RARE_CLASS, TYPICALITY
from learner.simulation.comparison import Plan, compare_strategies
from learner.simulation.replay import Annotating

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN, END = "<!-- simulation: begin -->", "<!-- simulation: end -->"
BUDGETS = {"emodb": 300, "ravdess": 800, "esc10": 300, "donateacry": 360}
"""Labels by corpus: enough for random labelling to reach 95% of the UA of all labels, or nearly all clips."""
BATCHES = {"ravdess": 20}
"""Labels between two rankings, where they are not 10."""
GAINING = ("emodb", "ravdess", "esc10")
"""Corpora whose ratios of labels to 95% are averaged; donateacry serves to measure the search for rare labels."""
PER_CLASS = (25, 50, 100)
"""Labels a class at which the data saved are reported."""
TARGETS = {"emodb": 0.80, "ravdess": 0.65, "esc10": 0.80}
"""UA by corpus to which labels are counted, and compared with those that were needed `BEFORE`."""
BEFORE = {"emodb": 50, "ravdess": 200, "esc10": 80}
"""Labels to these by the default on the `bundled` taught by BYOL-S, 20 seeds, before heads learned in few directions."""
HERDING = tuple(f"benchmarks.studies.herding:{name}" for name in ("max_herding", "uncertainty_herding"))
STRATEGIES = (DEFAULT, RANDOM, K_MEANS, TYPICALITY, *MEASURED, *COMBINED, RARE_CLASS, *HERDING)
ENCODERS = ("bundled", "logmel")


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.simulation_table", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--encoder", dest="encoders", action="append", help="a name, or NAME=ENCODER to call it otherwise")
    parser.add_argument("--corpus", dest="corpora", action="append", choices=sorted(BUDGETS))
    parser.add_argument("--strategy", dest="strategies", action="append")
    parser.add_argument("--output", type=Path, default=DOCS / "benchmarks.md")
    options = parser.parse_args()
    began = time.monotonic()
    encoders = dict(_named(name) for name in options.encoders or ENCODERS)
    found = dict(_simulated(encoders, options.corpora or list(BUDGETS), options))
    words = _section(found, options.seeds)
    print(words)
    _put(words, options.output)
    options.output.with_name("simulation.json").write_text(json.dumps(_figures(found), indent=1) + "\n", encoding="utf-8")
    print(f"{time.monotonic() - began:.0f} s")


def _named(text: str) -> tuple[str, str]:
    name, _, encoder = text.rpartition("=")
    return name or encoder, encoder


def _simulated(
    encoders: Mapping[str, str], corpora: Sequence[str], options: argparse.Namespace
) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    folder = Path(os.environ["EARMARK_CORPORA"])
    cache = cache_folder(None)
    for name, encoder in encoders.items():
        for corpus in corpora:
            clips = manifest_clips(folder / f"{corpus}.csv")
            encoded, _ = encoded_corpus(clips, encoder=encoder, cache=cache, watch=progress_bar)
            how = Annotating(budget=BUDGETS[corpus], batch=BATCHES.get(corpus, 10))
            plan = Plan(how, options.strategies or STRATEGIES, seeds=options.seeds)
            print(f"{name}, {corpus} ...", flush=True)
            found = compare_strategies(encoded, plan, cache=cache.parent / "simulate", jobs=options.jobs, watch=progress_bar)
            yield (name, corpus), found


Found = Mapping[tuple[str, str], dict[str, Any]]


def _section(found: Found, seeds: int) -> str:
    parts = []
    for encoder in dict.fromkeys(name for name, _ in found):
        of_this = {corpus: figures for (name, corpus), figures in found.items() if name == encoder}
        parts += [f"**{encoder}**", "", *_table(of_this), "", *_ratios(of_this), ""]
    return "\n".join([*parts, *_to_targets(found), *_saved(found), f"{seeds} seeds a cell, {machine()}."])


def _to_targets(found: Found) -> list[str]:
    """Labels until the mean over seeds stays at the `TARGETS`, by every encoder, against those needed `BEFORE`."""
    lines = ["| encoder | corpus | UA | before | default | of before | margin | random |", "| --- " * 2 + "| ---: " * 6 + "|"]
    for (encoder, corpus), figures in found.items():
        if corpus in TARGETS:
            curves = figures["strategies"]
            needed = {name: labels_to(curves[name], TARGETS[corpus]) for name in (DEFAULT, "margin", RANDOM) if name in curves}
            words = [str(needed.get(name) or "–") for name in (DEFAULT, "margin", RANDOM)]
            ours = needed.get(DEFAULT)
            share = "–" if ours is None else f"{ours / BEFORE[corpus]:.2f}"
            cells = [encoder, corpus, f"{TARGETS[corpus]:.2f}", str(BEFORE[corpus]), words[0], share, *words[1:]]
            lines.append(f"| {' | '.join(cells)} |")
    return ["**Labels to an accuracy**: the default now and before.", "", *lines, ""] if len(lines) > 2 else []


def labels_to(curve: Mapping[str, Any], ua: float) -> int | None:
    """The first number of labels after which the mean over seeds stays at this UA; None where the budget is not enough."""
    below = [place for place, mean in enumerate(curve["ua"]) if mean < ua]
    first = below[-1] + 1 if below else 0
    return int(curve["labels"][first]) if first < len(curve["labels"]) else None


def _saved(found: Found) -> list[str]:
    """The claim of Boigne et al. 2020, measured here: less data than hand-made features on random labels need."""
    lines = ["| corpus | labels a class | UA | log-mel, random labels | times less data |", "| --- | ---: | ---: | ---: | ---: |"]
    for corpus in GAINING:
        if ("bundled", corpus) in found and ("logmel", corpus) in found:
            ours, theirs = found["bundled", corpus], found["logmel", corpus]
            classes = len(ours["labels"])
            lines += [_saved_row(corpus, count, count * classes, ours, theirs) for count in PER_CLASS]
    title = "**Data saved**: the default on `bundled` against log-mel features and random labels."
    return [title, "", *lines, ""] if len(lines) > 2 else []


def _saved_row(corpus: str, count: int, labels: int, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    curve = ours["strategies"][DEFAULT]
    if labels > curve["labels"][-1]:
        return f"| {corpus} | {count} | | | not as many clips |"
    levels = [float(np.interp(labels, curve["labels"], curve[name])) for name in ("ua_low", "ua", "ua_high")]
    needed = [labels_to(theirs["strategies"][RANDOM], ua) for ua in levels]
    if needed[1] is None:
        enough = theirs["full_ua"] >= levels[1]
        most = theirs["strategies"][RANDOM]["labels"][-1] if enough else theirs["pool"]
        words = f"more than {most}" if enough else f"not with all {most}, which give {theirs['full_ua']:.3f}"
        return f"| {corpus} | {count} | {levels[1]:.3f} | {words} | more than {most / labels:.1f} |"
    low, middle, high = (None if count is None else f"{count / labels:.1f}" for count in needed)
    interval = f" ({low}–{high})" if high is not None else f" ({low} at least)"
    return f"| {corpus} | {count} | {levels[1]:.3f} | {needed[1]} | {middle}{interval} |"


def _table(found: Mapping[str, dict[str, Any]]) -> list[str]:
    heads = [
        f"{corpus}: labels to 90 / 95 / 99% of {figures['full_ua']:.3f}; AULC; five of each" for corpus, figures in found.items()
    ]
    lines = ["| strategy | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    names = list(dict.fromkeys(name for figures in found.values() for name in figures["strategies"]))
    for name in names:
        cells = [_cell(figures["strategies"][name]) if name in figures["strategies"] else "" for figures in found.values()]
        lines.append(f"| {name.rpartition(':')[2]} | " + " | ".join(cells) + " |")
    return lines


def _cell(figures: Mapping[str, Any]) -> str:
    counts = " / ".join(str(figures[f"labels_to_{share}"]) if share in figures["reached"] else "–" for share in (90, 95, 99))
    against = f", {figures['wins']}:{figures['losses']} {figures['verdict']}" if "verdict" in figures else ""
    five = f"{figures['labels_to_five_each']:.0f}" + ("+" if figures["five_each_never"] else "")
    return f"{counts}; {figures['aulc']:.3f}{against}; {five}"


def _ratios(found: Mapping[str, dict[str, Any]]) -> list[str]:
    """The default against random: labels to 95% (geometric mean), and labels until five of each are found."""
    lines = []
    ratios = [found[corpus]["strategies"][DEFAULT]["labels_to_95_over"] for corpus in GAINING if corpus in found]
    if ratios:
        mean, low, high = _geometric_mean(ratios)
        each = ", ".join(f"{figures['ratio']:.2f} ({figures['low']:.2f}–{figures['high']:.2f})" for figures in ratios)
        lines.append(f"Labels to 95%, default over random: {each}; geometric mean {mean:.2f} ({low:.2f}–{high:.2f}).")
    if "donateacry" in found:
        lines.append(f"donateacry, five of each, default over random: {ratio(found['donateacry'], 'labels_to_five_each'):.2f}.")
    return lines


def _geometric_mean(ratios: Sequence[Mapping[str, float]]) -> tuple[float, float, float]:
    """With the interval that follows from those of its parts, of different corpora, as if their logarithms were normal."""
    mean = sum(math.log(figures["ratio"]) for figures in ratios) / len(ratios)
    half = math.sqrt(sum((math.log(figures["high"] / figures["low"]) / 2) ** 2 for figures in ratios)) / len(ratios)
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def ratio(figures: Mapping[str, Any], what: str) -> float:
    """The default's figure over random's."""
    return float(figures["strategies"][DEFAULT][what] / figures["strategies"][RANDOM][what])


def _figures(found: Found) -> dict[str, Any]:
    return {f"{encoder} {corpus}": figures for (encoder, corpus), figures in found.items()}


def _put(words: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    path.write_text(f"{before}{BEGIN}\n{words}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
