"""Opus for annotators far away: what it sounds like, how large it is, and when the file itself is sent."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from db.project import OpenProject
from db.records.clips import ClipAudio, clip_audio
from labeler.app.media import playable as playable_module
from labeler.app.media.loudness import loudness
from labeler.app.media.opus import most_opus_bytes
from labeler.app.media.playable import AudioFiles, Form, Playable
from tests.learner.audio_files import import_files, noise, tone, written


def sent(
    project: OpenProject, path: Path, *, form: Form = "opus", span: tuple[float, float] | None = None, level: bool = False
) -> Playable:
    """What a browser gets of a file, or of a span of it."""
    (clip_id,) = import_files(project, [path], spans=None if span is None else {path.name: span})
    with project.read() as session:
        clip: ClipAudio = clip_audio(session, clip_id)
    imported = (clip.size, clip.mtime_ns)
    files = AudioFiles(project.cache_dir / "audio")
    return files.playable(clip, imported=imported, form=form, level_of=clip if level else None)


def stereo(seconds: float, *, rate: int = 44_100) -> NDArray[np.float32]:
    """300 Hz on the left, 2000 Hz on the right."""
    return np.stack([tone(300, seconds, sampling_rate=rate), tone(2000, seconds, sampling_rate=rate)], axis=1)


def pink_noise(seconds: float, *, seed: int) -> NDArray[np.float32]:
    """Noise with as much power in each octave, at 48 kHz."""
    spectrum = np.fft.rfft(noise(seconds, seed=seed, sampling_rate=48_000))
    samples = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20))
    return np.asarray(0.05 * samples / samples.std(), np.float32)


def loudest_hertz(samples: NDArray[np.float32], rate: int) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * rate / len(samples))


def test_a_large_wav_becomes_a_tenth_of_it_with_both_channels(project: OpenProject, tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", stereo(3.0), sampling_rate=44_100)
    found = sent(project, path)
    assert (found.form, found.media_type) == ("opus", "audio/ogg")
    assert found.path.stat().st_size < path.stat().st_size / 8
    samples, rate = soundfile.read(found.path, dtype="float32")
    assert samples.shape == (3 * 48_000, 2)
    assert [loudest_hertz(samples[:, side], rate) for side in (0, 1)] == pytest.approx([300, 2000], abs=1)


def test_nothing_is_moved_in_time(project: OpenProject, tmp_path: Path) -> None:
    silent, loud = np.zeros(44_100, np.float32), tone(500, 1.0, sampling_rate=44_100)
    path = written(tmp_path / "a.wav", np.concatenate([silent, loud]), sampling_rate=44_100)
    samples, rate = soundfile.read(sent(project, path).path, dtype="float32")
    assert np.flatnonzero(np.abs(samples) > 0.1)[0] / rate == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("rate", "opus_rate"), [(11_025, 12_000), (22_050, 24_000), (16_000, 16_000), (48_000, 48_000)])
def test_rates_that_opus_does_not_know_are_raised(project: OpenProject, tmp_path: Path, rate: int, opus_rate: int) -> None:
    path = written(tmp_path / "a.wav", np.stack([tone(400, 1.0, sampling_rate=rate)] * 2, axis=1), sampling_rate=rate)
    info = soundfile.info(sent(project, path).path)
    assert (info.subtype, info.samplerate, info.frames) == ("OPUS", opus_rate, opus_rate)


@pytest.mark.parametrize(
    ("name", "rate", "why"),
    [
        ("a.flac", 16_000, "FLAC at 16 kHz is small enough"),
        ("a.wav", 8_000, "so is telephone speech"),
        ("a.mp3", 44_100, "what is lossy already is not coded again"),
    ],
)
def test_the_file_itself_is_sent_where_that_costs_little(
    project: OpenProject, tmp_path: Path, name: str, rate: int, why: str
) -> None:
    path = written(tmp_path / name, tone(400, 2.0, sampling_rate=rate), sampling_rate=rate)
    found = sent(project, path)
    assert (found.form, found.path) == ("file", path), why
    assert list((project.cache_dir / "audio").iterdir()) == []


def test_the_file_itself_is_sent_where_it_is_smaller(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playable_module, "PLENTY", 0)
    path = written(tmp_path / "a.flac", np.zeros(32_000, np.float32))
    assert sent(project, path).path == path


@pytest.mark.parametrize("form", ["file", "wav"])
def test_the_original_on_request(project: OpenProject, tmp_path: Path, form: Form) -> None:
    path = written(tmp_path / "a.wav", stereo(1.0), sampling_rate=44_100)
    assert sent(project, path, form=form).form == form


def test_without_opus_in_libsndfile_everything_is_as_before(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playable_module, "opus_is_there", lambda: False)
    path = written(tmp_path / "a.wav", stereo(1.0), sampling_rate=44_100)
    assert sent(project, path).path == path


def test_a_long_file_is_fetched_in_parts_as_it_is(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playable_module, "MOST_OPUS_SECONDS", 1)
    path = written(tmp_path / "a.wav", stereo(1.5), sampling_rate=44_100)
    assert sent(project, path).path == path


def test_a_span_is_opus_in_one_channel_as_encoders_get_it(project: OpenProject, tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", stereo(3.0), sampling_rate=44_100)
    info = soundfile.info(sent(project, path, span=(0.5, 1.75)).path)
    assert (info.subtype, info.channels, info.duration) == ("OPUS", 1, pytest.approx(1.25, abs=0.001))


def test_opus_at_the_common_loudness(project: OpenProject, tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", 0.02 * tone(900, 2.0, sampling_rate=44_100), sampling_rate=44_100)
    found = sent(project, path, level=True)
    assert found.form == "opus"
    assert found.gain > 10
    samples, rate = soundfile.read(found.path, dtype="float32")
    assert loudness(iter([samples]), rate=rate).lufs == pytest.approx(-23.0, abs=0.2)


@pytest.mark.parametrize("channels", [1, 2])
def test_noise_keeps_its_loudness(project: OpenProject, tmp_path: Path, channels: int) -> None:
    """At too low a bit rate Opus takes 1.5 dB from noise."""
    samples = np.stack([pink_noise(2.0, seed=seed) for seed in range(channels)], axis=1)
    found = sent(project, written(tmp_path / "a.wav", samples, sampling_rate=48_000))
    assert found.form == "opus"
    coded, rate = soundfile.read(found.path, dtype="float32", always_2d=True)
    before, after = (loudness(iter([each[:, 0]]), rate=rate).lufs for each in (samples, coded))
    assert after == pytest.approx(before, abs=0.4)


def test_opus_takes_no_more_than_the_room_kept_for_it(project: OpenProject, tmp_path: Path) -> None:
    loud = np.stack([noise(3.0, seed=seed, level=0.5, sampling_rate=48_000) for seed in (0, 1)], axis=1)
    path = written(tmp_path / "a.wav", loud, sampling_rate=48_000)
    found = sent(project, path)
    with project.read() as session:
        clip = clip_audio(session, 1)
    assert found.path.stat().st_size <= most_opus_bytes(clip, channels=2)


def test_a_wav_whose_folder_has_gone_is_one_error_and_leaves_nothing_behind(project: OpenProject, tmp_path: Path) -> None:
    (clip_id,) = import_files(project, [written(tmp_path / "a.wav", stereo(0.2))])
    with project.read() as session:
        clip = clip_audio(session, clip_id)
    files = AudioFiles(tmp_path / "cache")
    (tmp_path / "cache").rmdir()
    with pytest.raises(OSError, match="No such file"):
        files.playable(clip, imported=(clip.size, clip.mtime_ns), form="wav")
    gc.collect()  # what is thrown away does not complain
