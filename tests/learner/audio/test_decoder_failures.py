"""Whatever a decoder raises concerns that file alone: in import, embed and predict the others go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.errors import AudioError
from db.models import Clip, ClipState
from db.project import OpenProject
from learner.audio import sound_file
from learner.audio.decoding import audio_info, decode, validate
from learner.features.embed import embed
from learner.imports.source import import_source
from learner.loop.run import learn_once
from learner.prediction.predict import write_predictions
from tests.filled_projects import answer
from tests.learner.audio_files import RATE, import_files, noise, written


def with_unknown_codec(path: Path) -> Path:
    """A WAV file whose header names a codec that nobody knows; the path."""
    content = bytearray(written(path, noise(1.0)).read_bytes())
    content[20:22] = b"\x34\x12"
    path.write_bytes(content)
    return path


def test_an_unknown_codec_is_named(tmp_path: Path) -> None:
    pytest.importorskip("av")
    with pytest.raises(AudioError, match=r"a\.wav' has an unknown codec 0x1234; convert it to WAV or FLAC\."):
        audio_info(with_unknown_codec(tmp_path / "a.wav"))


def test_import_rejects_the_one_and_takes_the_others(project: OpenProject, tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    with_unknown_codec(folder / "b.wav")
    for name in ("a.wav", "c.wav"):
        written(folder / name, noise(0.5, seed=ord(name[0])))
    report = import_source(project, folder)
    assert report.added == 2
    assert [rejected["file_name"] for rejected in report.rejected] == ["b.wav"]


def test_predict_leaves_out_the_one_and_predicts_the_others(project: OpenProject, tmp_path: Path) -> None:
    clips = import_files(project, [written(tmp_path / f"{number}.wav", noise(0.5, seed=number)) for number in range(4)])
    embed(project, encoder="logmel")
    for number, clip in enumerate(clips):
        answer(project, clip, ("angry", "happy")[number % 2])
    learn_once(project)
    new = tmp_path / "new"
    new.mkdir()
    with_unknown_codec(new / "a.wav")
    written(new / "b.wav", noise(0.5, seed=9))
    report = write_predictions(project, tmp_path / "out.csv", folder=new)
    assert report.predicted == 1
    assert [failed["file_name"] for failed in report.failed] == ["a.wav"]


class FailingReader(sound_file.SoundFileReader):
    """A decoder with a bug that one file brings out."""

    def blocks(self, first: int, last: int) -> Iterator[Any]:
        """Raise what nobody expects."""
        if os.fspath(self._path).endswith("bug.wav"):
            raise AttributeError("'NoneType' object has no attribute 'sample_rate'")
        return super().blocks(first, last)


@pytest.mark.parametrize("read", [validate, decode])
def test_any_exception_becomes_an_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any) -> None:
    monkeypatch.setattr(sound_file, "SoundFileReader", FailingReader)
    with pytest.raises(AudioError, match=r"bug\.wav' cannot be decoded \(the decoder failed with AttributeError\)"):
        read(written(tmp_path / "bug.wav", noise(0.5)))


def test_embed_sets_aside_the_one_and_embeds_the_others(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [written(tmp_path / name, noise(0.5, seed=number)) for number, name in enumerate(("a.wav", "bug.wav", "c.wav"))]
    clips = import_files(project, paths)
    monkeypatch.setattr(sound_file, "SoundFileReader", FailingReader)
    report = embed(project, encoder="logmel")
    assert (report.embedded, [failed.clip_id for failed in report.failed]) == (2, [clips[1]])
    with project.read() as session:
        assert session.get_one(Clip, clips[1]).state == ClipState.BROKEN


def float_file(path: Path, loudest: float) -> Path:
    """A file of floats with one sample that is far too large; the path."""
    samples = noise(1.0)
    samples[RATE // 2] = loudest
    return written(path, samples, subtype="FLOAT")


def test_a_sample_that_no_recording_has_is_refused(project: OpenProject, tmp_path: Path) -> None:
    """Its power overflows float32: the log-mel vector would hold NaN, which stopped the learner for good."""
    (tmp_path / "audio").mkdir()
    path = float_file(tmp_path / "audio" / "a.wav", 1e19)
    written(tmp_path / "audio" / "b.wav", noise(1.0, seed=3))
    for read in (validate, decode):
        with pytest.raises(AudioError, match=r"a\.wav' holds a sample of 1e\+19, where 1 is full scale"):
            read(path)
    report = import_source(project, tmp_path / "audio")
    assert (report.added, [rejected["file_name"] for rejected in report.rejected]) == (1, ["a.wav"])
    assert embed(project, encoder="logmel").embedded == 1


@pytest.mark.parametrize(("loudest", "warned"), [(1.0, False), (4.0, False), (3e5, True), (2.0**31, True)])
def test_samples_far_over_full_scale_are_warned_of(tmp_path: Path, loudest: float, warned: bool) -> None:
    remarks = validate(float_file(tmp_path / "a.wav", loudest)).remarks
    assert [f"reach {loudest:.3g}, where 1 is full scale" in remark for remark in remarks] == [True] * warned


def test_the_largest_samples_that_are_taken_have_a_finite_vector(project: OpenProject, tmp_path: Path) -> None:
    import_files(project, [float_file(tmp_path / "a.wav", 2.0**32), written(tmp_path / "b.wav", noise(1.0))])
    report = embed(project, encoder="logmel")
    assert (report.embedded, report.failed) == (2, [])
