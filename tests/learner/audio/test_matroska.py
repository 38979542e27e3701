"""WebM that was cut: refused where it states its size, remarked on where a browser recorded it and stated none."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import AudioError
from db.project import OpenProject
from learner.audio.decoding import validate
from learner.imports.source import import_source
from tests.learner.audio.test_decoding import encoded
from tests.learner.audio_files import cut, tone

TONE = tone(500, 3.0, sampling_rate=48_000)


def recorded_by_a_browser(path: Path) -> Path:
    """A WebM file whose elements state no size, since it was sent while it was made; the path."""
    return encoded(path, "libopus", TONE, live="1")


def test_what_is_whole_is_taken_without_a_word(tmp_path: Path) -> None:
    assert validate(encoded(tmp_path / "a.webm", "libopus", TONE)).remarks == ()
    assert validate(recorded_by_a_browser(tmp_path / "b.webm")).remarks == ()


def test_a_cut_file_that_states_its_size_is_refused(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    cut(encoded(tmp_path / "audio" / "a.webm", "libopus", TONE), 0.6)
    report = import_source(project, tmp_path / "audio")
    assert report.added == 0
    assert "is cut short (it states more bytes than there are); copy it again." in report.rejected[0]["reason"]


def test_a_cut_recording_of_a_browser_is_taken_as_long_as_it_is_and_import_says_so(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    path = cut(recorded_by_a_browser(tmp_path / "audio" / "a.webm"), 0.6)
    report = import_source(project, tmp_path / "audio")
    assert (report.added, report.rejected) == (1, [])
    assert "ended early, after 1." in report.warnings[0]["warning"]
    assert 1.0 < validate(path).duration < 2.5


@pytest.mark.parametrize("size", [5, 40, 60])
def test_a_header_that_ends_too_soon_is_refused(tmp_path: Path, size: int) -> None:
    path = encoded(tmp_path / "a.webm", "libopus", TONE)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(AudioError, match=r"a\.webm"):
        validate(path)
