"""Classifiers that others have made, and folders that are damaged or hostile."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from db.errors import EarmarkError
from learner.audio.decoding import decode
from learner.encoders.hidden_layers import HiddenLayerEncoder
from learner.prediction.models.reading import load_saved_model
from learner.prediction.new_audio import audio_files, predict_files
from learner.prediction.predictions import PredictReport
from tests.learner.audio_files import RATE, noise, tone, written
from tests.learner.encoders.small_checkpoints import TINY


def classifier(folder: Path, architecture: str, **config: Any) -> Path:
    """A small classifier with random weights, as plain transformers saves it."""
    import transformers
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    named = {0: "calm", 1: "angry", 2: "sad"}
    made = getattr(transformers, f"{architecture}Config")(
        **TINY, classifier_proj_size=8, id2label=named, label2id={label: number for number, label in named.items()}, **config
    )
    model = getattr(transformers, f"{architecture}ForSequenceClassification")(made)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(torch.randn_like(weights) * 0.1)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"feature_extractor_type": "Wav2Vec2FeatureExtractor", "do_normalize": True, "sampling_rate": RATE})
    )
    return folder


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of a tone in noise."""
    return written(tmp_path_factory.mktemp("audio") / "clip.wav", tone(300, 0.5) * 0.3 + noise(0.5, seed=1, level=0.1))


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("Wav2Vec2", {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}),
        ("Wav2Vec2", {"do_stable_layer_norm": True, "use_weighted_layer_sum": True}),
        ("Hubert", {}),
        ("WavLM", {"use_weighted_layer_sum": True}),
    ],
)
def test_a_classifier_that_others_made_gives_its_own_scores(
    tmp_path: Path, clip: Path, architecture: str, config: dict[str, Any]
) -> None:
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    folder = classifier(tmp_path / "theirs", architecture, **config)
    model = load_saved_model(folder, device="cpu")
    assert (model.head.label_names, model.facts) == (["calm", "angry", "sad"], None)
    (found,) = predict_files(model.head, model.encoder, audio_files(clip), report=PredictReport(), rounded=False)
    theirs: Any = AutoModelForAudioClassification.from_pretrained(folder).eval()
    inputs: Any = AutoFeatureExtractor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    with torch.inference_mode():
        samples = inputs(decode(clip, sampling_rate=RATE), sampling_rate=RATE, return_tensors="pt")
        logits = theirs(samples.input_values).logits[0]
    assert logits.std() > 0.01
    assert found.probabilities == pytest.approx(logits.softmax(0).tolist(), abs=1e-4)


def changed(name: str, **values: Any) -> Callable[[Path], None]:
    """Changes values of a JSON file of the folder."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


def rewritten(name: str, content: bytes) -> Callable[[Path], None]:
    """Puts something else into a file of the folder."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def with_a_pipe(folder: Path) -> None:
    """Has a pipe in place of the weights, which would be waited for without end."""
    (folder / "model.safetensors").unlink()
    os.mkfifo(folder / "model.safetensors")


def of_large_product(folder: Path) -> None:
    """Gives the folder a classifier that is small on the disk, and fills the memory once it is multiplied."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    tensors["classifier.weight"], tensors["classifier.bias"] = torch.ones(300_000, 1), torch.ones(300_000)
    tensors["projector.weight"], tensors["projector.bias"] = torch.ones(1, 1000), torch.ones(1)
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of others."""
    return classifier(tmp_path_factory.mktemp("models") / "theirs", "Wav2Vec2")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (changed("config.json", id2label={"0": "calm", "2": "sad"}), "id2label does not name one label for each number"),
        (changed("config.json", id2label={"0": "calm", "1": "calm", "2": "sad"}), "given twice"),
        (changed("config.json", id2label={"0": "calm"}), "with 1 labels"),
        (changed("config.json", architectures=["Wav2Vec2Model"]), "and no classifier of audio"),
        (changed("config.json", architectures=7), "and no classifier of audio"),
        (changed("config.json", model_type="whisper"), "is of type 'whisper'"),
        (changed("config.json", hidden_size="x" * 500), "is damaged"),
        (changed("config.json", conv_stride=[0] * 7), "makes no sense"),
        (changed("config.json", num_hidden_layers=10**9), "makes no sense"),
        (changed("preprocessor_config.json", sampling_rate=10**9), "makes no sense"),
        (changed("config.json", num_hidden_layers=[], use_weighted_layer_sum=True), "is damaged"),
        (changed("preprocessor_config.json", sampling_rate=1), "a window of its audio holds no frame"),
        (with_a_pipe, "model.safetensors"),
        (of_large_product, "classifier, bias and projector have the shapes"),
        (changed("config.json", hidden_size=64), "with 3 labels and vectors of 64"),
        (changed("config.json", use_weighted_layer_sum=True), "lack one layer_weight"),
        (rewritten("config.json", b"[" * 100_000), "config.json"),
        (rewritten("model.safetensors", b"\xff" * 100), "cannot be read"),
        (rewritten("earmark.json", b"{}"), "earmark.json is damaged"),
        (rewritten("earmark.json", b'{"format": "earmark-model", "version": 9}'), "has version 9"),
        (rewritten("earmark.json", b'{"format": "earmark-model", "version": 1}'), "labels: Field required"),
    ],
)
def test_a_damaged_folder_is_one_sentence(theirs: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in theirs.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    damage(folder)
    with pytest.raises(EarmarkError) as error:
        load_saved_model(folder, device="cpu")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EarmarkError, match="There is no folder"):
        load_saved_model(tmp_path / "nowhere")


def test_long_audio_is_read_window_by_window(theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.prediction.new_audio.LONG_SECONDS", 1)
    long = written(tmp_path / "long.wav", tone(200, 65.0) * 0.2 + noise(65.0, seed=2, level=0.1))
    model = load_saved_model(theirs, device="cpu")
    seen: list[int] = []
    assert isinstance(model.encoder, HiddenLayerEncoder)
    hidden_states = model.encoder._hidden_states

    def noted(network: Any, inputs: Any, *, samples: int) -> Any:
        seen.append(samples)
        return hidden_states(network, inputs, samples=samples)

    monkeypatch.setattr(model.encoder, "_hidden_states", noted)
    (found,) = predict_files(model.head, model.encoder, audio_files(long), report=PredictReport(), rounded=False)
    assert len(seen) == 3
    assert max(seen) <= 33 * RATE
    assert np.sum(found.probabilities) == pytest.approx(1)
