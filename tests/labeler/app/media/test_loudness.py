"""Loudness compared with the figures in the standards."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from labeler.app.media.loudness import Loudness, loudness
from tests.learner.audio_files import noise, tone


def sine(hertz: float, *, rate: int, seconds: float = 3.0, level: float = 1.0) -> NDArray[np.float32]:
    return 2 * level * tone(hertz, seconds, sampling_rate=rate)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_a_full_sine_near_1_khz_has_minus_3_lufs(rate: int) -> None:
    """BS.1770-4: a 0 dBFS sine at 997 Hz in one channel reads -3.01 LKFS."""
    assert loudness(iter([sine(997, rate=rate)]), rate=rate).lufs == pytest.approx(-3.01, abs=0.1)


def test_low_tones_are_weighted_less_and_high_tones_more() -> None:
    low, high = (loudness(iter([sine(hertz, rate=48_000)]), rate=48_000).lufs for hertz in (40.0, 6000.0))
    assert low < -3.01 - 3
    assert high == pytest.approx(-3.01 + 3.3, abs=0.3), "the shelf adds 4 dB, of which 0.69 are offset at 1 kHz"


def test_silence_between_words_does_not_count() -> None:
    word = sine(997, rate=16_000, level=0.1)
    alone = loudness(iter([word]), rate=16_000).lufs
    spaced = loudness(iter([word, np.zeros(80_000, np.float32), word]), rate=16_000).lufs
    assert spaced == pytest.approx(alone, abs=0.3)


def test_blocks_of_any_length_give_the_same() -> None:
    samples = noise(70.0)
    whole = loudness(iter([samples]), rate=16_000)
    parts = loudness(iter(np.array_split(samples, 97)), rate=16_000)
    assert parts.lufs == pytest.approx(whole.lufs, abs=1e-6)
    assert parts.peak == whole.peak


def test_the_shortest_clip_and_silence() -> None:
    assert np.isfinite(loudness(iter([noise(0.03)]), rate=16_000).lufs)
    assert loudness(iter([np.zeros(16_000, np.float32)]), rate=16_000).gain == 0.0
    assert loudness(iter([]), rate=16_000).gain == 0.0


@pytest.mark.parametrize(
    ("lufs", "peak", "gain"),
    [(-33.0, -20.0, 10.0), (-33.0, -6.0, 5.0), (-13.0, 0.0, -10.0), (-68.0, -60.0, 30.0), (-40.0, 0.0, 0.0)],
)
def test_the_gain_reaches_for_minus_23_and_never_clips(lufs: float, peak: float, gain: float) -> None:
    assert Loudness(lufs, peak).gain == gain
