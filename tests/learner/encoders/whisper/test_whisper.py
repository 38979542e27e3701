"""Whisper's encoder: the numbers of transformers for clips of any length, from any checkpoint."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.errors import EncoderError
from learner.arrays import Float32Array, Waveform
from learner.encoders.pooling import Moments
from learner.encoders.registry import encoder_named, encoder_of
from learner.encoders.whisper.encoder import WhisperEncoder
from learner.encoders.windows import Window
from tests.learner.audio_files import RATE, noise
from tests.learner.encoders.test_encoders import Trap
from tests.learner.encoders.whisper.small_whisper import hidden_states_of_30_s, hidden_states_unpadded, saved, small_whisper


@pytest.fixture(scope="module")
def model() -> Any:
    """A small random one."""
    return small_whisper()


@pytest.fixture(scope="module")
def folder(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its checkpoint."""
    return saved(model, tmp_path_factory.mktemp("whisper"))


def whisper(folder: Path, **options: str) -> WhisperEncoder:
    """The encoder in a folder, at the precision in which results can be compared."""
    found = encoder_named(str(folder), device="cpu", **{"precision": "float32", **options})
    assert isinstance(found, WhisperEncoder)
    return found


def states_of(encoder: WhisperEncoder, audio: Waveform) -> list[Float32Array]:
    """The hidden states [positions, width] of one window."""
    inputs = encoder._inputs([audio])
    found = encoder._computed(encoder._network, inputs, samples=len(audio), precision="float32")
    return [state[0].numpy() for state in found]


def test_on_30_s_every_hidden_state_is_the_one_transformers_gives(model: Any, folder: Path) -> None:
    audio = noise(30.0)
    found = states_of(whisper(folder, layers="all"), audio)
    expected = hidden_states_of_30_s(model, audio)
    assert len(found) == len(expected) == 4
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape == (1500, 32)
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.mark.parametrize("samples", [RATE, RATE // 2 + 77, 4 * RATE + 160, 29 * RATE - 1, 400])
def test_a_clip_of_any_length_has_positions_for_its_own_length_only(model: Any, folder: Path, samples: int) -> None:
    audio = noise(samples / RATE)[:samples]
    expected = hidden_states_unpadded(model, audio)
    found = states_of(whisper(folder, layers="all"), audio)
    assert [len(state) for state in found] == [-(-(samples // 160) // 2)] * 4
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.mark.parametrize("layers", ["0", "1", "2", "3", "1,2", "mean", "all"])
def test_layers_that_are_not_computed_change_no_other(model: Any, folder: Path, layers: str) -> None:
    audio = noise(0.8)
    states = hidden_states_unpadded(model, audio)
    chosen = [np.mean(states, axis=0)] if layers == "mean" else [states[each] for each in parsed(layers, len(states))]
    expected = np.concatenate([state.mean(0) for state in chosen] + [state.std(0) for state in chosen])
    encoder = whisper(folder, layers=layers)
    np.testing.assert_allclose(encoder.encode([audio])[0], expected, atol=2e-4)
    assert encoder.dim == len(expected)
    assert encoder.settings["pooling"] == "mean+std"


def parsed(layers: str, count: int) -> list[int]:
    """The numbers in `layers`."""
    return list(range(count)) if layers == "all" else [int(each) for each in layers.split(",")]


def test_only_the_tensors_of_layers_that_are_pooled_are_read(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    expected = whisper(folder, layers="1").encode([noise(0.5)])
    kept = {name: each for name, each in load_file(folder / "model.safetensors").items() if is_needed(name)}
    save_file(kept, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())

    encoder = whisper(tmp_path, layers="1")
    np.testing.assert_array_equal(encoder.encode([noise(0.5)]), expected)
    assert sum(each.numel() for each in encoder._network.parameters()) == sum(each.numel() for each in kept.values()) + 32
    with pytest.raises(EncoderError, match="lacks 15 of its weights"):
        whisper(tmp_path, layers="2").encode([noise(0.5)])


def is_needed(name: str) -> bool:
    """Whether a tensor belongs to what comes before hidden layer 1."""
    return name.startswith(("encoder.conv", "encoder.embed", "encoder.layers.0."))


def test_a_whole_checkpoint_its_model_and_its_encoder_alone_are_the_same(model: Any, folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    expected = whisper(folder).encode([noise(0.5)])
    transcribing = small_whisper("WhisperForConditionalGeneration")
    transcribing.model.load_state_dict(model.state_dict())
    saved(transcribing, tmp_path / "whole")
    (tmp_path / "alone").mkdir()
    halved = {name: weights.contiguous() for name, weights in model.get_encoder().state_dict().items()}
    save_file(halved, tmp_path / "alone" / "model.safetensors")
    (tmp_path / "alone" / "config.json").write_text((folder / "config.json").read_text())

    for kind in ("whole", "alone"):
        np.testing.assert_array_equal(whisper(tmp_path / kind).encode([noise(0.5)]), expected)


def test_a_checkpoint_without_safetensors_is_read_as_tensors_only(model: Any, folder: Path, tmp_path: Path) -> None:
    import torch

    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    for zipped in (True, False):
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
        np.testing.assert_array_equal(whisper(tmp_path).encode([noise(0.5)]), whisper(folder).encode([noise(0.5)]))

    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"encoder.conv1.weight": Trap(tmp_path / "sprung")}))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        whisper(tmp_path).encode([noise(0.5)])
    assert not (tmp_path / "sprung").exists()


@given(samples=st.integers(1, 100 * RATE))
def test_no_window_is_longer_than_the_positions_reach(samples: int) -> None:
    encoder = encoder_of_shape(layers=4)
    found = list(encoder._windows([np.zeros(samples, np.float32)]))
    assert max(len(window.samples) for window in found) <= 30 * RATE
    assert sum(window.own for window in found) == samples


def encoder_of_shape(*, layers: int) -> WhisperEncoder:
    """One whose weights are never needed."""
    from learner.encoders.checkpoint_files import CheckpointFiles

    config = {"model_type": "whisper", "d_model": 384, "encoder_layers": layers, "encoder_attention_heads": 6}
    found = CheckpointFiles("x", "folder", Path("x"), "", True, {**config, "encoder_ffn_dim": 1536}, {})
    return WhisperEncoder(found, device="cpu")


@pytest.mark.parametrize(("layers", "usual"), [(4, "2,3"), (6, "3,4"), (12, "6,7"), (32, "16,17"), (2, "1,2"), (1, "1")])
def test_the_default_layers_are_the_two_in_the_middle(layers: int, usual: str) -> None:
    settings = encoder_of_shape(layers=layers).settings
    assert (settings["layers"], settings["pooling"]) == (usual, "mean+std")


def test_a_long_clip_is_the_same_in_blocks_and_its_statistics_are_those_of_its_frames(folder: Path) -> None:
    encoder, audio = whisper(folder), noise(65.0)
    vector = encoder.encode([audio])[0]
    np.testing.assert_allclose(encoder.encode_stream(np.array_split(audio, 17)), vector, atol=1e-5)

    counted = []
    for start, first, last in ((0, 0, 28), (27, 1, 29), (55, 1, 10)):
        states = states_of(encoder, audio[start * RATE : min(start + last + 1, 65) * RATE])
        counted.append(np.concatenate([states[1], states[2]], axis=1)[first * 50 : last * 50])
    frames = np.concatenate(counted)
    assert len(frames) == 65 * 50
    np.testing.assert_allclose(vector, np.concatenate([frames.mean(0), frames.std(0)]), atol=1e-4)


def test_clips_of_equal_length_share_a_batch_on_a_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = whisper(folder)
    clips = [noise(1.0), noise(0.5), noise(1.0, seed=3)]
    one_by_one = encoder.encode(clips)
    sizes: list[int] = []
    pool = encoder._pool

    def counted(batch: list[Window], moments: list[Moments]) -> None:
        sizes.append(len(batch))
        pool(batch, moments)

    monkeypatch.setattr(encoder, "_pool", counted)
    monkeypatch.setattr("learner.encoders.hidden_layers.largest_batch", lambda _device: 16)
    np.testing.assert_allclose(encoder.encode(clips), one_by_one, atol=1e-5)
    assert sizes == [1, 2]


def test_short_silent_and_too_loud_clips_spoil_no_other(folder: Path) -> None:
    encoder = whisper(folder)
    clips = [noise(0.001), np.zeros(RATE, np.float32), noise(0.5) * np.float32(1e38), noise(0.5)]
    vectors = encoder.encode(clips)
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, True, False, True]
    np.testing.assert_array_equal(vectors[3], encoder.encode(clips[3:])[0])


def test_in_bf16_clips_point_the_same_way(tmp_path: Path) -> None:
    wide = saved(small_whisper(d_model=64, encoder_ffn_dim=128), tmp_path / "wide")
    clips = [noise(0.5), noise(1.7, seed=1), noise(3.0, seed=2)]
    exact, lower = whisper(wide).encode(clips), whisper(wide, precision="bfloat16")
    assert (lower.settings["precision"], lower.settings["device"]) == ("bfloat16", "cpu")
    assert cosines(lower.encode(clips), exact).min() > 0.999


def cosines(some: Float32Array, others: Float32Array) -> Float32Array:
    """Of the angles between the rows of two matrices."""
    found: Float32Array = (some * others).sum(axis=1) / np.linalg.norm(some, axis=1) / np.linalg.norm(others, axis=1)
    return found


def test_both_precisions_are_measured_on_the_network_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = whisper(folder)._seconds_by_precision()
    assert sorted(measured) == ["bfloat16", "float32"]
    assert min(measured.values()) > 0

    monkeypatch.setattr("learner.encoders.precision.has_bf16", lambda _device: True)
    monkeypatch.setattr("learner.encoders.hidden_layers.LEAST_WIDTH", 1)
    for faster in ("bfloat16", "float32"):
        seconds = {"bfloat16": 1.0, "float32": 1.0, faster: 0.5}
        monkeypatch.setattr(WhisperEncoder, "_seconds_by_precision", lambda _self, given=seconds: given)
        encoder = encoder_named(str(folder), device="cpu", layers="1" if faster == "float32" else "2")
        assert encoder.settings["precision"] == faster


def test_damaged_checkpoints_are_refused_by_name(model: Any, folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 100)

    def refused(reason: str, **changed: Any) -> None:
        (tmp_path / "config.json").write_text(json.dumps(config | changed))
        with pytest.raises(EncoderError, match=reason):
            whisper(tmp_path).encode([noise(0.5)])

    refused("cannot be loaded")
    refused("does not say how large it is \\(d_model is None", d_model=None)
    refused("does not say how large it is \\(encoder_layers is '4'", encoder_layers="4")
    refused("3 heads do not share 32 values", encoder_attention_heads=3)
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    refused("cannot be loaded", d_model=64)
    refused("activation 'tanh'", activation_function="tanh")


def test_it_is_found_again_from_the_settings_of_its_features(folder: Path) -> None:
    made = whisper(folder, layers="1,2", pooling="mean")
    assert encoder_of(made.settings, device="cpu").settings == made.settings
    assert "transformers" not in made.settings
