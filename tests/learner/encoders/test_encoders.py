"""Encoders: the same audio gives the same vector, whatever way it comes; and what cannot be used is refused by name."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import EncoderError
from learner.encoders.pooling import Moments
from learner.encoders.registry import encoder_named, encoder_of
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder, with_gain
from learner.encoders.wav2vec2.make_untrained import make
from tests.learner.audio_files import RATE, noise
from tests.learner.encoders.conftest import Stopwatch
from tests.learner.encoders.small_checkpoints import in_float32

BUNDLED = Path(__file__).parents[3] / "learner" / "encoders" / "bundled"


def test_the_bundled_encoder_is_small_and_its_vectors_are_repeatable() -> None:
    encoder = encoder_named("bundled")
    clips = [noise(1.0), noise(2.5, seed=1), noise(0.03, seed=2), np.zeros(RATE, np.float32)]

    vectors = encoder.encode(clips)

    assert (BUNDLED / "model.safetensors").stat().st_size <= 16e6
    assert vectors.shape == (4, encoder.dim) == (4, 1536)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(encoder_named("bundled").encode(clips[1:2])[0], vectors[1], atol=1e-5)
    assert encoder.encode([]).shape == (0, 1536)


def test_the_bundled_checkpoint_is_a_wav2vec2_that_transformers_loads_whole() -> None:
    from transformers import AutoModel, Wav2Vec2Model

    model, report = AutoModel.from_pretrained(BUNDLED, output_loading_info=True)

    assert isinstance(model, Wav2Vec2Model)
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))


def test_a_training_begins_with_the_same_weights_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("one", "again"):
        make(tmp_path / name, shape=(3, 384))
    one, again = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "again"))

    assert hashlib.sha256(one).digest() == hashlib.sha256(again).digest()
    for name in ("config.json", "preprocessor_config.json"):
        assert (tmp_path / "one" / name).read_bytes() == (BUNDLED / name).read_bytes()


def test_neighbours_in_a_batch_do_not_change_a_vector(tiny: Path) -> None:
    encoder = in_float32(tiny)
    clips = [noise(seconds, seed=seed) for seed, seconds in enumerate((1.0, 0.4, 1.0, 2.0))]
    alone = np.concatenate([encoder.encode([clip]) for clip in clips])
    np.testing.assert_allclose(encoder.encode(clips), alone, atol=1e-6)


def test_defaults_follow_the_geometry(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    (tmp_path / "model.safetensors").write_bytes(b"")
    base = encoder_named(str(tmp_path), device="cpu")
    assert (base.settings["layers"], base.settings["pooling"], base.settings["gain"], base.dim) == ("5", "mean", "normalize", 768)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wavlm", "num_hidden_layers": 24, "hidden_size": 1024}))
    assert encoder_named(str(tmp_path), device="cpu").settings["layers"] == "10"


def test_gain() -> None:
    loud, quiet = noise(1.0, level=0.2) + 0.01, noise(1.0, level=0.002)
    for clip in (loud, quiet):
        normalised = with_gain(clip, "normalize")
        assert normalised.mean() == pytest.approx(0, abs=1e-4)
        assert normalised.std() == pytest.approx(1, abs=0.02)
    assert with_gain(loud, "soft").std() / with_gain(quiet, "soft").std() == pytest.approx(10, rel=0.05)
    assert with_gain(loud, "none") is loud
    assert np.isfinite(with_gain(np.zeros(10, np.float32), "soft")).all()


def test_bf16_is_used_where_it_is_fast_and_is_another_feature_set(
    tiny: Path, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    precise = in_float32(tiny).encode([noise(1.0)])
    (tiny / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True}))
    encoder = encoder_named(str(tiny), device="cpu")

    assert encoder.settings["precision"] == "bfloat16"
    np.testing.assert_allclose(encoder.encode([noise(1.0)]), precise, atol=0.05)
    assert stopwatch.measured == 1
    monkeypatch.setattr("learner.encoders.precision.has_bf16", lambda _device: False)
    assert encoder_named(str(tiny), device="cpu").settings["precision"] == "float32"


def test_float32_is_used_where_bf16_is_slower_though_the_processor_has_it(tiny: Path, stopwatch: Stopwatch) -> None:
    stopwatch.seconds = {"float32": 0.27, "bfloat16": 0.40}
    encoder = encoder_named(str(tiny), device="cpu")
    assert (encoder.settings["precision"], "device" in encoder.settings) == ("float32", False)
    # Kept: the next encoder does not measure, and another network does.
    assert encoder_named(str(tiny), device="cpu").settings["precision"] == "float32"
    assert stopwatch.measured == 1
    assert encoder_named(str(tiny), device="cpu", layers="0").settings["precision"] == "float32"
    assert stopwatch.measured == 2


def test_a_narrow_network_is_not_measured(tiny: Path, stopwatch: Stopwatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.encoders.hidden_layers.LEAST_WIDTH", 33)
    assert encoder_named(str(tiny), device="cpu").settings["precision"] == "float32"
    assert stopwatch.measured == 0


def test_an_encoder_of_known_features_keeps_their_precision(tiny: Path, stopwatch: Stopwatch) -> None:
    made = encoder_named(str(tiny), device="cpu").settings
    stopwatch.seconds = {"float32": 0.1, "bfloat16": 0.9}
    (tiny.parent / "cache" / "precision.json").unlink()
    assert encoder_of(made, device="cpu").settings == made
    assert stopwatch.measured == 1
    assert encoder_named(str(tiny), device="cpu").settings["precision"] == "float32"


def test_an_encoder_is_found_again_from_the_settings_of_its_features(tiny: Path) -> None:
    made = in_float32(tiny, layers="1,2", pooling="mean+std")
    assert encoder_of(made.settings, device="cpu").settings == made.settings
    assert encoder_of(encoder_named("logmel").settings).dim == 128

    (tiny / "model.safetensors").write_bytes(b"other")
    with pytest.raises(EncoderError, match="has changed.*revision"):
        encoder_of(made.settings, device="cpu")


def test_a_checkpoint_without_safetensors_is_read_as_tensors_only(tiny: Path) -> None:
    import torch
    from safetensors.torch import load_file

    expected = in_float32(tiny).encode([noise(1.0)])
    torch.save(load_file(tiny / "model.safetensors"), tiny / "pytorch_model.bin")
    (tiny / "model.safetensors").unlink()
    np.testing.assert_allclose(in_float32(tiny).encode([noise(1.0)]), expected, atol=1e-6)


class Trap:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_nothing_is_unpickled(tiny: Path, tmp_path: Path) -> None:
    (tiny / "model.safetensors").unlink()
    (tiny / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": Trap(tmp_path / "sprung")}))
    with pytest.raises(EncoderError, match="cannot be loaded"):
        in_float32(tiny).encode([noise(1.0)])
    assert not (tmp_path / "sprung").exists()


def test_code_in_a_checkpoint_is_never_run(tiny: Path, tmp_path: Path) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "trap.Trap"}}))
    (tiny / "trap.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')")
    assert in_float32(tiny).encode([noise(1.0)]).shape == (1, 32)
    assert not (tmp_path / "sprung").exists()


def test_damaged_checkpoints_are_refused_by_name(tiny: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(tiny / "model.safetensors")
    removed = next(name for name in weights if "encoder.layers.1" in name)
    save_file({name: tensor for name, tensor in weights.items() if name != removed}, tiny / "model.safetensors", {"format": "pt"})
    with pytest.raises(EncoderError, match="lacks 1 of its weights"):
        in_float32(tiny).encode([noise(1.0)])

    (tiny / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(EncoderError, match="tiny.*cannot be loaded"):
        in_float32(tiny).encode([noise(1.0)])


@pytest.mark.parametrize(
    ("config", "reason"),
    [(None, "missing or damaged"), ("{", "missing or damaged"), ("[]", "no settings"), ('{"model_type": "bert"}', "'bert'")],
)
def test_folders_that_hold_something_else_are_refused(tmp_path: Path, config: str | None, reason: str) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(EncoderError, match=reason):
        encoder_named(str(tmp_path))


@pytest.mark.parametrize("name", ["nonsense", "./nowhere", "/no/such/folder", "", "../x"])
def test_unknown_names_are_refused_with_what_would_do(name: str) -> None:
    with pytest.raises(EncoderError, match="hub id such as facebook/wav2vec2-base"):
        encoder_named(name)


def test_a_hub_id_without_network_says_which_folder_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_options: object) -> str:
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(EncoderError) as refused:
        encoder_named("facebook/wav2vec2-base")
    assert "--encoder /models/wav2vec2-base" in str(refused.value)
    assert "config.json" in str(refused.value)


def test_a_hub_id_in_the_cache_needs_no_network_and_records_its_commit(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8"
    snapshot = tiny.rename(tiny.with_name(commit))

    def cached(_name: str, *, local_files_only: bool, **_options: object) -> str:
        assert local_files_only
        return str(snapshot)

    monkeypatch.setattr("huggingface_hub.snapshot_download", cached)
    encoder = encoder_named("someone/tiny", device="cpu")
    assert (encoder.name, encoder.revision, encoder.settings["origin"]) == ("someone/tiny", commit, "hub")


def test_options_an_encoder_does_not_have_are_refused() -> None:
    with pytest.raises(EncoderError, match="mean, mean\\+std"):
        encoder_named("bundled", pooling="median")
    with pytest.raises(EncoderError, match="'logmel' has no layers"):
        encoder_named("logmel", layers="3")
    with pytest.raises(EncoderError, match="Device 'cuda:99'"):
        encoder_named("bundled", device="cuda:99").encode([noise(1.0)])


def test_the_same_waveform_twice_shares_a_batch_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only clips of exactly equal length share one, since padding would change them."""
    encoder = encoder_named("bundled", device="cpu")
    assert isinstance(encoder, Wav2Vec2Encoder)
    one_by_one = encoder.encode([noise(1.0), noise(0.5), noise(1.0, seed=3)])
    sizes: list[int] = []
    pool = encoder._pool

    def counted(batch: list[Any], moments: list[Moments]) -> None:
        sizes.append(len(batch))
        pool(batch, moments)

    monkeypatch.setattr(encoder, "_pool", counted)
    monkeypatch.setattr("learner.encoders.hidden_layers.largest_batch", lambda _device: 16)
    np.testing.assert_allclose(encoder.encode([noise(1.0), noise(0.5), noise(1.0, seed=3)]), one_by_one, atol=1e-5)
    assert sizes == [1, 2]


@pytest.mark.parametrize(
    ("architecture", "warned"), [("Wav2Vec2ForCTC", True), ("Wav2Vec2ForPreTraining", False), ("Wav2Vec2Model", False)]
)
def test_a_checkpoint_fine_tuned_to_transcribe_is_warned_of(tiny: Path, architecture: str, warned: bool) -> None:
    config = json.loads((tiny / "config.json").read_text())
    (tiny / "config.json").write_text(json.dumps(config | {"architectures": [architecture]}))
    remark = encoder_named(str(tiny)).remark
    assert (remark is not None and architecture in remark) == warned


def test_a_clip_too_loud_to_encode_spoils_no_other(tiny: Path) -> None:
    """As `embed` needs it, which sets that clip aside."""
    (tiny / "preprocessor_config.json").write_text(json.dumps({"do_normalize": False, "sampling_rate": RATE}))
    encoder = in_float32(tiny)
    too_loud = noise(0.5, seed=1) * np.float32(1e38)
    # Alone 1e38 is no trouble in float32: the norm of the first convolution computes in float64.
    too_loud[100] = np.inf
    vectors = encoder.encode([noise(0.5), too_loud, noise(0.5, seed=2)])
    assert np.isfinite(vectors).all(axis=1).tolist() == [True, False, True]
    np.testing.assert_array_equal(vectors[[0, 2]], encoder.encode([noise(0.5), noise(0.5, seed=2)]))
    assert not np.isfinite(encoder.encode_stream([too_loud] * 100)).all()
