"""A small checkpoint, a recipe that trains on it in a moment, and a model with adapters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.many_corpora.inputs.frame_cache import FrameCache
from learner.many_corpora.recipe import EncoderRecipe
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.train import Trained, train
from tests.learner.encoders.small_checkpoints import untrained
from tests.learner.many_corpora.tiny_corpora import unwatched

QUICK = EncoderRecipe(
    layers="1,2",
    bottleneck=4,
    epoch_steps=3,
    most_epochs=2,
    head_rates=(0.01,),
    head_most_epochs=2,
    rates=(0.01, 0.001),
    batch=4,
    crop_seconds=0.2,
)

Train = Callable[..., Trained]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small checkpoint: 3 layers of 32 values."""
    return untrained(tmp_path_factory.mktemp("checkpoints") / "tiny", "Wav2Vec2")


@pytest.fixture(scope="session")
def train_on(checkpoint: Path, home: Path) -> Train:
    """How models are trained on that checkpoint."""

    def trained(manifests: list[Path], output: Path, *, mode: str, recipe: EncoderRecipe = QUICK, **more: Any) -> Trained:
        settings = TrainSettings(mode=mode, backbone=str(checkpoint), recipe=recipe)
        return train(manifests, output, settings=settings, device="cpu", cache=frames(checkpoint, home), watch=unwatched, **more)

    return trained


def frames(checkpoint: Path, home: Path) -> FrameCache:
    """Where frames of the tests are kept."""
    return FrameCache(find_checkpoint(str(checkpoint)), home / "frames")


@pytest.fixture(scope="session")
def adapted(home: Path, manifests: list[Path], train_on: Train) -> Path:
    """A model of mode adapters."""
    train_on(manifests, home / "adapted", mode="adapters")
    return home / "adapted"
