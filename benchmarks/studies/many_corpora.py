"""`python -m benchmarks.studies.many_corpora`: which mode of `earmark corpora` is best, and is any as good as the linear head?

The four modes on EmoDB, RAVDESS, ESC-10, donateacry and the sample data, several runs each, on the same split; beside them the
usual head on `bundled`, fitted to the training and validation clips of that split. Two trainings run at a time, a process each.
Writes a table between its markers in docs/many-corpora.md. EARMARK_CORPORA names the corpora, --output the models: the same
command goes on with them where it was. `earmark corpora compare` then tests the models against each other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.measuring.rows import machine, put_between
from labeler.cli.progress import progress_bar
from learner.corpora.candidates import Candidate, ProbedEncoder
from learner.corpora.encoding import encode_clips
from learner.corpora.vector_cache import VectorCache, cache_folder
from learner.encoders.base import BUNDLED
from learner.encoders.registry import encoder_named
from learner.finetuning.folds import Fold
from learner.finetuning.shipped_head import fitted
from learner.many_corpora.corpora.parts import TEST
from learner.many_corpora.corpora.reading import ReadCorpus, read_corpora
from learner.many_corpora.model_folder import open_model
from learner.many_corpora.recipe import ADAPTERS, MODES, SCRATCH, SMALL
from learner.many_corpora.report import report
from learner.many_corpora.scores import scores
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.train import train

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "many-corpora.md"
BEGIN, END = "<!-- many corpora: begin -->", "<!-- many corpora: end -->"
CORPORA = ("emodb", "ravdess", "esc10", "donateacry")
ROUNDS = ((ADAPTERS, SCRATCH), ("finetune", "last-layer"))
"""Modes that are trained at a time; the second round takes the shared filters of the first."""


@dataclass(frozen=True)
class Settings:
    """How the study is made."""

    output: Path
    runs: int
    width: int
    epoch_steps: int

    def of(self, mode: str) -> TrainSettings:
        """What a mode is trained with."""
        return TrainSettings(mode=mode, runs=self.runs, recipe=replace(SMALL, width=self.width, epoch_steps=self.epoch_steps))


def manifests() -> list[Path]:
    """Of the corpora, the sample data last."""
    return [*(Path(os.environ["EARMARK_CORPORA"]) / f"{name}.csv" for name in CORPORA), ROOT / "sample_data" / "manifest.csv"]


def train_mode(mode: str, settings: Settings) -> None:
    """Train one mode, or go on with it."""
    start = None if mode in (SCRATCH, ADAPTERS) else settings.output / ADAPTERS
    train(manifests(), settings.output / mode, settings=settings.of(mode), start=start, watch=progress_bar, epoch_ended=_told)


def _told(entry: dict[str, object]) -> None:
    print(entry, flush=True)


def train_all(settings: Settings) -> None:
    """All modes, two at a time."""
    for modes in ROUNDS:
        options = ["--output", str(settings.output), "--runs", str(settings.runs), "--width", str(settings.width)]
        options += ["--epoch-steps", str(settings.epoch_steps)]
        settings.output.mkdir(parents=True, exist_ok=True)
        started = []
        for mode in modes:
            with (settings.output / f"{mode}.log").open("a") as log:
                command = [sys.executable, "-m", "benchmarks.studies.many_corpora", *options, "--only", mode]
                environment = {**os.environ, "OMP_NUM_THREADS": "1"}
                started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        if any(process.wait() for process in started):
            raise SystemExit(f"A training has failed; see the logs in {settings.output}.")


def of_linear_head(corpus: ReadCorpus) -> float:
    """UA of the usual head on `bundled`, on the same held-out clips."""
    clips = corpus.inputs.clips
    probed = ProbedEncoder(BUNDLED)
    asked = encoder_named(BUNDLED).settings
    cache = VectorCache(cache_folder(None), fingerprint=probed.fingerprint, width=probed.encoder.dim)
    with progress_bar(f"encode {corpus.name}", "clip") as moved:
        found = encode_clips(clips, probed.encoder, cache, progress=moved)
    if not found.encoded.all():
        raise SystemExit(f"{corpus.name} has clips that cannot be encoded.")
    vectors = probed.features(found.vectors, Candidate(probed.name, asked["layers"], asked["pooling"], speaker_norm=False))
    test = corpus.parts.rows(TEST)
    rest = np.setdiff1d(np.arange(len(clips)), test)
    head = fitted(vectors, corpus.y, [clip.speaker for clip in clips], Fold((), rest, test), rest, classes=corpus.classes)
    predicted = head.predict(vectors[test], test)
    return float(scores([clips[row] for row in test.tolist()], corpus.y[test], predicted, labels=corpus.labels)["ua"])


def table(settings: Settings, corpora: Sequence[ReadCorpus]) -> str:
    """UA by corpus and mode, and the parameters, as Markdown."""
    models = {mode: open_model(settings.output / mode).document["corpora"] for mode in MODES}
    lines = [f"| corpus | clips tested | {' | '.join(MODES)} | linear head on `bundled` |", "| --- | ---: |" + " ---: |" * 5]
    for corpus in corpora:
        cells = []
        for mode in MODES:
            found = [run["ua"] for run in models[mode][corpus.name]["results"][: settings.runs]]
            deviation = f" ± {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
            low, high = (np.mean([run[key] for run in models[mode][corpus.name]["results"]]) for key in ("ua_low", "ua_high"))
            cells.append(f"{np.mean(found):.3f}{deviation} ({low:.2f} to {high:.2f})")
        row = (corpus.name, str(len(corpus.parts.rows(TEST))), *cells, f"{of_linear_head(corpus):.3f}")
        lines.append(f"| {' | '.join(row)} |")
    counted = {mode: report(settings.output / mode) for mode in MODES}
    lines += ["", "| mode | parameters | to one model | to as many as corpora | adapters and norms to filters |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for mode, facts in counted.items():
        ratio = max(of["ratio"] for of in facts["corpora"].values())
        lines.append(f"| {mode} | {facts['total']:,} | {facts['to_one']:.2f} | {facts['to_as_many']:.2f} | {ratio:.4f} |")
    return "\n".join(lines)


def main() -> None:
    """Train, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.many_corpora", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder of the models")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--width", type=int, default=SMALL.width)
    parser.add_argument("--epoch-steps", type=int, default=SMALL.epoch_steps)
    parser.add_argument("--only", choices=MODES, help="train one mode, and write nothing")
    parser.add_argument("--print-only", action="store_true", help="leave docs/many-corpora.md as it is")
    options = parser.parse_args()
    settings = Settings(options.output, options.runs, options.width, options.epoch_steps)
    if options.only:
        train_mode(options.only, settings)
        return
    train_all(settings)
    corpora = read_corpora(manifests(), split_seed=0, cache=SpectrogramCache(), watch=progress_bar).corpora
    words = table(settings, corpora)
    print(words)
    if not options.print_only:
        stated = f"{settings.runs} runs, recipe small with width {settings.width} and epochs of {settings.epoch_steps} steps, "
        stated += f"{machine()}. In each cell: mean UA of the runs, their deviation, and the mean 95% interval over speakers."
        put_between(DOCS, BEGIN, END, f"\n{words}\n\n{stated}\n")


if __name__ == "__main__":
    main()
