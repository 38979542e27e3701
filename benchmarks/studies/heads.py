"""`python -m benchmarks.studies.heads`: would another head learn more from the same labels than the one that ships?

Every head gets the same randomly drawn labels of the same clips, with speakers normalised where the shipped head would do so, and
is scored on held-out speakers. Writes a table between its markers in docs/benchmarks.md. EARMARK_CORPORA names the corpora.
What a seed gave is kept (EARMARK_CACHE names the folder), so that a stopped run goes on.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import math
import os
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NearestCentroid
from threadpoolctl import threadpool_limits

from benchmarks.measuring.rows import machine, put_between
from benchmarks.studies.layer_weighted import LayerWeighted
from db.store.files import write_whole
from labeler.cli.progress import progress_bar
from learner.arrays import Float32Array, Int64Array
from learner.corpora.clips import manifest_clips
from learner.corpora.corpus import Corpus
from learner.corpora.encoded_corpus import encoded_corpus
from learner.corpora.vector_cache import cache_folder
from learner.dataset.examples import Examples
from learner.dataset.speaker_norm import NONE
from learner.encoders.base import BUNDLED
from learner.encoders.registry import encoder_named
from learner.heads.discriminant import RIDGE, discriminant_weights
from learner.heads.fitting import unlabelled_clips
from learner.heads.linear import DISCRIMINANT, LOGISTIC, LinearHead
from learner.heads.normalisation import choose_normalisation
from learner.heads.self_training import self_trained
from learner.simulation.code_version import code_version
from learner.simulation.simulated_project import SimulatedProject, simulated_project

DOCS = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- heads: begin -->", "<!-- heads: end -->"
CORPORA = ("emodb", "ravdess", "esc10")
LABELS = (20, 50, 100, 200, 400)
SHIPPED = "discriminant analysis with a ridge, self-trained (ships)"
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
BEFORE = "the same in all directions, with predicted labels"
"""What shipped before."""
LEDOIT_WOLF = "discriminant analysis, shrunk by Ledoit and Wolf"
FOLDS = 5


@dataclass(frozen=True)
class Drawn:
    """The clips that a head may learn from, standardised, and the fold of each, which keeps speakers together."""

    X: Float32Array
    y: Int64Array
    folds: Int64Array
    others: Float32Array
    """Clips without a label, those that the shipped head would learn from."""
    folds_of_others: Int64Array

    def without(self, fold: int) -> Drawn:
        """The clips of the other folds, with `FOLDS` folds in all."""
        known, others = self.folds % FOLDS != fold, self.folds_of_others % FOLDS != fold
        return Drawn(self.X[known], self.y[known], self.folds[known], self.others[others], self.folds_of_others[others])


Head = Callable[[Drawn, Float32Array], Int64Array]
"""Learns from its first argument, and predicts the labels of the rows that are its second."""


def _linear(drawn: Drawn, rows: Float32Array, *, method: str, C: float = 0.1, guessing: bool = False) -> Int64Array:
    width = drawn.X.shape[1]
    head = LinearHead(C=C, method=method, mean=np.zeros(width, np.float32), scale=np.ones(width, np.float32))
    return head.fit(drawn.X, drawn.y, unlabelled=drawn.others if guessing else None).predict(rows)


def _in_all_directions(drawn: Drawn, rows: Float32Array) -> Int64Array:
    classes, targets = np.unique(drawn.y, return_inverse=True)
    known, others = drawn.X.astype(np.float64), drawn.others.astype(np.float64)
    coef, intercepts = self_trained(known, targets.astype(np.int64), others, enough=0)
    found: Int64Array = classes[(rows @ coef.T + intercepts).argmax(axis=1)]
    return found


def _ridged(drawn: Drawn, rows: Float32Array, *, ridge: float) -> Int64Array:
    classes, targets = np.unique(drawn.y, return_inverse=True)
    coef, intercepts = discriminant_weights(drawn.X.astype(np.float64), targets.astype(np.int64), ridge=ridge)
    found: Int64Array = classes[(rows @ coef.T + intercepts).argmax(axis=1)]
    return found


def _centroid(drawn: Drawn, rows: Float32Array) -> Int64Array:
    """Nearest centroid of vectors scaled to length 1."""
    found: Int64Array = NearestCentroid().fit(_of_length_one(drawn.X), drawn.y).predict(_of_length_one(rows))
    return found


def _of_length_one(rows: Float32Array) -> Float32Array:
    found: Float32Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found


def _ledoit_wolf(drawn: Drawn, rows: Float32Array) -> Int64Array:
    classes = np.unique(drawn.y)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=np.full(len(classes), 1 / len(classes)))
    found: Int64Array = model.fit(drawn.X.astype(np.float64), drawn.y).predict(rows.astype(np.float64))
    return found


def _chosen(drawn: Drawn, rows: Float32Array, *, among: Mapping[str, Head]) -> Int64Array:
    """The head with the best UA in cross-validation over speakers; of equal ones the first."""
    best = max(among.values(), key=functools.partial(_cross_validated, drawn=drawn))
    return best(drawn, rows)


def _cross_validated(head: Head, *, drawn: Drawn) -> float:
    predicted = np.zeros_like(drawn.y)
    for fold in range(FOLDS):
        here = drawn.folds % FOLDS == fold
        if here.any() and len(np.unique(drawn.y[~here])) > 1:
            predicted[here] = head(drawn.without(fold), drawn.X[here])
    return _ua(predicted, drawn.y)


def _ua(predicted: Int64Array, y: Int64Array) -> float:
    return float(np.mean([(predicted[y == label] == label).mean() for label in np.unique(y)]))


PLAIN: dict[str, Head] = {
    SHIPPED: functools.partial(_linear, method=DISCRIMINANT, guessing=True),
    BEFORE: _in_all_directions,
    "the same, of labelled clips alone": functools.partial(_linear, method=DISCRIMINANT),
    "of these, half the ridge": functools.partial(_ridged, ridge=RIDGE / 2),
    "of these, twice the ridge": functools.partial(_ridged, ridge=RIDGE * 2),
    **{f"logistic regression, C = {C:g}": functools.partial(_linear, method=LOGISTIC, C=C) for C in STRENGTHS},
    "nearest centroid": _centroid,
}
CHOSEN = "any of these, by cross-validation over speakers"
NETWORK = "layer-weighted MLP on all layers"


def scores(corpora: tuple[Corpus, Corpus | None], layers: int, seed: int) -> list[dict[str, float]]:
    """UA of each head by name, for each of `LABELS` that leaves clips unlabelled.

    Args:
        corpora: the same clips with the encoder's usual layers and with all; without the latter no network is trained.
        layers: how many that is.
        seed: of the speakers held out and the labels drawn.
    """
    with threadpool_limits(1), warnings.catch_warnings():
        # Labels without examples, or with one: scikit-learn's warnings about them are known.
        warnings.simplefilter("ignore")
        usual, deep = (None if corpus is None else simulated_project(corpus, seed=seed) for corpus in corpora)
        assert usual is not None
        return [_scored(usual, deep, layers, count) for count in LABELS if count < len(usual.in_key_order)]


def _scored(usual: SimulatedProject, deep: SimulatedProject | None, layers: int, count: int) -> dict[str, float]:
    clips = np.array(sorted(usual.in_key_order[:count]), dtype=np.int64)
    y = np.array([usual.truth[clip] for clip in clips.tolist()], dtype=np.int64)
    normalisation = choose_normalisation(usual.pool, clips, y, usual.pool.features.rows(clips)).normalisation
    drawn, rows = _inputs(usual, clips, y, normalisation)
    tried: dict[str, Head] = {**PLAIN, CHOSEN: functools.partial(_chosen, among=PLAIN), LEDOIT_WOLF: _ledoit_wolf}
    found = {name: _ua(head(drawn, rows), usual.held_out.label_of) for name, head in tried.items()}
    if deep is None:
        return found
    drawn, rows = _inputs(deep, clips, y, normalisation)
    network = LayerWeighted(layers=layers, seed=count).fit(drawn.X, drawn.y)
    return found | {NETWORK: _ua(network.predict(rows), deep.held_out.label_of)}


def _inputs(project: SimulatedProject, clips: NDArray[np.int64], y: Int64Array, normalisation: str) -> tuple[Drawn, Float32Array]:
    """Inputs of the pool's clips and of the held-out clips, standardised, as the shipped head would get them."""
    pool, held_out = project.pool, project.held_out
    others = unlabelled_clips(pool, Examples.alike(clips, y))
    known, unknown = pool.features.rows(clips), pool.features.rows(others)
    if normalisation == NONE or held_out.by_speaker is None:
        known, unknown, rows = pool.standardised(known), pool.standardised(unknown), pool.standardised(held_out.vectors)
    else:
        known, unknown = pool.inputs_of(known, clips, normalisation), pool.inputs_of(unknown, others, normalisation)
        rows = held_out.by_speaker
    return Drawn(known, y, pool.folds.folds(clips), unknown, pool.folds.folds(others)), rows


def measured(
    folder: Path, corpus: str, *, encoder: str = BUNDLED, seeds: int, jobs: int, network: bool = True
) -> list[list[dict[str, float]]]:
    """For each seed and number of labels the UA of each head, as `scores` returns it."""
    clips, cache = manifest_clips(folder / f"{corpus}.csv"), cache_folder(None)
    usual, _ = encoded_corpus(clips, encoder=encoder, cache=cache, watch=progress_bar)
    layers = int(getattr(encoder_named(encoder), "hidden_layers", 0)) if network else 0
    deep = encoded_corpus(clips, encoder=encoder, layers="all", cache=cache, watch=progress_bar)[0] if layers else None
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as executor:
        return list(executor.map(functools.partial(_kept, cache.parent / "heads", (usual, deep), layers), range(seeds)))


def _kept(cache: Path, corpora: tuple[Corpus, Corpus | None], layers: int, seed: int) -> list[dict[str, float]]:
    """The same as `scores`, from the cache if it is there."""
    code = [
        code_version("learner.heads.fitting"),
        code_version("learner.simulation.simulated_project"),
        Path(__file__).read_text(),
    ]
    of = json.dumps([*(None if corpus is None else corpus.fingerprint for corpus in corpora), seed, *code])
    path = cache / f"{hashlib.sha256(of.encode()).hexdigest()[:40]}.json"
    if path.exists():
        kept: list[dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    found = scores(corpora, layers, seed)
    cache.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(found), durable=False)
    return found


def table(found: Mapping[str, list[list[dict[str, float]]]]) -> str:
    """As Markdown: the mean UA of what ships, and what every other head adds to it with the 95% interval of that."""
    columns = [(corpus, place) for corpus, seeds in found.items() for place in range(len(seeds[0]))]
    heads = [f"{corpus}, {LABELS[place]}" for corpus, place in columns]
    lines = ["| head | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    names = list(next(iter(found.values()))[0][0])
    lines += [
        f"| {name} | " + " | ".join(_cell(found[corpus], place, name) for corpus, place in columns) + " |" for name in names
    ]
    return "\n".join(lines)


def _cell(seeds: Sequence[Sequence[Mapping[str, float]]], place: int, name: str) -> str:
    ships = [seed[place][SHIPPED] for seed in seeds]
    if name == SHIPPED:
        return f"{statistics.mean(ships):.3f}"
    more = [seed[place][name] - one for seed, one in zip(seeds, ships, strict=True)]
    half = float(stats.t.ppf(0.975, len(more) - 1)) * statistics.stdev(more) / math.sqrt(len(more))
    return f"{statistics.mean(more):+.3f} ± {half:.3f}"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.heads", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--encoder", default=BUNDLED)
    parser.add_argument("--corpus", dest="corpora", action="append", choices=CORPORA)
    parser.add_argument("--network", action=argparse.BooleanOptionalAction, default=True, help="train the MLP too (slow)")
    parser.add_argument("--print-only", action="store_true", help="leave docs/benchmarks.md as it is")
    options = parser.parse_args()
    folder, asked = Path(os.environ["EARMARK_CORPORA"]), options.corpora or CORPORA
    how = {"encoder": options.encoder, "seeds": options.seeds, "jobs": options.jobs, "network": options.network}
    words = table({corpus: measured(folder, corpus, **how) for corpus in asked})
    print(words)
    if options.print_only:
        return
    put_between(DOCS, BEGIN, END, f"\n{words}\n\n{options.seeds} seeds, {machine()}.\n")


if __name__ == "__main__":
    main()
