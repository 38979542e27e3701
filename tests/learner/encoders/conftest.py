"""What every test of encoders may use: a cache of its own, and measurements that a test chooses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from learner.encoders.wav2vec2 import encoder as wav2vec2
from tests.learner.audio_files import RATE
from tests.learner.encoders.small_checkpoints import TINY


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder; what is measured in one test is not known in another."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def no_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the processor that it runs on, and none measures for seconds, unless it asks for `stopwatch`."""
    monkeypatch.setattr("learner.encoders.precision.has_bf16", lambda _device: False)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder with a small checkpoint of the standard shape."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    folder = tmp_path / "tiny"
    Wav2Vec2Model(Wav2Vec2Config(**TINY)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": RATE}))
    return folder


class Stopwatch:
    """Stands for the measurement of both precisions."""

    def __init__(self, *, float32: float, bfloat16: float) -> None:
        self.seconds = {"float32": float32, "bfloat16": bfloat16}
        self.measured = 0

    def __call__(self, *_: Any, **__: Any) -> dict[str, float]:
        self.measured += 1
        return self.seconds


@pytest.fixture
def stopwatch(no_bf16: None, monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """On a processor with bf16, for networks of any width, measurements say what the test sets; at first that bf16 is faster."""
    made = Stopwatch(float32=0.9, bfloat16=0.3)
    monkeypatch.setattr("learner.encoders.precision.has_bf16", lambda _device: True)
    monkeypatch.setattr("learner.encoders.hidden_layers.LEAST_WIDTH", 1)
    monkeypatch.setattr(wav2vec2, "seconds_by_precision", made)
    return made
