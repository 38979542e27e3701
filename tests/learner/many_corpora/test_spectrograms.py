"""Log-mel spectrograms, their cache on disk, and what is cut out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learner.arrays import Waveform
from learner.corpora.clips import ProbeClip
from learner.encoders.corpora_model.crops import MOST_WINDOWS, crop, windows
from learner.encoders.corpora_model.log_mel import log_mel
from learner.many_corpora.spectrograms import spectrogram_cache
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.progress import unseen
from tests.learner.audio_files import noise, tone, written


def clip_of(path: Path, samples: Waveform) -> ProbeClip:
    return ProbeClip(file_name=path.name, path=str(written(path, samples)), start=0.0, end=None, label="a", speaker=None)


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.npy"))


def test_a_tone_is_in_its_band() -> None:
    found = log_mel(tone(1000, 1.0))
    assert found.dtype == np.float16
    assert found.shape == (128, 32)
    mel = 2595 * np.log10(1 + np.array([20, 1000, 8000]) / 700)
    assert found[:, 16].argmax() == pytest.approx((mel[1] - mel[0]) / (mel[2] - mel[0]) * 129 - 1, abs=1)


def test_a_tenth_of_a_second_and_silence_have_finite_values() -> None:
    assert log_mel(tone(300, 0.1)).shape == (128, 4)
    assert np.isfinite(log_mel(np.zeros(1600, dtype=np.float32)).astype(np.float32)).all()


def test_the_cache_knows_a_clip_by_what_its_file_holds(tmp_path: Path) -> None:
    first, other = clip_of(tmp_path / "a.wav", tone(300, 0.3)), clip_of(tmp_path / "b.wav", tone(300, 0.3))
    found = SpectrogramCache(tmp_path / "cache").of([first, other], progress=unseen)
    assert len(files(tmp_path / "cache")) == 1
    assert np.array_equal(found[0], found[1])
    clip_of(tmp_path / "a.wav", tone(900, 0.3))
    assert not np.array_equal(SpectrogramCache(tmp_path / "cache").of([first], progress=unseen)[0], found[0])


def test_the_cache_keeps_to_its_limit_and_what_has_no_room_is_computed(tmp_path: Path) -> None:
    clips = [clip_of(tmp_path / f"{number}.wav", noise(0.3, seed=number)) for number in range(4)]
    # A clip of 0.3 seconds takes 10 frames of 128 bands in two bytes.
    found = SpectrogramCache(tmp_path / "cache", limit=2 * 2600).of(clips, progress=unseen)
    assert len(files(tmp_path / "cache")) == 2
    assert np.array_equal(found[3], SpectrogramCache(tmp_path / "other").of(clips, progress=unseen)[3])
    # What is too much of another time is removed, the oldest first.
    SpectrogramCache(tmp_path / "other", limit=2 * 2700)
    assert len(files(tmp_path / "other")) == 1


def test_a_damaged_file_in_the_cache_is_made_again(tmp_path: Path) -> None:
    clip = clip_of(tmp_path / "a.wav", tone(300, 0.3))
    found = SpectrogramCache(tmp_path / "cache").of([clip], progress=unseen)
    files(tmp_path / "cache")[0].write_bytes(b"no array")
    assert np.array_equal(found[0], SpectrogramCache(tmp_path / "cache").of([clip], progress=unseen)[0])


def test_of_a_long_clip_the_beginning_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectrogram_cache, "MOST_SECONDS", 0.2)
    clip = clip_of(tmp_path / "a.wav", tone(300, 0.6))
    for _again in range(2):
        found = SpectrogramCache(tmp_path / "cache").of([clip], progress=unseen)
        assert (found[0].shape, found.cut) == ((128, 7), 1)


def test_what_cannot_be_decoded_is_left_out(tmp_path: Path) -> None:
    gone = ProbeClip(file_name="gone.wav", path=str(tmp_path / "gone.wav"), start=0.0, end=None, label="a", speaker=None)
    found = SpectrogramCache(tmp_path / "cache").of([gone], progress=unseen)
    assert not found.clips
    assert "does not exist" in found.left_out[0].reason


def test_windows_cover_a_clip_and_short_clips_are_repeated() -> None:
    ramp = np.tile(np.arange(10, dtype=np.float16), (128, 1))
    assert windows(ramp, frames=4)[:, 0].tolist() == [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9]]
    assert windows(ramp[:, :3], frames=7)[:, 0].tolist() == [[0, 1, 2, 0, 1, 2, 0]]
    assert len(windows(np.zeros((128, 10_000), dtype=np.float16), frames=4)) == MOST_WINDOWS
    places = {crop(ramp, frames=8, rng=np.random.default_rng(seed))[0, 0] for seed in range(20)}
    assert places == {0, 1, 2}
    assert crop(ramp[:, :3], frames=7, rng=np.random.default_rng(0)).shape == (128, 7)
