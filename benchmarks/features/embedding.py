"""Making features, compared with the loop that a notebook would have: one clip at a time, in float32, by plain `transformers`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import soundfile

from benchmarks.measuring.base_geometry import base_checkpoint, whisper_checkpoint
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import REPOSITORY, sample_files, sample_project
from learner.arrays import Float32Array
from learner.encoders.registry import encoder_named
from learner.features.embed import embed
from learner.features.matrix import open_features

BUNDLED = REPOSITORY / "learner" / "encoders" / "bundled"
LOOP = "one clip at a time in float32 by plain `transformers`"
LAYER, CLIPS, PADDED_CLIPS = 5, 240, 120
"""The layer of wav2vec2-base that Earmark pools by default, and numbers of clips; fewer where each takes as long as 30 s."""
WHISPER_LAYERS = (2, 3)
"""The layers of Whisper tiny that Earmark pools by default."""


def _earmark(folder: Path, encoder: str, *, clips: int) -> tuple[float, Float32Array]:
    project = sample_project(folder, clips=clips)
    began = time.perf_counter()
    report = embed(project, encoder=encoder)
    seconds = time.perf_counter() - began
    assert report.embedded == clips, report
    features = open_features(project)
    assert features is not None
    vectors = features.rows(np.sort(features.clip_ids))
    project.close()
    return seconds, vectors


def _loop(checkpoint: Path, *, clips: int) -> tuple[float, Float32Array]:
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    load_extractor: Any = AutoFeatureExtractor.from_pretrained

    began = time.perf_counter()
    extractor = load_extractor(checkpoint)
    model = AutoModel.from_pretrained(checkpoint, dtype=torch.float32).eval()
    vectors = []
    for path in sample_files(clips):
        signal, rate = soundfile.read(path, dtype="float32")
        with torch.no_grad():
            found = model(**extractor(signal, sampling_rate=rate, return_tensors="pt"), output_hidden_states=True)
        vectors.append(found.hidden_states[min(LAYER, len(found.hidden_states) - 1)].mean(dim=1)[0].numpy())
    return time.perf_counter() - began, np.stack(vectors)


def _padded_loop(checkpoint: Path, *, clips: int) -> tuple[float, Float32Array]:
    """Whisper as transformers runs it: every clip is padded to 30 s, and positions behind the clip are not pooled."""
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    load_extractor: Any = AutoFeatureExtractor.from_pretrained

    began = time.perf_counter()
    extractor = load_extractor(checkpoint)
    model = AutoModel.from_pretrained(checkpoint, dtype=torch.float32).eval().get_encoder()
    vectors = []
    for path in sample_files(clips):
        signal, rate = soundfile.read(path, dtype="float32")
        with torch.no_grad():
            found = model(**extractor(signal, sampling_rate=rate, return_tensors="pt"), output_hidden_states=True)
        frames = torch.cat([found.hidden_states[layer] for layer in WHISPER_LAYERS], dim=2)[0, : -(-len(signal) // 320)]
        vectors.append(torch.cat([frames.mean(dim=0), frames.std(dim=0, correction=0)]).numpy())
    return time.perf_counter() - began, np.stack(vectors)


def _measured(
    encoder: str,
    checkpoint: Path,
    folder: Path,
    *,
    clips: int,
    compared: bool,
    loop: Callable[..., tuple[float, Float32Array]] = _loop,
) -> Figures:
    loop(checkpoint, clips=2)  # torch and transformers are imported, and the files read, before either is timed
    with mock.patch.dict(os.environ, EARMARK_CACHE=str(folder / "cache")):
        began = time.perf_counter()
        precision = encoder_named(encoder).settings["precision"]
        choosing = time.perf_counter() - began
        theirs, exact = loop(checkpoint, clips=clips)
        ours, found = _earmark(folder / "project", encoder, clips=clips)
    audio = sum(soundfile.info(path).duration for path in sample_files(clips))
    details = f"{clips} clips, {audio:.0f} s of audio, loading and storing included: {audio / ours:.0f} times real time"
    if compared:
        cosines = (found * exact).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(exact, axis=1)
        details += f"; cosine to float32 at least {cosines.min():.5f}"
        details += f"; in {precision}: choosing it took {choosing:.1f} s before, as it does once on a machine"
    return Figures(ours=ours, theirs=theirs, unit="s", details=details)


@row("embed-bundled", what="Embedding with the bundled encoder", against=LOOP)
def measure_bundled() -> Figures:
    """On all sample clips."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured("bundled", BUNDLED, Path(folder), clips=300, compared=False)


@row("embed-base", what="Embedding with the geometry of wav2vec2-base (random weights)", against=LOOP)
def measure_base() -> Figures:
    """On some of the sample clips, with an encoder of the size that real work uses."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = base_checkpoint(Path(folder) / "base")
        return _measured(str(checkpoint), checkpoint, Path(folder), clips=CLIPS, compared=True)


@row(
    "embed-whisper",
    what="Embedding with the geometry of Whisper tiny (random weights)",
    against="one clip at a time in float32 by the encoder of plain `transformers`, which pads it to 30 s",
)
def measure_whisper() -> Figures:
    """On some of the sample clips, with the default layers."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = whisper_checkpoint(Path(folder) / "whisper")
        return _measured(str(checkpoint), checkpoint, Path(folder), clips=PADDED_CLIPS, compared=False, loop=_padded_loop)


@row("embed-base-bf16", what="The same without AMX (`ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16`)", against=LOOP)
def measure_base_without_amx() -> Figures:
    """On processors with AVX512-BF16 this is slower than it looks."""
    return _limited("AVX512_CORE_BF16")


@row("embed-base-avx512", what="The same with AVX-512 and no bf16 (`ONEDNN_MAX_CPU_ISA=AVX512_CORE`)", against=LOOP)
def measure_base_without_bf16() -> Figures:
    """In float32."""
    return _limited("AVX512_CORE")


@row("embed-base-avx2", what="The same where the processor has no bf16 (`ONEDNN_MAX_CPU_ISA=AVX2`)", against=LOOP)
def measure_base_without_avx512() -> Figures:
    """In float32."""
    return _limited("AVX2")


def _limited(instructions: str) -> Figures:
    """`measure_base` in a separate process, since oneDNN reads the limit only once."""
    command = [
        sys.executable,
        "-c",
        "import json; from benchmarks.features.embedding import *; print(json.dumps(vars(measure_base())))",
    ]
    limited = {**os.environ, "ONEDNN_MAX_CPU_ISA": instructions}
    done = subprocess.run(command, env=limited, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return Figures(**json.loads(done.stdout.splitlines()[-1]))
