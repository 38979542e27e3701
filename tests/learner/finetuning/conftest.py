"""Six short clips each of two speakers who say high and low, and a small random checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learner.corpora.clips import LabelledClips, ProbeClip
from tests.learner.audio_files import RATE, noise, tone, written
from tests.learner.encoders.small_checkpoints import TINY


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder; no test measures which precision is faster."""
    monkeypatch.setattr("learner.encoders.precision.has_bf16", lambda _device: False)
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small checkpoint of the standard shape."""
    import torch
    from transformers import Wav2Vec2Config, Wav2Vec2Model
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    Wav2Vec2Model(Wav2Vec2Config(**TINY)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": RATE}))
    return folder


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ProbeClip]:
    """Twelve clips of 0.05 to 0.4 seconds."""
    folder, found = tmp_path_factory.mktemp("clips"), []
    for number in range(12):
        label, speaker = ("high", "low")[number % 2], ("anna", "bert")[number // 6]
        seconds = 0.05 if number == 3 else 0.2 + 0.02 * number
        samples = tone(900 if label == "high" else 120, seconds) * 0.3 + noise(seconds, seed=number, level=0.02)
        path = written(folder / f"{number}.wav", samples)
        found.append(ProbeClip(file_name=path.name, path=str(path), start=0.0, end=None, label=label, speaker=speaker))
    return found


@pytest.fixture
def labelled(clips: list[ProbeClip]) -> LabelledClips:
    """The clips as a manifest gives them."""
    return LabelledClips(clips=list(clips))
