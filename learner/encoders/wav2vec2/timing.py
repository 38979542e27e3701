"""How long a network takes to encode in float32 and in bf16 on this machine."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from learner.encoders.precision import BFLOAT16, FLOAT32
from learner.encoders.timing import LENGTHS, quickest_seconds

if TYPE_CHECKING:
    from torch import Tensor


def seconds_by_precision(model: Any, *, device: str, sampling_rate: int) -> dict[str, float]:
    """Seconds for the same audio by precision. The model is left in the form that computes in bf16.

    Args:
        model: as `learner.encoders.loading.load_model` returns it.
    """
    from learner.encoders.wav2vec2.cpu_inference import prepare_for_cpu

    found = {}
    for precision in (FLOAT32, BFLOAT16):
        if device == "cpu":
            prepare_for_cpu(model, precision=precision)
        found[precision] = forward_seconds(model.to(device), device=device, sampling_rate=sampling_rate, precision=precision)
    return found


def forward_seconds(model: Any, *, device: str, sampling_rate: int, precision: str) -> float:
    """Seconds that the model takes for a short and a longer clip of noise together."""
    import torch

    total = 0.0
    for seconds in LENGTHS:
        noise = torch.randn(1, int(seconds * sampling_rate), generator=torch.Generator().manual_seed(0)).to(device)
        total += quickest_seconds(partial(_run, model, noise, precision))
    return total


def _run(model: Any, waveforms: Tensor, precision: str) -> None:
    import torch

    kind = waveforms.device.type
    with torch.inference_mode(), torch.autocast(kind, dtype=torch.bfloat16) if precision == BFLOAT16 else nullcontext():
        model(waveforms, output_hidden_states=True)
    if kind == "cuda":
        torch.cuda.synchronize()
