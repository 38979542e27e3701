"""The sample clips are as their README describes them, and their script makes the same clips again."""

from __future__ import annotations

import csv
import platform
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from sample_data.make_sample_data import ESPEAK_NG, SPEAKERS, STYLES, make_sample_data

FOLDER = Path(__file__).parent.parent / "sample_data"


def manifest() -> list[dict[str, str]]:
    with (FOLDER / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_manifest_names_every_clip_once() -> None:
    rows = manifest()
    names = [row["file_name"] for row in rows]
    assert sorted(names) == sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("clips/*"))
    assert len(set(names)) == len(names) >= 240
    assert {row["speaker"] for row in rows} == {speaker.name for speaker in SPEAKERS}
    assert set(Counter(row["label"] for row in rows)) == set(STYLES)
    assert all(row["transcript"] for row in rows)


def test_clips_are_short_mono_speech_and_small_together() -> None:
    clips = list(FOLDER.glob("clips/*"))
    assert sum(clip.stat().st_size for clip in clips) <= 8_000_000
    for clip in clips:
        info = soundfile.info(clip)
        assert (info.format, info.samplerate, info.channels) == ("FLAC", 16_000, 1)
        assert 1.0 <= info.duration <= 3.1


def test_no_file_name_contains_a_style_or_a_speaker() -> None:
    names = " ".join(row["file_name"] for row in manifest())
    assert not any(word in names for word in [*STYLES, *(speaker.name for speaker in SPEAKERS)])


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng, which makes the clips, is not installed")
def test_the_script_makes_the_same_files_again(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    made = make_sample_data(first, clips=12)
    make_sample_data(second, clips=12)
    for name in ("manifest.csv", *(clip.file_name for clip in made)):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng, which makes the clips, is not installed")
def test_the_clips_here_are_what_the_script_makes(tmp_path: Path) -> None:
    make_sample_data(tmp_path)
    assert (tmp_path / "manifest.csv").read_text() == (FOLDER / "manifest.csv").read_text()
    release = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    if f" {ESPEAK_NG} " in release and platform.machine() == "x86_64":  # another release speaks a little differently
        changed = [
            path.name for path in FOLDER.glob("clips/*") if path.read_bytes() != (tmp_path / "clips" / path.name).read_bytes()
        ]
        assert changed == []
