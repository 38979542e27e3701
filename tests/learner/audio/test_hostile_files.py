"""A folder of hostile files, imported: each is a clip or is named with a reason, and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from db.models import Clip, ClipState
from db.project import OpenProject
from learner.audio.decoding import audio_info
from learner.imports.import_report import ImportReport
from learner.imports.source import import_source
from tests.learner.audio_files import RATE, cut, noise, written

SECONDS_IN_TWO_HOURS = 7200


def hostile_folder(folder: Path) -> None:
    """Good files among every kind of bad one."""
    folder.mkdir()
    written(folder / "a good one.wav", noise(0.5))
    (folder / "empty.wav").touch()
    (folder / "renamed text.wav").write_text("Dear diary, this is no audio at all.\n" * 50)
    (folder / "renamed html.mp3").write_text("<html><script>alert(1)</script></html>")
    (folder / "random bytes.flac").write_bytes(np.random.default_rng(1).bytes(5000))
    written(folder / "no samples.wav", np.zeros(0, np.float32))
    written(folder / "one sample.wav", np.zeros(1, np.float32))
    written(folder / "nan.wav", np.full(RATE, np.nan, np.float32), subtype="FLOAT")
    cut(written(folder / "truncated.wav", noise(2.0, seed=2)), 0.5)
    cut(written(folder / "truncated.flac", noise(2.0, seed=3)), 0.5)
    cut(written(folder / "truncated.ogg", noise(2.0, seed=4)), 0.5)
    (folder / "header only.wav").write_bytes((folder / "a good one.wav").read_bytes()[:44])
    many = np.random.default_rng(5).standard_normal((19_200, 8)).astype(np.float32) * 0.1
    soundfile.write(folder / "eight channels.wav", many, 192_000)
    (folder / "README.txt").write_text("not audio by its name, so nobody asks")
    written(folder / "z last one.flac", noise(0.5, seed=6))


BAD = {
    "empty.wav": "is empty",
    "renamed text.wav": "",
    "renamed html.mp3": "",
    "random bytes.flac": "",
    "no samples.wav": "no samples",
    "one sample.wav": "too short",
    "nan.wav": "not numbers",
    "truncated.wav": "cut short",
    "truncated.flac": "",
    "truncated.ogg": "cut short",
    "header only.wav": "",
}
GOOD = ["a good one.wav", "eight channels.wav", "z last one.flac"]


def clips(project: OpenProject) -> dict[str, tuple[float, ClipState]]:
    with project.read() as session:
        return {clip.file_name: (clip.end, clip.state) for clip in session.scalars(select(Clip).order_by(Clip.file_name))}


def reasons(report: ImportReport) -> dict[str, str]:
    return {rejected["file_name"]: rejected["reason"] for rejected in report.rejected}


def test_each_is_named_with_a_reason_and_the_rest_is_imported(project: OpenProject, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "audio")
    report = import_source(project, tmp_path / "audio")
    assert sorted(clips(project)) == GOOD
    assert sorted(reasons(report)) == sorted(BAD)
    assert (report.added, report.known) == (len(GOOD), 0)
    for name, words in BAD.items():
        reason = reasons(report)[name]
        assert words in reason, reason
        assert name in reason, reason
        assert reason.endswith("."), reason
        assert "\n" not in reason


def test_the_same_are_rejected_again_and_the_rest_is_known(project: OpenProject, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "audio")
    first = import_source(project, tmp_path / "audio")
    second = import_source(project, tmp_path / "audio")
    assert (second.added, second.known) == (0, len(GOOD))
    assert reasons(second) == reasons(first)


def test_a_bad_file_that_was_mended_is_a_clip(project: OpenProject, tmp_path: Path) -> None:
    hostile_folder(tmp_path / "audio")
    import_source(project, tmp_path / "audio")
    written(tmp_path / "audio" / "empty.wav", noise(0.5, seed=7))
    report = import_source(project, tmp_path / "audio")
    assert report.added == 1
    assert "empty.wav" in clips(project)
    assert "empty.wav" not in reasons(report)


def test_two_hours_are_one_clip_or_as_many_as_the_manifest_says(project: OpenProject, tmp_path: Path) -> None:
    rate = 2000
    with soundfile.SoundFile(tmp_path / "long.flac", "w", samplerate=rate, channels=1, format="FLAC") as file:
        for _ in range(SECONDS_IN_TWO_HOURS // 600):
            file.write(np.zeros(600 * rate, np.int16))
    (tmp_path / "m.csv").write_text("file_name,start,end\nlong.flac,,\nlong.flac,7195,7200\nlong.flac,7199,7201\n")
    report = import_source(project, tmp_path / "m.csv")
    assert report.added == 2
    (rejected,) = report.rejected
    assert "7200.00 s" in rejected["reason"]


def test_formats_that_libsndfile_cannot_read_are_read_by_the_extra(project: OpenProject, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "phone.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(noise(1.0)[np.newaxis, :], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    cut_name = tmp_path / "cut.m4a"
    cut_name.write_bytes((tmp_path / "phone.m4a").read_bytes()[:200])
    report = import_source(project, tmp_path)
    assert list(clips(project)) == ["phone.m4a"]
    assert clips(project)["phone.m4a"][0] == pytest.approx(audio_info(tmp_path / "phone.m4a").duration)
    assert [rejected["file_name"] for rejected in report.rejected] == ["cut.m4a"]


def test_labels_from_hostile_folder_names_are_only_names(project: OpenProject, tmp_path: Path) -> None:
    for number, name in enumerate(("happy", "<b>sad<b>", "'; DROP TABLE label;--", "angry\nsad")):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "x.wav", noise(0.1, seed=number))
    report = import_source(project, tmp_path, labels_from_folders=True, labels_as="folders")
    assert (report.added, report.labels) == (4, 1)
    assert (reasons(report), sorted(report.labels_not_taken)) == ({}, ["'; DROP TABLE label;--", "<b>sad<b>", "angry\nsad"])
