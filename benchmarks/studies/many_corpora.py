"""`python -m benchmarks.studies.many_corpora`: which mode of `earmark corpora` is best, and is any as good as the linear head?

The four modes on EmoDB, RAVDESS, ESC-10, donateacry and the sample data, with each backbone, several runs each, on one split;
beside them the usual head on `bundled`, fitted to the training and validation clips of that split. Each mode is compared with
`scratch`, as `earmark corpora compare` does. Two trainings run at a time, a process each. Writes tables between markers in
docs/many-corpora.md. EARMARK_CORPORA names the corpora, --output the models: the same command goes on with them where it was.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
from learner.many_corpora.recipe import ADAPTERS, ENCODER, FINETUNE, LAST_LAYER, MODES, RESNET, SCRATCH, SMALL
from learner.many_corpora.report import report
from learner.many_corpora.scores import scores
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.train import train
from learner.run_comparison.compare import TESTS, compare_run_folders

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "many-corpora.md"
BEGIN, END = "<!-- many corpora: begin -->", "<!-- many corpora: end -->"
CORPORA = ("emodb", "ravdess", "esc10", "donateacry")
BACKBONES = (RESNET, BUNDLED)
OF_ENCODER = replace(ENCODER, patience=4, most_epochs=12, crop_seconds=4.0)
"""So that two cores are enough."""
ROUNDS = ((ADAPTERS, SCRATCH), (FINETUNE, LAST_LAYER))
"""Modes that are trained at a time; with filters to train, the second round takes those of the first."""


@dataclass(frozen=True)
class Settings:
    """How the study is made."""

    output: Path
    runs: int
    epoch_steps: int

    def of(self, backbone: str, mode: str) -> TrainSettings:
        """What a mode is trained with."""
        recipe = replace(SMALL, epoch_steps=self.epoch_steps) if backbone == RESNET else OF_ENCODER
        return TrainSettings(mode=mode, backbone=backbone, runs=self.runs, recipe=recipe)

    def model(self, backbone: str, mode: str) -> Path:
        """The folder of a model."""
        return self.output / backbone / mode


def manifests() -> list[Path]:
    """Of the corpora, the sample data last."""
    return [*(Path(os.environ["EARMARK_CORPORA"]) / f"{name}.csv" for name in CORPORA), ROOT / "sample_data" / "manifest.csv"]


def train_mode(backbone: str, mode: str, settings: Settings) -> None:
    """Train one mode, or go on with it."""
    takes = backbone == RESNET and mode in (FINETUNE, LAST_LAYER)
    start = settings.model(backbone, ADAPTERS) if takes else None
    train(
        manifests(), settings.model(backbone, mode), settings=settings.of(backbone, mode), start=start,
        watch=progress_bar, epoch_ended=_printed,
    )  # fmt: skip


def _printed(entry: dict[str, object]) -> None:
    print(entry, flush=True)


def train_all(settings: Settings, backbones: Sequence[str]) -> None:
    """All modes, two at a time."""
    settings.output.mkdir(parents=True, exist_ok=True)
    options = ["--output", str(settings.output), "--runs", str(settings.runs), "--epoch-steps", str(settings.epoch_steps)]
    for backbone in backbones:
        for modes in ROUNDS:
            started = []
            for mode in modes:
                with (settings.output / f"{backbone}-{mode}.log").open("a") as log:
                    command = [sys.executable, "-m", "benchmarks.studies.many_corpora", *options]
                    command += ["--backbone", backbone, "--only", mode]
                    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
                    started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
            ended = [process.wait() for process in started]
            if any(ended):
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


def tables(backbone: str, settings: Settings, corpora: Sequence[ReadCorpus], heads: dict[str, float]) -> str:
    """UA by corpus and mode, each mode against `scratch`, and the parameters, as Markdown."""
    lines = [f"**{'The residual network' if backbone == RESNET else f'Adapters on `{backbone}`'}** (`--backbone {backbone}`)", ""]
    lines += [f"| corpus | clips tested | {' | '.join(MODES)} | linear head on `bundled` |", "| --- | ---: |" + " ---: |" * 5]
    models = {mode: open_model(settings.model(backbone, mode)).document["corpora"] for mode in MODES}
    for corpus in corpora:
        cells = [_of_runs(models[mode][corpus.name]["results"][: settings.runs]) for mode in MODES]
        row = (corpus.name, str(len(corpus.parts.rows(TEST))), *cells, f"{heads[corpus.name]:.3f}")
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join([*lines, "", *_against_scratch(backbone, settings), "", *_parameters(backbone, settings)])


def _of_runs(results: Sequence[dict[str, Any]]) -> str:
    found = [run["ua"] for run in results]
    deviation = f" ± {np.std(found, ddof=1):.3f}" if len(found) > 1 else ""
    low, high = (np.mean([run[key] for run in results]) for key in ("ua_low", "ua_high"))
    return f"{np.mean(found):.3f}{deviation} ({low:.2f} to {high:.2f})"


def _against_scratch(backbone: str, settings: Settings) -> list[str]:
    others = [settings.model(backbone, mode) for mode in MODES if mode != SCRATCH]
    found = compare_run_folders([settings.model(backbone, SCRATCH), *others], watch=progress_bar)
    lines = ["| against scratch | McNemar | ASO | UA over speakers |", "| --- | --- | --- | --- |"]
    for comparison in found["comparisons"]:
        cells = []
        for test in TESTS:
            counts, named = comparison["counts"][test], []
            for verdict in ("better", "worse"):
                names = [corpus["corpus"] for corpus in comparison["corpora"] if corpus[test]["verdict"] == verdict]
                named += [f"{verdict}: {', '.join(names)}"] if names else []
            listed = f" ({'; '.join(named)})" if named else ""
            cells.append(f"{counts['better']} better, {counts['worse']} worse{listed}")
        lines.append(f"| {comparison['mode']} | {' | '.join(cells)} |")
    return lines


def _parameters(backbone: str, settings: Settings) -> list[str]:
    lines = ["| mode | parameters | to one model | to as many as corpora | adapters and norms to filters | with head |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for mode in MODES:
        facts = report(settings.model(backbone, mode))
        own, whole = (max(of[key] for of in facts["corpora"].values()) for key in ("ratio", "ratio_with_head"))
        cells = f"{facts['total']:,} | {facts['to_one']:.2f} | {facts['to_as_many']:.2f} | {own:.4f} | {whole:.4f}"
        lines.append(f"| {mode} | {cells} |")
    return lines


def main() -> None:
    """Train, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies.many_corpora", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder of the models")
    parser.add_argument("--backbone", dest="backbones", action="append", choices=BACKBONES, help="all by default")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--epoch-steps", type=int, default=SMALL.epoch_steps, help="of the residual network")
    parser.add_argument("--only", choices=MODES, help="train one mode, and write nothing")
    parser.add_argument("--print-only", action="store_true", help="leave docs/many-corpora.md as it is")
    options = parser.parse_args()
    settings, backbones = Settings(options.output, options.runs, options.epoch_steps), options.backbones or BACKBONES
    if options.only:
        for backbone in backbones:
            train_mode(backbone, options.only, settings)
        return
    train_all(settings, backbones)
    corpora = read_corpora(manifests(), split_seed=0, cache=SpectrogramCache(), watch=progress_bar).corpora
    heads = {corpus.name: of_linear_head(corpus) for corpus in corpora}
    words = "\n\n".join(tables(backbone, settings, corpora, heads) for backbone in backbones)
    print(words)
    if not options.print_only:
        stated = (
            f"{settings.runs} runs; `{RESNET}` with the recipe small and epochs of {settings.epoch_steps} steps, {machine()}. "
        )
        stated += "In each cell: mean UA of the runs, their deviation, and the mean 95% interval over speakers."
        put_between(DOCS, BEGIN, END, f"\n{words}\n\n{stated}\n")


if __name__ == "__main__":
    main()
