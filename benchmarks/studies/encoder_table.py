"""`python -m benchmarks.studies.encoder_table CORPORA [--teacher FILE]`: Earmark's own encoders, probed on labelled corpora.

Writes the table into docs/encoders.md. BYOL-S, the teacher of `bundled`, is scored beside them by the same folds and classifier
if its state dict is named; its input is standardised by the corpus, as published.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from learner.arrays import Float32Array, Waveform
from learner.audio.decoding import decode
from learner.corpora.clips import LabelledClips, manifest_clips
from learner.encoder_training.pretraining.teacher import Teacher
from learner.encoders.registry import encoder_named
from learner.probing.probe_report import ProbeReport, Result, probe_encoders

PAGE = Path(__file__).resolve().parents[2] / "docs" / "encoders.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
CORPORA = {"emodb": "EmoDB", "ravdess": "RAVDESS", "esc10": "ESC-10", "donateacry": "donateacry"}
BUILT_IN = ("bundled", "whisper", "logmel", "egemaps")
SAMPLING_RATE, TEACHER_DIM = 16_000, 512


class ByolS:
    """BYOL-S as an encoder, for one corpus."""

    name, revision, dim, sampling_rate, remark = "byol-s", "", TEACHER_DIM, SAMPLING_RATE, None

    def __init__(self, weights: Path, corpus: LabelledClips) -> None:
        self._teacher = Teacher(weights)
        self._mean, self._scale = self._statistics(corpus)
        source = f"{hashlib.sha256(weights.read_bytes()).hexdigest()}|{self._mean!r}|{self._scale!r}"
        self.revision = hashlib.sha256(source.encode()).hexdigest()
        self.settings: dict[str, Any] = {"encoder": self.name, "revision": self.revision, "layers": None, "pooling": None}

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """[n, 512]."""
        import torch

        vectors = [
            self._teacher.embeddings(torch.from_numpy(wave)[None], mean=self._mean, scale=self._scale)[0] for wave in waveforms
        ]
        return np.stack([vector.numpy() for vector in vectors]) if vectors else np.zeros((0, self.dim), np.float32)

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        """[512]; the whole clip at once."""
        vector: Float32Array = self.encode([np.concatenate(list(blocks))])[0]
        return vector

    def _statistics(self, corpus: LabelledClips) -> tuple[float, float]:
        import torch

        count, total, squares = 0, 0.0, 0.0
        for clip in corpus.clips:
            wave = decode(clip.path, start=clip.start, end=clip.end, sampling_rate=SAMPLING_RATE)
            mel = self._teacher.mel(torch.from_numpy(wave)[None]).double()
            count, total, squares = count + mel.numel(), total + float(mel.sum()), squares + float(mel.square().sum())
        mean = total / count
        return mean, float(np.sqrt(squares / count - mean**2))


@dataclass(frozen=True)
class _Scored:
    plain: Result
    normalised: Result | None


def default_result(report: ProbeReport, name: str) -> _Scored:
    """The encoder as `earmark embed` uses it by default, as it is and normalised by speaker."""
    layers: str | None = None
    pooling: str | None = None
    if name in BUILT_IN:
        settings = encoder_named(name).settings
        layers, pooling = settings["layers"], settings["pooling"]
    asked = (name, layers, pooling)
    mine = [one for one in report.results if (one.candidate.encoder, one.candidate.layers, one.candidate.pooling) == asked]
    by_norm = {result.candidate.speaker_norm: result for result in mine}
    return _Scored(by_norm[False], by_norm.get(True))


def table(reports: dict[str, ProbeReport], names: Sequence[str]) -> str:
    """The table as Markdown: one row per encoder, two columns per corpus."""
    heads = [f"{CORPORA.get(corpus, corpus)} {norm}" for corpus in reports for norm in ("as is", "by speaker")]
    lines = ["| encoder | values | " + " | ".join(heads) + " |", "| --- | ---: |" + " ---: |" * len(heads)]
    for name in names:
        scored = [default_result(report, name) for report in reports.values()]
        cells = [_cell(result) for one in scored for result in (one.plain, one.normalised)]
        lines.append(f"| {name} | {scored[0].plain.dim} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(result: Result | None) -> str:
    return "" if result is None else f"{result.ua.value:.3f} ({result.ua.low:.3f}–{result.ua.high:.3f})"


@contextmanager
def _quiet(what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    print(f"  {what} ...", flush=True)
    yield lambda _done, _total: None


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.encoder_table", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("corpora", type=Path, help="folder with the manifests")
    parser.add_argument("--teacher", type=Path, default=None, help="state dict of BYOL-S")
    parser.add_argument("--only", nargs="+", choices=list(CORPORA), default=list(CORPORA), help="these corpora only")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "earmark")
    asked = parser.parse_args()
    names = [*BUILT_IN, *(["byol-s"] if asked.teacher else [])]
    reports: dict[str, ProbeReport] = {}
    for corpus in asked.only:
        print(f"{CORPORA[corpus]}:", flush=True)
        clips = manifest_clips(asked.corpora / f"{corpus}.csv")
        extra = [ByolS(asked.teacher, clips)] if asked.teacher else []
        reports[corpus] = probe_encoders(clips, encoders=[*BUILT_IN, *extra], cache=asked.cache, watch=_quiet)
    found = table(reports, names)
    print(found)
    if list(asked.only) == list(CORPORA):
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN, 1)
        PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
