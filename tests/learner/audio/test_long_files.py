"""Files of many hours: validated by a sample of them, with a word on their length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from db.errors import AudioError
from db.project import OpenProject
from learner.arrays import Waveform
from learner.audio.decoding import validate
from learner.audio.sound_file import SoundFileReader
from learner.imports.source import import_source
from tests.learner.audio_files import cut

RATE = 1000
HOURS = 5


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Frames of each block that is decoded."""
    seen: list[int] = []
    read = SoundFileReader.blocks

    def counted(self: SoundFileReader, first: int, last: int) -> Iterator[Waveform]:
        for block in read(self, first, last):
            seen.append(len(block))
            yield block

    monkeypatch.setattr(SoundFileReader, "blocks", counted)
    return seen


def hours_of(path: Path, *, level: float = 0.0) -> Path:
    """Write five hours; the path."""
    minute = (np.random.default_rng(0).standard_normal(60 * RATE) * level).astype(np.float32)
    with soundfile.SoundFile(path, "w", samplerate=RATE, channels=1, format="FLAC") as file:
        for _ in range(HOURS * 60):
            file.write(minute)
    return path


def test_hours_of_silence_are_imported_by_a_sample_and_their_length_is_named(
    project: OpenProject, tmp_path: Path, decoded: list[int]
) -> None:
    (tmp_path / "audio").mkdir()
    hours_of(tmp_path / "audio" / "a.flac")

    report = import_source(project, tmp_path / "audio")

    assert report.added == 1
    assert sum(decoded) <= 60 * 10 * RATE
    (warning,) = report.warnings
    assert warning["warning"].startswith("It lasts 5 h 0 min and gets one label for all of it; to label parts of it, import it")
    assert "Only a sample of it was checked." in warning["warning"]


def test_two_hours_are_decoded_whole(tmp_path: Path, decoded: list[int]) -> None:
    (remark,) = validate(hours_of(tmp_path / "a.flac"), start=3600.0, end=3 * 3600.0).remarks
    assert sum(decoded) == 2 * 3600 * RATE
    assert "sample" not in remark


def test_a_span_of_a_long_file_is_taken_without_a_word(tmp_path: Path) -> None:
    assert validate(hours_of(tmp_path / "a.flac"), start=100.0, end=110.0).remarks == ()


@pytest.mark.parametrize("share", [0.5, 0.98])
def test_a_long_file_that_is_cut_is_refused_all_the_same(tmp_path: Path, share: float) -> None:
    with pytest.raises(AudioError, match=r"a\.flac"):
        validate(cut(hours_of(tmp_path / "a.flac", level=0.01), share))
