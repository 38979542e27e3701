"""Hostile audio files: each works or is refused by name, with a reason."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.errors import AudioError
from learner.audio.containers import container_of
from learner.audio.decoding import audio_info, content_hash, decode, decode_blocks, validate
from learner.audio.reader import AudioMissing
from tests.learner.audio_files import RATE, cut, noise, tone, written


def empty(path: Path) -> None:
    path.touch()


def no_samples(path: Path) -> None:
    written(path, np.zeros(0, np.float32))


def one_sample(path: Path) -> None:
    written(path, np.zeros(1, np.float32))


def all_nan(path: Path) -> None:
    written(path, np.full(RATE, np.nan, np.float32), subtype="FLOAT")


def one_infinity(path: Path) -> None:
    samples = noise(1.0)
    samples[9000] = np.inf
    written(path, samples, subtype="FLOAT")


def renamed_text(path: Path) -> None:
    path.write_text("Dear diary, this is no audio at all.\n" * 50)


def truncated(path: Path) -> None:
    cut(written(path, noise(2.0)), 0.5)


def impossible_rate(path: Path) -> None:
    written(path, noise(1.0), sampling_rate=10)


BROKEN: list[tuple[Callable[[Path], None], str]] = [
    (empty, "is empty"),
    (no_samples, "holds no samples"),
    (one_sample, "too short (1 sample;"),
    (all_nan, "not numbers"),
    (one_infinity, "not numbers"),
    (renamed_text, "not an audio file"),
    (truncated, "cut short"),
    (impossible_rate, "10 Hz"),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN, ids=[broken.__name__ for broken, _ in BROKEN])
def test_broken_files_are_refused_by_name_with_a_reason(tmp_path: Path, broken: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "clip.wav"
    broken(path)

    with pytest.raises(AudioError) as refused:
        validate(path)

    assert "clip.wav" in str(refused.value)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff", "a.au", "a.w64", "a.rf64", "a.caf"])
def test_every_format_is_decoded_whole_and_refused_when_cut(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, tone(440, 2.0))
    assert abs(len(decode(path)) - 2 * RATE) <= 0.1 * RATE

    with pytest.raises(AudioError, match=name):
        validate(cut(path, 0.5))


def test_what_cannot_be_opened_is_missing_rather_than_broken(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    for path, reason in [
        (tmp_path / "gone.wav", "does not exist"),
        (tmp_path, "a folder"),
        (tmp_path / "pipe.wav", "not a regular file"),
    ]:
        with pytest.raises(AudioMissing, match=reason):
            audio_info(path)
    with pytest.raises(AudioMissing, match="cannot be opened"):
        content_hash("nul\0.wav")


@pytest.mark.parametrize(
    "name", ["line\nbreak.wav", "‮evil.wav", "<b>'\"&.wav", "😀 two.wav", os.fsdecode(b"\xff\xfe.wav"), "-x.raw"]
)
def test_any_file_name_works_and_is_shown_on_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        soundfile.write(file, noise(0.5), RATE, format="WAV")
    assert validate(path).frames == RATE // 2

    path.write_bytes(b"")
    with pytest.raises(AudioError) as refused:
        audio_info(path)
    assert str(refused.value).isprintable()


def test_eight_channels_at_192_khz_become_mono_at_16_khz(tmp_path: Path) -> None:
    one = tone(1000, 1.0, sampling_rate=192_000)
    path = written(tmp_path / "wide.wav", np.stack([one] * 8, axis=1), sampling_rate=192_000, subtype="PCM_24")

    audio = decode(path)

    assert audio.dtype == np.float32
    assert audio.shape == (RATE,)
    np.testing.assert_allclose(audio[2000:-2000], tone(1000, 1.0)[2000:-2000], atol=1e-3)


def test_silence_is_fine(tmp_path: Path) -> None:
    assert validate(written(tmp_path / "silence.flac", np.zeros(RATE, np.float32))).duration == 1.0


def test_a_span_is_the_same_as_that_part_of_the_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "long.wav", noise(3.0), subtype="FLOAT")
    part = noise(3.0)[RATE : RATE * 3 // 2]
    np.testing.assert_array_equal(decode(path, start=1.0, end=1.5), part)
    np.testing.assert_array_equal(np.concatenate(list(decode_blocks(path, start=1.0, end=1.5))), part)


@pytest.mark.parametrize(("start", "end"), [(-1.0, 1.0), (2.0, 1.0), (0.5, 0.5), (0.0, 9.0), (float("nan"), 1.0), (5.0, None)])
def test_senseless_spans_are_refused(tmp_path: Path, start: float, end: float | None) -> None:
    path = written(tmp_path / "a.wav", noise(2.0))
    with pytest.raises(AudioError, match=r"a\.wav"):
        decode(path, start=start, end=end)


def test_an_end_that_a_manifest_rounded_up_is_the_end_of_the_file(tmp_path: Path) -> None:
    assert len(decode(written(tmp_path / "a.wav", noise(1.996)), end=2.0)) == round(1.996 * RATE)


def test_two_hours_are_neither_read_to_probe_nor_held_to_validate(tmp_path: Path) -> None:
    path = tmp_path / "hours.wav"
    written(path, np.zeros(0, np.float32), sampling_rate=8_000)
    header = bytearray(path.read_bytes())
    size = 2 * 8_000 * 7_200
    header[4:8], header[40:44] = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    path.write_bytes(header)
    os.truncate(path, len(header) + size)

    tracemalloc.start()
    assert audio_info(path).duration == 7_200
    assert len(decode(path, start=7_000, end=7_001)) == RATE
    validate(path)
    assert sum(len(block) for block in decode_blocks(path)) == 7_200 * RATE
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 30e6


def test_a_recording_made_through_a_pipe_has_no_stated_length_and_is_fine(tmp_path: Path) -> None:
    path = written(tmp_path / "pipe.wav", noise(1.0))
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert validate(path).frames == RATE


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    content=st.binary(min_size=1, max_size=200),
    kind=st.sampled_from([b"", b"RIFF....WAVEfmt ", b"fLaC", b"OggS", b"\xff\xf1", b"....ftyp", b"ID3"]),
)
def test_random_bytes_are_audio_or_an_audio_error(tmp_path: Path, content: bytes, kind: bytes) -> None:
    path = tmp_path / "bytes.wav"
    path.write_bytes(kind + content)
    with suppress(AudioError):
        validate(path)


def encoded(path: Path, codec: str, samples: np.ndarray[Any, np.dtype[np.float32]], **options: str) -> Path:
    """Write a container of the extra `av`; the path."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48_000, frame_size=stream.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


CONTAINERS = [("a.m4a", "aac"), ("a.aac", "aac"), ("a.webm", "libopus"), ("a.mka", "aac")]


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_containers_are_read_through_the_extra(tmp_path: Path, name: str, codec: str) -> None:
    path = encoded(tmp_path / name, codec, tone(500, 2.0, sampling_rate=48_000))

    info = validate(path)
    part = decode(path, start=1.0, end=1.5)

    assert info.duration == pytest.approx(2.0, abs=0.1)
    assert len(part) == RATE // 2
    assert np.abs(np.fft.rfft(part)).argmax() == 250
    assert len(decode(path)) == pytest.approx(2 * RATE, abs=0.1 * RATE)


@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}])
def test_a_cut_m4a_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    path = cut(encoded(tmp_path / "a.m4a", "aac", noise(2.0, sampling_rate=48_000), **options), 0.5)
    with pytest.raises(AudioError, match=r"a\.m4a.*cut short"):
        validate(path)


def test_without_the_extra_its_files_are_refused_with_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = encoded(tmp_path / "a.m4a", "aac", noise(1.0, sampling_rate=48_000))
    importing = builtins.__import__

    def without_av(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "av":
            raise ImportError(name)
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_av)
    with pytest.raises(AudioError) as refused:
        audio_info(path)
    assert 'pip install "earmark[av]"' in str(refused.value)


def test_playlists_are_never_followed(tmp_path: Path) -> None:
    """FFmpeg would open what a playlist or script names, whatever the playlist is called."""
    other = written(tmp_path / "secret.wav", noise(1.0))
    for text in (f"#EXTM3U\n#EXTINF:1,\n{other}\n", f"ffconcat version 1.0\nfile {other}\n"):
        path = tmp_path / "list.m4a"
        path.write_text(text)
        assert container_of(path.read_bytes()) is None
        with pytest.raises(AudioError, match="not an audio file"):
            validate(path)


def test_audio_loads_nothing_heavy() -> None:
    modules = "learner, learner.audio.decoding, learner.encoders"
    code = f"import sys, {modules}; print({{'torch', 'transformers', 'sklearn', 'av'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"
