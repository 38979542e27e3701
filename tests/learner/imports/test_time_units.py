"""Times in milliseconds, samples or as on a clock: noticed before anything is imported, and read with the option."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import FormatError
from db.imports.times import TimesIn
from db.models import Clip
from db.project import OpenProject
from learner.imports.source import import_source
from tests.learner.audio_files import noise, written
from tests.learner.imports.test_source import clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With two files of ten seconds: `a.wav` at 16 kHz, `b.wav` at 8 kHz."""
    for number, (name, rate) in enumerate([("a", 16_000), ("b", 8_000)]):
        written(tmp_path / f"{name}.wav", noise(10.0, seed=number, sampling_rate=rate), sampling_rate=rate)
    return tmp_path


def manifest(folder: Path, *lines: str) -> Path:
    (folder / "m.csv").write_text("\n".join(["file,start,end", *lines]) + "\n")
    return folder / "m.csv"


def spans(project: OpenProject) -> list[tuple[float, float]]:
    found: list[Clip] = clips(project)
    return [(round(clip.start, 6), round(clip.end, 6)) for clip in found]


@pytest.mark.parametrize(
    ("lines", "looks_like", "options"),
    [
        (["a.wav,1500,3000"], "milliseconds, not like seconds (line 2 reaches 3000", "--times-in milliseconds"),
        (["a.wav,24000,48000"], "samples, not like seconds", "--times-in samples"),
        (["a.wav,0,9000", "b.wav,0,9000"], "milliseconds or samples", "--times-in milliseconds or --times-in samples"),
        (["a.wav,0,500", "a.wav,500,", "gone.wav,0,900"], "milliseconds", "--times-in milliseconds"),
        (["a.wav,00:00:01.5,00:00:03"], "clock times (first on line 2)", "--times-in clock"),
        (["a.wav,0:01,0:02", "b.wav,1,2"], "clock times", "--times-in clock"),
    ],
)
def test_another_unit_is_named_once_with_its_option(
    project: OpenProject, folder: Path, lines: list[str], looks_like: str, options: str
) -> None:
    with pytest.raises(FormatError) as caught:
        import_source(project, manifest(folder, *lines))
    assert f"start and end look like {looks_like}" in str(caught.value)
    assert f"import it with {options}" in str(caught.value)
    assert clips(project) == []


@pytest.mark.parametrize(
    ("times_in", "lines", "expected"),
    [
        ("milliseconds", ["a.wav,1500,3000", "b.wav,,250"], [(1.5, 3.0), (0.0, 0.25)]),
        ("samples", ["a.wav,24000,48000", "b.wav,24000,48000", "a.wav,152000,"], [(1.5, 3.0), (3.0, 6.0), (9.5, 10.0)]),
        ("clock", ["a.wav,00:00:01.5,00:00:03", "b.wav,0:02,4.5"], [(1.5, 3.0), (2.0, 4.5)]),
        ("seconds", ["a.wav,1.5,3"], [(1.5, 3.0)]),
    ],
)
def test_with_the_option_times_are_read(
    project: OpenProject, folder: Path, times_in: str, lines: list[str], expected: list[tuple[float, float]]
) -> None:
    source = manifest(folder, *lines)
    assert import_source(project, source, times_in=TimesIn(times_in)).rejected == []
    assert spans(project) == expected
    again = import_source(project, source, times_in=TimesIn(times_in))
    assert (again.added, again.known) == (0, len(lines))


@pytest.mark.parametrize(
    "lines",
    [
        ["a.wav,9,10.01", "a.wav,9,14", "a.wav,-1,2", "a.wav,3,2", "a.wav,nan,2"],
        ["a.wav,0,2", "a.wav,2,4", "a.wav,4,3000"],
        ["a.wav,58.5,62.5", "a.wav,103.7,107.7"],
        ["a.wav,20,30"],
        ["gone.wav,1500,3000"],
    ],
)
def test_seconds_that_are_wrong_are_still_seconds(project: OpenProject, folder: Path, lines: list[str]) -> None:
    report = import_source(project, manifest(folder, *lines))
    assert report.added + len(report.rejected) == len(lines)


def test_each_span_past_the_end_is_named_by_its_line(project: OpenProject, folder: Path) -> None:
    source = manifest(folder, "a.wav,9,10.01", "a.wav,9,14", "a.wav,-1,2", "a.wav,3,2", "a.wav,nan,2")
    report = import_source(project, source)
    assert spans(project) == [(9.0, 10.0)]
    lines = [rejected["reason"].split()[:2] for rejected in report.rejected]
    assert lines == [["Line", "3:"], ["Line", "4"], ["Line", "5"], ["Line", "6"]]


def test_whoever_says_seconds_means_seconds(project: OpenProject, folder: Path) -> None:
    report = import_source(project, manifest(folder, "a.wav,1500,3000"), times_in=TimesIn.SECONDS)
    assert len(report.rejected) == 1


def test_a_few_clock_times_among_seconds_are_one_note(project: OpenProject, folder: Path) -> None:
    lines = ["a.wav,0,1", "a.wav,1,2", "a.wav,0:02,0:03", "a.wav,2,3", "a.wav,3,4", "a.wav,0:04,0:05"]
    report = import_source(project, manifest(folder, *lines))
    assert (report.added, [rejected["kind"] for rejected in report.rejected]) == (4, ["clock-time", "clock-time"])
    assert report.notes == ["2 lines have clock times (the first is line 4: '0:02'); import again with --times-in clock."]


def test_a_folder_has_no_times(project: OpenProject, folder: Path) -> None:
    with pytest.raises(FormatError, match="leave --times-in out"):
        import_source(project, folder, times_in=TimesIn.CLOCK)
