"""Both precisions are timed on the network itself."""

from __future__ import annotations

from typing import Any

import pytest

from learner.encoders.wav2vec2 import timing
from learner.encoders.wav2vec2.timing import seconds_by_precision


def small_model() -> Any:
    """A network of the usual shape."""
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    return Wav2Vec2Model(Wav2Vec2Config(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48))


def test_both_precisions_are_timed_and_the_quickest_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    clock = iter([0.0, 0.1, 1.0, 1.05, 2.0, 2.1] * 4)

    def run(_model: Any, waveforms: Any, precision: str) -> None:
        ran.append(f"{precision} {waveforms.shape[1] / 16_000:.1f}")

    monkeypatch.setattr(timing, "_run", run)
    monkeypatch.setattr("learner.encoders.timing.time.perf_counter", lambda: next(clock))
    found = seconds_by_precision(small_model(), device="cpu", sampling_rate=16_000)
    assert found == pytest.approx({"float32": 0.1, "bfloat16": 0.1})
    assert ran == [
        f"{precision} {length}" for precision in ("float32", "bfloat16") for length in ("0.8", "2.0") for _ in range(4)
    ]


def test_a_real_network_takes_some_time_in_each() -> None:
    found = seconds_by_precision(small_model(), device="cpu", sampling_rate=16_000)
    assert sorted(found) == ["bfloat16", "float32"]
    assert all(seconds > 0 for seconds in found.values())
