"""Features for clips, beside the loop that a notebook would have: one clip at a time, in float32, by plain `transformers`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.harness import Figures, row
from benchmarks.sample_project import REPOSITORY, sample_files, sample_project
from learner.embed import embed

BUNDLED = REPOSITORY / "learner" / "encoders" / "bundled"
LOOP = "one clip at a time in float32 by plain `transformers`"


def _earmark(folder: Path, encoder: str, *, clips: int) -> float:
    project = sample_project(folder, clips=clips)
    began = time.perf_counter()
    report = embed(project, encoder=encoder)
    seconds = time.perf_counter() - began
    assert report.embedded == clips, report
    project.close()
    return seconds


def _loop(checkpoint: Path, *, clips: int) -> float:
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
        vectors.append(torch.stack(found.hidden_states).mean(dim=(0, 2))[0].numpy())
    np.stack(vectors)
    return time.perf_counter() - began


def _measured(encoder: str, checkpoint: Path, folder: Path, *, clips: int) -> Figures:
    _loop(checkpoint, clips=2)  # torch and transformers are imported, and the files read, before either is timed
    theirs = _loop(checkpoint, clips=clips)
    ours = _earmark(folder, encoder, clips=clips)
    seconds = sum(soundfile.info(path).duration for path in sample_files(clips))
    details = f"{clips} clips, {seconds:.0f} s of audio, loading and storing included"
    return Figures(ours=ours, theirs=theirs, unit="s", details=details)


@row("embed-bundled", what="Embedding with the bundled encoder", against=LOOP)
def measure_bundled() -> Figures:
    """All sample clips."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured("bundled", BUNDLED, Path(folder), clips=300)


@row("embed-base", what="Embedding with the geometry of wav2vec2-base (random weights)", against=LOOP)
def measure_base() -> Figures:
    """Some sample clips: this is the size for real work."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "base"
        Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(checkpoint)
        extractor: Any = Wav2Vec2FeatureExtractor
        extractor(do_normalize=True).save_pretrained(checkpoint)
        return _measured(str(checkpoint), checkpoint, Path(folder) / "project", clips=60)
