"""A feature set is continued in the precision that it was begun in, whichever is faster by then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.project import OpenProject
from learner.encoders import hidden_layers
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from learner.features.one_precision import of_one_precision
from learner.features.store import FeatureStore


class Machine:
    """A processor with bf16, whose speed a test sets; nothing is kept from one measurement to the next."""

    faster = "bfloat16"

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        (checkpoint / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
        (checkpoint / "model.safetensors").write_bytes(b"")

    def encoder(self, **options: Any) -> Encoder:
        """Of wav2vec2-base's geometry; its settings need no weights."""
        return encoder_named(str(self._checkpoint), device="cpu", **options)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine, with a checkpoint."""
    (tmp_path / "base").mkdir()
    made = Machine(tmp_path / "base")
    monkeypatch.setattr(hidden_layers, "chosen_precision", lambda _device, **_: made.faster)
    return made


def test_a_feature_set_is_continued_in_its_precision(project: OpenProject, machine: Machine) -> None:
    begun = of_one_precision(project, machine.encoder())
    feature_set_id = FeatureStore(project, begun).feature_set_id
    assert begun.settings["precision"] == "bfloat16"
    machine.faster = "float32"
    continued = of_one_precision(project, machine.encoder())
    assert continued.settings == begun.settings
    assert FeatureStore(project, continued).feature_set_id == feature_set_id


def test_other_features_take_what_is_faster_now(project: OpenProject, machine: Machine) -> None:
    FeatureStore(project, of_one_precision(project, machine.encoder()))
    machine.faster = "float32"
    assert of_one_precision(project, machine.encoder(layers="7")).settings["precision"] == "float32"


def test_an_encoder_with_one_precision_stays_as_it_is(project: OpenProject) -> None:
    for name in ("logmel", "bundled"):
        FeatureStore(project, encoder_named(name, device="cpu") if name == "bundled" else encoder_named(name))
        encoder = encoder_named(name)
        assert of_one_precision(project, encoder).settings == encoder.settings
