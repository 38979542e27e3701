"""From several channels to one, without losing what a person hears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from learner.arrays import Float32Array
from learner.audio import channels as mixing
from learner.audio.channels import ChannelPowers, mono_blocks
from learner.audio.decoding import decode, decode_blocks, validate
from tests.learner.audio_files import RATE, noise, tone

VOICE = tone(440, 2.0)
NOTHING = np.zeros_like(VOICE)


def of_channels(path: Path, *channels: Float32Array) -> Path:
    """Write a file with these channels; the path."""
    soundfile.write(path, np.stack(channels, axis=1), RATE, subtype="FLOAT")
    return path


def test_channels_that_cancel_out_leave_the_loudest(tmp_path: Path) -> None:
    path = of_channels(tmp_path / "a.wav", VOICE * np.float32(0.9), -VOICE)
    np.testing.assert_array_equal(decode(path), -VOICE)
    assert validate(path).remarks == (
        "Its channels cancel each other out (opposite phase), so only the loudest, channel 2, is used.",
    )


@pytest.mark.parametrize(("silent", "words"), [(1, "1 of its 2 channels is silent"), (7, "7 of its 8 channels are silent")])
def test_channels_that_carry_nothing_do_not_make_the_others_quiet(tmp_path: Path, silent: int, words: str) -> None:
    path = of_channels(tmp_path / "a.wav", *[NOTHING] * silent, VOICE)
    np.testing.assert_array_equal(decode(path), VOICE)
    (remark,) = validate(path).remarks
    assert remark.startswith(words)


def test_a_constant_is_not_heard(tmp_path: Path) -> None:
    path = of_channels(tmp_path / "a.wav", NOTHING + np.float32(0.5), VOICE)
    np.testing.assert_array_equal(decode(path), VOICE)


@pytest.mark.parametrize(
    "pair",
    [(VOICE, VOICE), (VOICE, noise(2.0)), (noise(2.0, seed=1), noise(2.0, seed=2)), (VOICE, VOICE * np.float32(0.01))],
    ids=["twins", "voice and noise", "independent", "40 dB apart"],
)
def test_others_are_averaged(tmp_path: Path, pair: tuple[Float32Array, Float32Array]) -> None:
    path = of_channels(tmp_path / "a.wav", *pair)
    np.testing.assert_array_equal(decode(path), np.stack(pair, axis=1).mean(axis=1, dtype=np.float32))
    assert validate(path).remarks == ()


def test_silence_is_silence(tmp_path: Path) -> None:
    path = of_channels(tmp_path / "a.wav", NOTHING, NOTHING)
    assert not decode(path).any()
    assert validate(path).remarks == ()


def test_the_whole_span_decides_however_long_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second channel begins late, and is not left out before."""
    late = np.where(np.arange(len(VOICE)) < RATE, np.float32(0), VOICE)
    path = of_channels(tmp_path / "a.wav", VOICE, late)
    wanted = (VOICE + late) / 2
    np.testing.assert_allclose(decode(path), wanted, atol=1e-7)
    monkeypatch.setattr(mixing, "_HELD_SAMPLES", 100)
    np.testing.assert_allclose(np.concatenate(list(decode_blocks(path))), wanted, atol=1e-7)


def test_a_long_span_is_read_twice_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "_HELD_SAMPLES", 100)
    calls: list[int] = []

    def read() -> Iterator[Float32Array]:
        calls.append(1)
        yield from np.split(np.stack([VOICE, -VOICE], axis=1), 10)

    np.testing.assert_array_equal(np.concatenate(list(mono_blocks(read, channels=2))), VOICE)
    assert len(calls) == 2


def test_blocks_and_the_whole_give_the_same_mix() -> None:
    stereo = np.stack([NOTHING, noise(2.0)], axis=1)
    parts, whole = ChannelPowers(2), ChannelPowers(2)
    whole.add(stereo)
    for block in np.split(stereo, 8):
        parts.add(block)
    assert parts.mix().used.tolist() == whole.mix().used.tolist() == [1]
