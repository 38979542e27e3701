"""`python -m benchmarks.studies.words`: does the rule on words beside sound find where they help, and what does it cost?

For each corpus and number of labels, heads learn from random clips of all speakers but those of one fold, and are tested on that
fold, as in a project: on sound alone, on sound with words always, and on what the rule chooses from the same labels. "Shuffled"
gives each clip the words of another one, so that they are noise; "half" takes them from every other clip. Writes a table between
its markers in docs/words_and_sound.md. EARMARK_CORPORA names the corpora, EARMARK_CACHE the folder of vectors.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.measuring.rows import put_between
from labeler.cli.progress import progress_bar
from learner.arrays import BoolArray, Int64Array
from learner.corpora.clips import manifest_clips
from learner.corpora.vector_cache import cache_folder
from learner.dataset.by_clip import ByClip
from learner.dataset.examples import Examples
from learner.dataset.folds import folds_of, held_out_in_turn
from learner.dataset.pool import Pool
from learner.dataset.statistics import pool_statistics
from learner.dataset.words import Words
from learner.evaluation.intervals import SpeakerResamples
from learner.features.in_memory import FeaturesInMemory
from learner.features.precision import as_stored
from learner.heads.fitting import fitted_head
from learner.heads.linear import LinearHead
from learner.heads.words import choose_inputs
from learner.modalities.material import Material, material_of
from learner.text_encoders.base import MINILM
from learner.text_encoders.registry import text_encoder_named

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "words_and_sound.md"
BEGIN, END = "<!-- words: begin -->", "<!-- words: end -->"
LABELS = (31, 62, 125, 240)
ASKED = (
    ("sample_data", "logmel", ""),
    ("sample_data", "logmel", "half"),
    ("sample_data", "logmel", "shuffled"),
    ("sample_data", "bundled", ""),
    ("sample_data", "bundled", "shuffled"),
    ("emodb", "bundled", ""),
    ("ravdess", "bundled", ""),
)
"""Corpus, encoder of the sound, and what is done to the words."""
ALWAYS, RULE = "always", "rule"


@dataclass(frozen=True)
class Tried:
    """Which clips each way predicts right, [labels, runs, clips], and how often the rule used words, [labels]."""

    sound: BoolArray
    always: BoolArray
    rule: BoolArray
    used: NDArray[np.float64]


def tried(material: Material, *, done_to_words: str, runs: int) -> Tried:
    """All heads of all runs; each run draws other labelled clips."""
    shape = (len(LABELS), runs, len(material.y))
    found = {way: np.zeros(shape, np.bool_) for way in ("sound", ALWAYS, RULE)}
    used: list[list[bool]] = [[] for _ in LABELS]
    with progress_bar("heads", "run") as moved, threadpool_limits(1):
        for run in range(runs):
            pool = _pool(material, done_to_words, run)
            folds = pool.folds.folds(pool.features.clip_ids)
            order = np.random.default_rng([20_261, run]).permutation(len(material.y))
            for fold, tested in held_out_in_turn(folds):
                open_to_learning = order[folds[order] != fold]
                for place, budget in enumerate(LABELS):
                    rows = np.sort(open_to_learning[:budget])
                    heads, words = _heads(pool, rows, material.y, fold)
                    used[place].append(words)
                    for way, head in heads.items():
                        hit = _predicted(pool, head, tested) == material.y[tested]
                        found[way][place, run, tested] = hit
            moved(run + 1, runs)
    return Tried(found["sound"], found[ALWAYS], found[RULE], np.array([np.mean(each) for each in used]))


def _heads(pool: Pool, rows: Int64Array, y: Int64Array, fold: int) -> tuple[dict[str, LinearHead], bool]:
    examples = Examples.alike(rows + 1, y[rows])
    vectors = pool.features.rows(examples.clip_ids)
    choice = choose_inputs(pool, examples.clip_ids, examples.y, vectors)

    def fitted(*, words: bool) -> LinearHead:
        how = choice.normalisation
        return fitted_head(pool, examples, vectors, C=0.1, normalisation=how, words=words, held_out_fold=fold)

    sound, both = fitted(words=False), fitted(words=True)
    return {"sound": sound, ALWAYS: both, RULE: both if choice.words else sound}, choice.words


def _predicted(pool: Pool, head: LinearHead, tested: BoolArray) -> Int64Array:
    ids = np.flatnonzero(tested).astype(np.int64) + 1
    return head.predict(pool.inputs_of(pool.features.rows(ids), ids, head.normalisation, words=head.words))


def _pool(material: Material, done_to_words: str, run: int) -> Pool:
    """All clips, as a project has them; the folds are those of a project."""
    assert material.text is not None
    clip_ids = np.arange(len(material.y), dtype=np.int64) + 1
    vectors = material.text.vectors.copy()
    if done_to_words == "shuffled":
        vectors = np.random.default_rng([20_262, run]).permutation(vectors)
    if done_to_words == "half":
        vectors[run % 2 :: 2] = 0.0
    features = FeaturesInMemory(clip_ids, as_stored(material.audio))
    mean, scale = pool_statistics(features.chunks(), dim=features.dim)
    speakers: ByClip[str | None] = ByClip.of(
        (clip, str(group)) for clip, group in zip(clip_ids.tolist(), material.group_of, strict=True)
    )
    return Pool(
        signature=(0, len(clip_ids), len(clip_ids), run, 0, 0),
        features=features,
        ready=np.ones(len(clip_ids), dtype=np.bool_),
        mean=mean,
        scale=scale,
        folds=folds_of(speakers),
        speakers=speakers,
        words=Words.of(FeaturesInMemory(clip_ids, as_stored(vectors)), clip_ids),
    )


def _lines(name: str, found: Tried, material: Material, runs: int) -> list[str]:
    y, labels = np.tile(material.y, runs), len(material.label_names)
    resamples = SpeakerResamples(np.tile(material.group_of, runs))

    def ua(hit: BoolArray) -> float:
        return float(np.mean([hit[y == label].mean() for label in range(labels)]))

    def difference(one: BoolArray, two: BoolArray) -> str:
        draws = [resamples.draws(y, hit, labels=labels) for hit in (one, two)]
        value = f"{ua(one) - ua(two):+.3f}"
        if draws[0] is None or draws[1] is None:
            return value
        low, high = np.quantile(draws[0] - draws[1], [0.025, 0.975])
        return f"{value} ({low:+.3f} to {high:+.3f})"

    lines = []
    for place, budget in enumerate(LABELS):
        sound, always, rule = (hit[place].reshape(-1) for hit in (found.sound, found.always, found.rule))
        cells = [name, str(budget), f"{ua(sound):.3f}", difference(always, sound), difference(rule, sound)]
        lines.append("| " + " | ".join([*cells, f"{found.used[place]:.0%}"]) + " |")
    return lines


def _manifest(corpus: str) -> Path:
    return ROOT / "sample_data" / "manifest.csv" if corpus == "sample_data" else Path(os.environ["EARMARK_CORPORA"]) / corpus


def table(asked: Sequence[tuple[str, str, str]], *, runs: int) -> str:
    """As Markdown, a row for each corpus and number of labels."""
    head = ("corpus, encoder, words", "labels", "UA, sound", "with words always, less sound", "by the rule, less sound", "used")
    lines = ["| " + " | ".join(head) + " |", "| --- | ---: | ---: | --- | --- | ---: |"]
    text_encoder = text_encoder_named(MINILM)
    for corpus, encoder, done_to_words in asked:
        labelled = manifest_clips(_manifest(corpus), corpus=None if corpus == "sample_data" else corpus)
        material = material_of(labelled, encoder=encoder, text_encoder=text_encoder, cache=cache_folder(None), watch=progress_bar)
        if material.text is None:
            raise SystemExit(f"{corpus} has no transcripts.")
        found = tried(material, done_to_words=done_to_words, runs=runs)
        name = ", ".join(each for each in (corpus, f"`{encoder}`", done_to_words) if each)
        lines += _lines(name, found, material, runs)
        print("\n".join(lines[-len(LABELS) :]), flush=True)
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.words", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help="the rows of one corpus; leaves docs/words_and_sound.md as it is")
    options = parser.parse_args()
    asked = [each for each in ASKED if options.only in (None, each[0])]
    words = table(asked, runs=options.runs)
    if options.only is None:
        put_between(DOCS, BEGIN, END, f"\n{words}\n\n{options.runs} runs.\n")


if __name__ == "__main__":
    main()
