"""Recordings are made alike, unfit ones are left out with their reason, and short ones of a voice are joined."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts import fetch_training_sounds
from scripts.training_sounds.recordings import Joiner, Samples, UnfitError, recording
from tests.training_sounds.test_packages import source


def tone(seconds: float, *, rate: int = 16_000, level: float = 0.3, pitch: float = 220.0) -> Samples:
    return (level * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def wav(samples: Samples, *, rate: int = 16_000) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV")
    return stream.getvalue()


def test_a_stereo_recording_becomes_16_khz_mono_without_its_silent_ends() -> None:
    silence = np.zeros(22_050, np.float32)
    mono = np.concatenate([silence, tone(1.0, rate=44_100), silence])
    made = recording(wav(np.stack([mono, mono], axis=1), rate=44_100), "a.wav", most_seconds=30.0)
    assert len(made) / 16_000 == pytest.approx(1.0, abs=0.05)
    assert np.abs(made).max() == pytest.approx(0.3, abs=0.02)


def test_a_long_recording_gives_its_middle() -> None:
    parts = [tone(2.0, level=0.1), tone(2.0, level=0.5), tone(2.0, level=0.1)]
    made = recording(wav(np.concatenate(parts)), "a.wav", most_seconds=1.0)
    assert len(made) == 16_000
    assert np.abs(made).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("content", "path", "reason"),
    [
        (b"no sound", "a.ogg", "undecodable"),
        (wav(tone(0.05)), "a.wav", "short"),
        (wav(tone(1.0, level=5e-4)), "a.wav", "quiet"),
        (wav(np.clip(tone(1.0, level=3.0), -1, 1)), "a.wav", "clipped"),
        (b"", "a.als", "short"),
    ],
)
def test_an_unfit_recording_is_left_out_with_its_reason(content: bytes, path: str, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason):
        recording(content, path, most_seconds=30.0)


def test_headerless_speech_of_an_adventure_is_read_as_8_bit_at_11_khz() -> None:
    content = (tone(1.0, rate=11_025) * 127 + 128).astype(np.uint8).tobytes()
    made = recording(content, "en/1.ALS", most_seconds=30.0)
    assert len(made) / 16_000 == pytest.approx(1.0, abs=0.05)


def test_short_recordings_of_a_voice_are_joined_and_long_ones_stand_alone() -> None:
    joiner = Joiner()
    assert [len(piece) for piece in joiner.add("man", tone(3.0))] == [48_000]
    assert not list(joiner.add("man", tone(2.0)))
    assert not list(joiner.add("woman", tone(1.0)))
    assert not list(joiner.add("man", tone(2.0)))
    (joined,) = joiner.add("man", tone(2.0))
    assert 6.2 <= len(joined) / 16_000 <= 6.7
    assert [(voice, len(piece)) for voice, piece in joiner.rest()] == [("woman", 16_000)]


def test_a_source_is_written_with_its_licence_and_hours_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cries = [
        ("v/a.wav", wav(tone(3.0))),
        ("v/b.wav", wav(tone(3.0))),
        ("v/c.wav", b"no sound"),
        ("v/d.wav", wav(tone(4.0, pitch=330))),
    ]
    monkeypatch.setattr(fetch_training_sounds, "files_inside", lambda package, wanted: iter(cries))
    package = tmp_path / "game-data_1.0_all.deb"
    package.write_bytes(b"package")
    said = fetch_training_sounds.make(source("*.wav"), package, tmp_path / "pool")
    written = sorted(path.name for path in (tmp_path / "pool" / "game").iterdir())
    assert written == ["00000-v.flac", "00001-v.flac"]
    assert json.loads((tmp_path / "pool" / "game.json").read_text(encoding="utf-8")) == json.loads(json.dumps(said))
    assert (said["licence"], said["files"], said["left_out"]) == ("CC0-1.0", 2, {"twice": 1, "undecodable": 1})
    assert said["hours"] == pytest.approx(7 / 3600, abs=1e-3)
