"""Memory that a long clip takes, compared with giving the whole clip to the model at once."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.measuring.base_geometry import base_checkpoint
from benchmarks.measuring.rows import Figures, row
from benchmarks.measuring.sample_project import REPOSITORY

RATE = 16_000
SHORT, LONG = 4, 30
"""Minutes: a clip that the alternative can hold in memory, and a longer one."""
_PEAK = """
import re
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024)
"""
_OURS = (
    """
import sys
from learner.audio.decoding import decode_blocks
from learner.encoders.registry import encoder_named
checkpoint, path = sys.argv[1:]
encoder_named(checkpoint).encode_stream(decode_blocks(path, start=0.0, end=None, sampling_rate=16000))
"""
    + _PEAK
)
_THEIRS = (
    """
import sys, soundfile, torch
from transformers import AutoFeatureExtractor, AutoModel
checkpoint, path = sys.argv[1:]
signal, rate = soundfile.read(path, dtype="float32")
extractor = AutoFeatureExtractor.from_pretrained(checkpoint)
with torch.no_grad():
    AutoModel.from_pretrained(checkpoint)(**extractor(signal, sampling_rate=rate, return_tensors="pt"))
"""
    + _PEAK
)


def _peak(program: str, checkpoint: Path, path: Path) -> float:
    """Largest resident memory of a process that runs the program, in MB; `ru_maxrss` would include its parent's."""
    command = [sys.executable, "-c", program, str(checkpoint), str(path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])) / 1e6


def _speech_like(path: Path, minutes: int) -> Path:
    """Noise at the level of speech, written minute by minute."""
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1, format="FLAC") as file:
        for _ in range(minutes):
            file.write(0.05 * rng.standard_normal(60 * RATE, dtype=np.float32))
    return path


@row(
    "long-clip-memory",
    what="Peak memory of a long clip with the geometry of wav2vec2-base",
    against="the whole clip at once in float32 by plain `transformers`",
)
def measure() -> Figures:
    """Memory of whole processes, including their libraries."""
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = base_checkpoint(Path(folder) / "base")
        short, long = (_speech_like(Path(folder) / f"{minutes}.flac", minutes) for minutes in (SHORT, LONG))
        theirs, ours = _peak(_THEIRS, checkpoint, short), _peak(_OURS, checkpoint, short)
        longer = _peak(_OURS, checkpoint, long)
    return Figures(ours=ours, theirs=theirs, unit="MB", details=f"{SHORT} minutes; {longer:.0f} MB for {LONG} minutes")
