"""Memory and time of one step of each fine-tuning recipe with the geometry of wav2vec2-base."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.measuring.base_geometry import base_checkpoint
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import REPOSITORY

RATE, SECONDS = 16_000, 10
METHODS = ("v-ft", "tapt", "p-tapt")
BATCH, AT_ONCE = 16, 8
"""Clips a step, and how many of them the alternative takes at once: more do not fit on usual machines."""
_PEAK = """
import re
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024
"""
_OURS = (
    """
import json, sys, tempfile, time
from contextlib import contextmanager
from pathlib import Path
from learner.corpora.clips import LabelledClips, ProbeClip
from learner.finetuning.experiment import FinetuneSettings, finetune
from learner.finetuning.recipe import Pretraining, PseudoLabels, Recipe, Supervised
checkpoint, path, method, batch, device = sys.argv[1:]
# The first steps on a GPU load its kernels.
count = 1 if device == "cpu" else 4
vft, pretraining = Supervised(epochs=count, batch=int(batch)), Pretraining(steps=count, batch=int(batch))
recipe = Recipe(vft, pretraining, PseudoLabels((64, 512), vft, pretraining))
clips = [ProbeClip(f"{n}", path, 0.0, None, "ab"[n % 2], "train") for n in range(int(batch))]
clips += [ProbeClip(f"{n}", path, 0.1, None, "ab"[n % 2], "test") for n in range(2)]
@contextmanager
def unseen(*_):
    yield lambda *_: None
with tempfile.TemporaryDirectory() as folder:
    asked = FinetuneSettings(method, checkpoint, recipe=recipe)
    from learner.finetuning.training import steps
    took = {}
    def timed(job, step, _sound=steps._is_sound):
        began = time.monotonic()
        found = _sound(job, step)
        took.setdefault(type(job).__name__, []).append(time.monotonic() - began)
        return found
    steps._is_sound = timed
    finetune(LabelledClips(clips=clips), settings=asked, output=Path(folder), cache=Path(folder), device=device, watch=unseen)
"""
    + _PEAK
    + """
if device != "cpu":
    import torch
    peak = torch.cuda.max_memory_reserved()
print(json.dumps([peak, max(min(seconds) for seconds in took.values())]))
"""
)
_THEIRS = (
    """
import json, sys, soundfile, torch
from transformers import AutoFeatureExtractor, AutoModelForAudioClassification
checkpoint, path, count = sys.argv[1:]
signal, rate = soundfile.read(path, dtype="float32")
extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
inputs = extractor([signal] * int(count), sampling_rate=rate, return_tensors="pt")
model = AutoModelForAudioClassification.from_pretrained(checkpoint, num_labels=2)
model.freeze_feature_encoder()
adam = torch.optim.Adam(model.parameters())
model.train()(**inputs, labels=torch.zeros(int(count), dtype=torch.long)).loss.backward()
adam.step()
"""
    + _PEAK
    + "print(json.dumps([peak, 0]))"
)


def _measured(program: str, *arguments: object) -> tuple[float, float]:
    """Largest resident memory of a process that runs the program, in MB, and the seconds of a step of its slowest phase."""
    command = [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    peak, seconds = json.loads(done.stdout.splitlines()[-1])
    return float(peak) / 1e6, float(seconds)


def _in_words(measured: dict[str, tuple[float, float]]) -> str:
    return "; ".join(f"{method}: {peak:.0f} MB, {seconds:.3g} s a step" for method, (peak, seconds) in measured.items())


@row(
    "finetuning-step-memory",
    what="Peak memory of one step of V-FT, TAPT or P-TAPT with the geometry of wav2vec2-base",
    against=f"V-FT of {AT_ONCE} of the {BATCH} clips at once by plain `transformers`",
)
def measure() -> Figures:
    """Memory of whole processes, including their libraries."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, path = base_checkpoint(Path(folder) / "base"), Path(folder) / "clip.flac"
        soundfile.write(path, 0.05 * np.random.default_rng(0).standard_normal(SECONDS * RATE, dtype=np.float32), RATE)
        ours = {method: _measured(_OURS, checkpoint, path, method, BATCH, "cpu") for method in METHODS}
        theirs, _ = _measured(_THEIRS, checkpoint, path, AT_ONCE)
        details = f"{BATCH} clips of {SECONDS} s; {_in_words(ours)}"
        if torch.cuda.is_available():
            on_gpu = {method: _measured(_OURS, checkpoint, path, method, BATCH, "cuda") for method in METHODS}
            details += f"; on {torch.cuda.get_device_name()}, memory of the GPU: {_in_words(on_gpu)}"
    return Figures(ours=max(peak for peak, _ in ours.values()), theirs=theirs, unit="MB", details=details)
