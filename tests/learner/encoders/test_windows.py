"""Long clips: windows overlap, every frame counts once, and windows get smaller if memory is short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from db.errors import EncoderError
from learner.encoders.handmade.logmel import LogMelEncoder
from learner.encoders.pooling import Moments
from learner.encoders.registry import encoder_named
from learner.encoders.wav2vec2.encoder import Wav2Vec2Encoder, wav2vec2_encoder
from learner.encoders.wav2vec2.make_untrained import make
from learner.encoders.windows import Window, windows
from tests.learner.audio_files import RATE, noise

STRIDE, FIELD = 5, 8
"""Of a network in small: a frame begins every 5 samples and sees 8."""
CUT: dict[str, int] = {"size": 100, "least": 20, "context": 15}


def cut(lengths: list[int]) -> tuple[NDArray[np.float32], list[Window]]:
    """Samples whose values are their positions, and their windows, from blocks of these lengths."""
    audio = np.arange(sum(lengths), dtype=np.float32)
    blocks: Iterator[Any] = iter(np.split(audio, np.cumsum(lengths)[:-1])) if lengths else iter(())
    return audio, list(windows(blocks, **CUT))


def frames_of(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """What each frame sees, [frames, FIELD]."""
    if len(samples) < FIELD:
        return np.zeros((0, FIELD), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, FIELD)[::STRIDE]


@given(lengths=st.lists(st.integers(0, 300), max_size=12))
def test_every_sample_has_one_window_that_is_neither_short_nor_long(lengths: list[int]) -> None:
    audio, found = cut(lengths)
    owned = [window.samples[window.start : window.end] for window in found]
    np.testing.assert_array_equal(np.concatenate([*owned, np.zeros(0, np.float32)]), audio)
    assert all(20 <= window.own < 120 for window in found) or len(audio) < 20
    assert all(len(window.samples) <= 150 for window in found)
    assert [window.shape for window in found] == [window.shape for window in windows([audio], **CUT)]


@given(lengths=st.lists(st.integers(0, 300), max_size=12))
def test_every_frame_counts_once_and_sees_all_that_it_would_see_in_the_whole(lengths: list[int]) -> None:
    audio, found = cut(lengths)
    counted = [frames_of(window.samples)[window.frames(stride=STRIDE)] for window in found]
    np.testing.assert_array_equal(np.concatenate([frames_of(audio[:0]), *counted]), frames_of(audio))


@given(length=st.integers(41, 400))
def test_halves_count_the_same_frames(length: int) -> None:
    audio, found = cut([length])
    halves = [half for window in found for half in window.halves(context=15, stride=STRIDE)]
    counted = [frames_of(half.samples)[half.frames(stride=STRIDE)] for half in halves]
    np.testing.assert_array_equal(np.concatenate(counted), frames_of(audio))


@given(parts=st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_moments_of_windows_are_those_of_all_frames(parts: list[int]) -> None:
    frames = np.random.default_rng(0).normal(50, 2, size=(sum(parts), 3))
    moments = Moments()
    for window in np.split(frames, np.cumsum(parts)[:-1]):
        moments.add(window)
    np.testing.assert_allclose(moments.pooled("mean+std"), np.concatenate([frames.mean(0), frames.std(0)]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["bundled", "logmel"])
def test_a_long_clip_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("learner.encoders.wav2vec2.encoder.WINDOW_SECONDS", 2)
    audio = noise(7.3)
    encoder = encoder_named(name)
    streamed = encoder.encode_stream(iter(np.array_split(audio, 11)))
    np.testing.assert_allclose(streamed, encoder.encode([audio])[0], rtol=1e-4, atol=1e-5)


def test_hand_made_features_of_a_long_clip_are_exactly_those_of_the_whole() -> None:
    audio = noise(65.0)
    encoder = LogMelEncoder(pooling="mean+std")
    whole = encoder._frames(audio)
    np.testing.assert_allclose(encoder.encode([audio])[0], np.concatenate([whole.mean(0), whole.std(0)]), rtol=1e-4)


def test_a_long_clip_in_windows_is_nearly_what_it_is_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = noise(9.0) * np.linspace(0.5, 1.5, 9 * RATE, dtype=np.float32)
    whole = encoder_named("bundled").encode([audio])[0]
    monkeypatch.setattr("learner.encoders.wav2vec2.encoder.WINDOW_SECONDS", 2)
    assert cosine(encoder_named("bundled").encode([audio])[0], whole) > 0.995


class TestTooLittleMemory:
    """On a CPU, only torch's message shows that memory is short."""

    @pytest.fixture
    def short(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Memory for two seconds of audio at a time; lengths of what was encoded."""
        encoded: list[int] = []
        real = Wav2Vec2Encoder._statistics

        def limited(self: Wav2Vec2Encoder, batch: list[Window]) -> Any:
            samples = sum(len(window.samples) for window in batch)
            if samples > room[0]:
                raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory")
            encoded.append(samples)
            return real(self, batch)

        room = [4 * RATE]
        monkeypatch.setattr(Wav2Vec2Encoder, "_statistics", limited)
        return room

    def test_windows_are_halved_and_it_goes_on(self, short: list[int]) -> None:
        audio = noise(9.0)
        limited = encoder_named("bundled").encode([audio])[0]
        short[0] = 100 * RATE
        assert cosine(limited, encoder_named("bundled").encode([audio])[0]) > 0.995

    def test_a_batch_is_halved_first(self, short: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("learner.encoders.hidden_layers.largest_batch", lambda device: 16)
        clips = [noise(1.5, seed=seed) for seed in range(5)]
        limited = encoder_named("bundled").encode(clips)
        short[0] = 100 * RATE
        np.testing.assert_allclose(limited, encoder_named("bundled").encode(clips), rtol=1e-3, atol=1e-4)

    def test_no_memory_for_a_second_is_an_error(self, short: list[int]) -> None:
        short[0] = RATE // 2
        with pytest.raises(EncoderError, match=r"not enough memory for 'bundled' to encode 1\.\d s"):
            encoder_named("bundled").encode([noise(9.0)])

    def test_other_failures_are_raised_unchanged(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(self: Wav2Vec2Encoder, batch: list[Window]) -> Any:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

        monkeypatch.setattr(Wav2Vec2Encoder, "_statistics", broken)
        with pytest.raises(RuntimeError, match="shapes"):
            encoder_named("bundled").encode([noise(1.0)])


def test_bf16_is_right_with_an_odd_number_of_channels_a_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """12 channels a group in the positional convolution, which oneDNN's bf16 gets wrong."""
    audio = noise(2.0)
    make(tmp_path)
    exact = encoder_named(str(tmp_path), layers="4", device="cpu").encode([audio])[0]
    settings = json.loads((tmp_path / "preprocessor_config.json").read_text())
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings | {"earmark_precision": "bfloat16"}))
    lower = wav2vec2_encoder(str(tmp_path), layers="4", device="cpu")
    assert lower.settings["precision"] == "bfloat16"
    assert cosine(lower.encode([audio])[0], exact) > 0.999


def cosine(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Cosine of the angle between two vectors."""
    return float(one @ two / np.linalg.norm(one) / np.linalg.norm(two))
