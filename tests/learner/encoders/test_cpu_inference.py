"""What a CPU computes is what `transformers` computes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

from learner.encoders import cpu_products
from learner.encoders.wav2vec2.cpu_inference import prepare_for_cpu


def small_model(norm: str, **options: Any) -> Any:
    """Of the standard build, with weights that are no identity anywhere."""
    torch.manual_seed(1)
    config = Wav2Vec2Config(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        conv_dim=(32, 32, 32),
        conv_stride=(5, 2, 2),
        conv_kernel=(10, 3, 2),
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        feat_extract_norm=norm,
        do_stable_layer_norm=norm == "layer",
        **options,
    )
    model: Any = Wav2Vec2Model(config)
    model.eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


def hidden_states(model: Any, waveforms: Any, *, lower: bool = False) -> Any:
    """Of the last layer, in float32."""
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=lower):
        return model(waveforms).last_hidden_state.float()


@pytest.mark.parametrize("norm", ["group", "layer"])
@pytest.mark.parametrize("conv_bias", [False, True])
@pytest.mark.parametrize("samples", [400, 4321, 40_000])
def test_in_float32_the_numbers_are_those_of_transformers(norm: str, conv_bias: bool, samples: int) -> None:
    model = small_model(norm, conv_bias=conv_bias)
    waveforms = torch.randn(2, samples)
    exact = hidden_states(model, waveforms)
    prepare_for_cpu(model, precision="float32")
    assert torch.allclose(hidden_states(model, waveforms), exact, atol=1e-4)


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_in_bf16_clips_point_the_same_way(norm: str) -> None:
    model = small_model(norm)
    waveforms = torch.randn(3, 9876)
    exact = hidden_states(model, waveforms).mean(dim=1)
    prepare_for_cpu(model, precision="bfloat16")
    found = hidden_states(model, waveforms, lower=True).mean(dim=1)
    assert torch.cosine_similarity(found, exact, dim=1).min() > 0.999


def test_a_model_of_another_build_is_left_to_transformers() -> None:
    model = small_model("group")
    odd = copy.deepcopy(model)
    odd.feature_extractor.conv_layers[1].conv = torch.nn.Conv1d(32, 32, 3, stride=2, padding=1)
    exact = hidden_states(odd, waveforms := torch.randn(1, 5000))
    prepare_for_cpu(odd, precision="float32")
    assert torch.allclose(hidden_states(odd, waveforms), exact, atol=1e-4)


def test_the_norm_in_weights_is_right_for_a_signal_far_from_zero_and_for_silence() -> None:
    model = small_model("group", conv_bias=True)
    waveforms = torch.stack([5 + 0.01 * torch.randn(9000), torch.zeros(9000)])
    exact = hidden_states(model, waveforms)
    prepare_for_cpu(model, precision="float32")
    assert torch.allclose(hidden_states(model, waveforms), exact, atol=1e-3)


def test_other_processors_and_releases_of_torch_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model("group")
    exact = hidden_states(model, waveforms := torch.randn(1, 5000))
    monkeypatch.setattr(cpu_products, "packs", lambda _dtype: False)
    prepare_for_cpu(model, precision="float32")
    assert torch.allclose(hidden_states(model, waveforms), exact, atol=1e-4)
