"""WAV headers that the recorder never finished, and headers that end too soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.errors import AudioError
from db.project import OpenProject
from learner.audio.decoding import audio_info, decode, validate
from learner.imports.source import import_source
from tests.learner.audio_files import RATE, noise, tone, written


def patched(path: Path, *, riff: int, data: int) -> Path:
    """Replace the two sizes in the header; the path."""
    content = bytearray(path.read_bytes())
    content[4:8], content[40:44] = riff.to_bytes(4, "little"), data.to_bytes(4, "little")
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("riff", [0, 36])
def test_a_header_that_states_0_bytes_is_read_to_the_end_of_the_file(tmp_path: Path, riff: int) -> None:
    path = written(tmp_path / "a.wav", tone(440, 2.0))
    finished = decode(path)
    patched(path, riff=riff, data=0)

    checked = validate(path)

    assert checked.duration == 2.0
    assert "states 0 bytes" in checked.remarks[0]
    np.testing.assert_array_equal(decode(path), finished)
    np.testing.assert_array_equal(decode(path, start=1.5, end=2.0), finished[RATE * 3 // 2 :])


def test_import_takes_it_and_says_so(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    patched(written(tmp_path / "audio" / "a.wav", noise(1.0)), riff=0, data=0)
    report = import_source(project, tmp_path / "audio")
    assert (report.added, report.rejected) == (1, [])
    assert [warning["file_name"] for warning in report.warnings] == ["a.wav"]
    assert "the recorder did not finish it" in report.warnings[0]["warning"]


def test_a_recording_without_samples_stays_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", np.zeros(0, np.float32))
    path.write_bytes(path.read_bytes() + b"LIST" + (10).to_bytes(4, "little") + b"INFOIART\0\0")
    with pytest.raises(AudioError, match="holds no samples; record it again"):
        audio_info(path)


@pytest.mark.parametrize("size", [8, 12, 20, 30, 36, 43])
def test_a_header_that_ends_too_soon_is_cut_short(tmp_path: Path, size: int) -> None:
    path = written(tmp_path / "a.wav", noise(1.0))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(AudioError, match=r"a\.wav.*cut short"):
        audio_info(path)
