"""MP3 files whose length is stated nowhere, or wrongly: people hear all of them, and so must the encoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from db.errors import AudioError
from db.project import OpenProject
from learner.arrays import Float32Array
from learner.audio.decoding import audio_info, decode, validate
from learner.features.embed import embed
from learner.imports.source import import_source
from tests.learner.audio_files import RATE, cut, noise, tone

SECONDS = 12.0


def quiet_then_loud() -> Float32Array:
    """Twelve seconds: silence, noise, a tone. The bit rate of the beginning says nothing of the rest."""
    return np.concatenate([np.zeros(4 * RATE, np.float32), noise(4.0, level=0.5).clip(-1, 1), tone(440, 4.0)])


def loud_then_quiet() -> Float32Array:
    """Twelve seconds: noise, silence, a tone."""
    return np.concatenate([noise(3.0, level=0.5).clip(-1, 1), np.zeros(5 * RATE, np.float32), tone(440, 4.0)])


def mp3(path: Path, samples: Float32Array, *, sampling_rate: int = RATE, mode: str = "VARIABLE", level: float = 0.5) -> Path:
    """Write an MP3 file; the path."""
    soundfile.write(path, samples, sampling_rate, format="MP3", bitrate_mode=mode, compression_level=level)
    return path


def frame_offset(content: bytes, number: int) -> int:
    """Where a frame begins that is not the first; frame 0 is the Xing frame."""
    place = 0
    for _ in range(number):
        place = content.index(content[:2], place + 4)
    return place


def without_xing(path: Path) -> Path:
    """Remove the Xing frame; the path."""
    content = path.read_bytes()
    path.write_bytes(content[frame_offset(content, 1) :])
    return path


def with_stated(path: Path, frames: int) -> Path:
    """Let the Xing frame state another number of frames, and no bytes; the path."""
    content = bytearray(path.read_bytes())
    tag = content.index(b"Xing")
    content[tag + 4 : tag + 12] = (1).to_bytes(4) + frames.to_bytes(4)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("samples", [quiet_then_loud(), loud_then_quiet()], ids=["quiet at first", "loud at first"])
def test_without_a_xing_frame_all_of_it_is_there(tmp_path: Path, samples: Float32Array) -> None:
    path = without_xing(mp3(tmp_path / "a.mp3", samples))

    assert validate(path).duration == pytest.approx(SECONDS + 0.1, abs=0.1)
    end = decode(path, start=10.0, end=11.0)

    assert len(end) == RATE
    assert np.abs(np.fft.rfft(end)).argmax() == 440


def test_import_and_embed_take_all_of_it(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    path = without_xing(mp3(tmp_path / "audio" / "a.mp3", loud_then_quiet()))
    (tmp_path / "spans.csv").write_text("file,start,end\naudio/a.mp3,10,11\n")

    assert import_source(project, tmp_path / "audio").added == 1
    assert import_source(project, tmp_path / "spans.csv").added == 1

    assert embed(project, encoder="logmel").embedded == 2
    assert len(decode(path)) == pytest.approx(12.1 * RATE, abs=0.1 * RATE)


@pytest.mark.parametrize("stated", [0, 100])
def test_a_xing_frame_that_states_too_few_frames_is_not_believed(tmp_path: Path, stated: int) -> None:
    path = with_stated(mp3(tmp_path / "a.mp3", quiet_then_loud()), stated)
    assert validate(path).duration == pytest.approx(SECONDS + 0.1, abs=0.1)


def test_two_files_in_one_are_as_long_as_both(tmp_path: Path) -> None:
    path = mp3(tmp_path / "a.mp3", tone(440, 2.0))
    path.write_bytes(path.read_bytes() + path.read_bytes())
    assert audio_info(path).duration == pytest.approx(4.0, abs=0.3)


def test_tags_before_and_after_are_no_frames(tmp_path: Path) -> None:
    path = without_xing(mp3(tmp_path / "a.mp3", loud_then_quiet()))
    picture = b"\xff\xfb\x90\x00" * 500
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x0f\x50" + picture + path.read_bytes() + b"TAG" + bytes(125))
    assert validate(path).duration == pytest.approx(SECONDS + 0.1, abs=0.1)


def test_fewer_frames_than_stated_are_cut_short(tmp_path: Path) -> None:
    path = cut(mp3(tmp_path / "a.mp3", quiet_then_loud()), 0.6)
    with pytest.raises(AudioError, match=r"a\.mp3.*cut short"):
        audio_info(path)


def test_half_a_frame_at_the_end_is_remarked_on(tmp_path: Path) -> None:
    path = without_xing(mp3(tmp_path / "a.mp3", quiet_then_loud()))
    path.write_bytes(path.read_bytes()[:-20])
    (remark,) = validate(path).remarks
    assert "last frame lacks its end" in remark


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("level", [0.5, 0.99])
def test_a_span_is_the_same_as_that_part_of_the_whole(tmp_path: Path, rate: int, level: float) -> None:
    """A frame's bits may lie in the frames before it, and the fewer bits there are, the further back."""
    parts = [noise(3.0, level=0.001, sampling_rate=rate), noise(0.5, level=0.3, sampling_rate=rate)]
    samples = np.concatenate([*parts, tone(300, 4.0, sampling_rate=rate)]).clip(-1, 1)
    path = mp3(tmp_path / "a.mp3", samples, sampling_rate=rate, level=level)
    whole = decode(path, sampling_rate=rate)
    for start in (1.0, 2.5, 3.0, 3.5, 4.0, 6.5):
        part = decode(path, start=start, end=start + 0.5, sampling_rate=rate)
        np.testing.assert_allclose(part, whole[round(start * rate) :][: len(part)], atol=1e-5)


def test_counting_ends_where_the_file_is_no_stream(tmp_path: Path) -> None:
    """Each two bytes look like the start of a frame, and no frame follows any of them."""
    path = tmp_path / "a.mp3"
    path.write_bytes(b"\xff\xfb\x90\x00" * 250_000)
    with pytest.raises(AudioError, match=r"a\.mp3"):
        validate(path)
