"""Audio of an export: the bytes that were imported, or the samples of the clip, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from db.errors import AudioError
from db.exports.choice import LabelKind
from db.exports.rows import ClipRow
from db.models import ClipState
from learner.audio.decoding import audio_info, content_hash
from learner.handover.audio import AudioPlacer
from tests.learner.audio_files import RATE, noise, written


def clip(path: Path, *, name: str | None = None, span: tuple[float, float] | None = None) -> ClipRow:
    info = audio_info(path)
    start, end = span or (0.0, info.duration)
    return ClipRow(
        clip_id=1,
        file_name=name or path.name,
        path=str(path),
        lies_at=str(path),
        state=ClipState.READY,
        start=start,
        end=end,
        whole=span is None,
        sampling_rate=info.sampling_rate,
        channels=info.channels,
        content_hash=content_hash(path),
        speaker=None,
        transcript=None,
        split=None,
        extra={},
        label="angry",
        kind=LabelKind.CONSENSUS,
        agreement=1.0,
        confidence=None,
        answers=(),
        predicted=None,
    )


class TestCopies:
    def test_are_the_same_bytes_once_for_each_file(self, tmp_path: Path) -> None:
        source = written(tmp_path / "a.wav", noise(1))
        place = AudioPlacer(cut=False)
        found = [place(clip(source, span=span), tmp_path / "out") for span in ((0.0, 0.5), (0.5, 1.0))]
        assert found == ["audio/a.wav"] * 2
        copy = tmp_path / "out" / "audio" / "a.wav"
        assert copy.read_bytes() == source.read_bytes()
        assert copy.stat().st_ino != source.stat().st_ino, "no hard link"
        assert len(list(copy.parent.iterdir())) == 1

    def test_have_names_that_are_safe(self, tmp_path: Path) -> None:
        names = ["#.wav", "%41.wav", "two\nlines.wav", "train_01.wav", "../x.wav", "/abs/x.wav", "x" * 300, "metadata.csv"]
        place = AudioPlacer(cut=True)
        for number, name in enumerate(names):
            source = written(tmp_path / f"{number}.wav", noise(0.1, seed=number))
            found = place(clip(source, name=name), tmp_path / "out")
            assert (tmp_path / "out" / found).read_bytes() == source.read_bytes()
            assert found.endswith(".wav"), "what has no suffix of audio gets the one of its content"
        assert len(list((tmp_path / "out").rglob("*.wav"))) == len(names)
        assert (tmp_path / "out" / "audio" / "%41.wav").exists()

    def test_go_into_several_folders(self, tmp_path: Path) -> None:
        row = clip(written(tmp_path / "a.wav", noise(0.1)), name="s/a.wav")
        place = AudioPlacer(cut=False)
        assert [place(row, tmp_path / "train", flat=True), place(row, tmp_path / "test")] == ["audio/s__a.wav", "audio/s/a.wav"]

    @pytest.mark.parametrize("cut", [False, True])
    def test_of_a_file_that_has_changed_are_refused(self, tmp_path: Path, cut: bool) -> None:
        row = clip(written(tmp_path / "a.wav", noise(1)), span=(0.0, 0.5))
        written(tmp_path / "a.wav", noise(1, seed=1))
        with pytest.raises(AudioError, match=r"a\.wav' has changed since it was imported; put the old file back, or import"):
            AudioPlacer(cut=cut)(row, tmp_path)

    @pytest.mark.parametrize("cut", [False, True])
    def test_of_a_file_that_is_gone_are_refused(self, tmp_path: Path, cut: bool) -> None:
        row = clip(written(tmp_path / "a.wav", noise(1)), span=(0.0, 0.5))
        (tmp_path / "a.wav").unlink()
        with pytest.raises(AudioError, match=r"a\.wav' does not exist"):
            AudioPlacer(cut=cut)(row, tmp_path)


class TestCuts:
    @pytest.mark.parametrize(
        ("name", "subtype", "dtype"),
        [
            ("a.wav", "PCM_16", "int16"),
            ("a.wav", "PCM_24", "int32"),
            ("a.wav", "PCM_32", "int32"),
            ("a.wav", "PCM_U8", "int32"),
            ("a.wav", "FLOAT", "float32"),
            ("a.wav", "DOUBLE", "float64"),
            ("a.flac", "PCM_16", "int16"),
            ("a.flac", "PCM_24", "int32"),
            ("a.aiff", "PCM_S8", "int32"),
            ("a.aiff", "PCM_24", "int32"),
        ],
    )
    def test_have_the_samples_of_the_span_in_their_own_form(self, tmp_path: Path, name: str, subtype: str, dtype: Any) -> None:
        stereo = np.stack([noise(1, seed=1, sampling_rate=22_050), noise(1, seed=2, sampling_rate=22_050)], axis=1)
        source = written(tmp_path / name, stereo, sampling_rate=22_050, subtype=subtype)
        found = AudioPlacer(cut=True)(clip(source, span=(0.2, 0.7)), tmp_path)
        suffix = ".wav" if name == "a.wav" or (subtype == "PCM_24" and name == "a.aiff") else ".flac"
        assert found == f"audio/a_0.200-0.700{suffix}"
        with soundfile.SoundFile(tmp_path / found) as cut:
            assert (cut.samplerate, cut.channels, cut.subtype) == (22_050, 2, subtype)
            whole, _ = soundfile.read(source, dtype=dtype)
            np.testing.assert_array_equal(cut.read(dtype=dtype), whole[round(0.2 * 22_050) : round(0.7 * 22_050)])

    @pytest.mark.parametrize(("name", "subtype"), [("a.ogg", "VORBIS"), ("a.mp3", None), ("a.wav", "ULAW")])
    def test_of_lossy_files_are_decoded_to_16_bits(self, tmp_path: Path, name: str, subtype: str | None) -> None:
        source = written(tmp_path / name, np.stack([noise(1), noise(1, seed=1)], axis=1), subtype=subtype)
        found = AudioPlacer(cut=True)(clip(source, span=(0.25, 0.5)), tmp_path)
        samples, rate = soundfile.read(tmp_path / found, dtype="int16")
        assert (rate, samples.shape, soundfile.info(tmp_path / found).subtype) == (RATE, (RATE // 4, 2), "PCM_16")
        whole, _ = soundfile.read(source, dtype="float32")
        np.testing.assert_allclose(samples / 32768, whole[RATE // 4 : RATE // 2], atol=1e-3)

    def test_of_a_whole_file_are_its_bytes(self, tmp_path: Path) -> None:
        source = written(tmp_path / "a.ogg", noise(0.5))
        found = AudioPlacer(cut=True)(clip(source), tmp_path / "out")
        assert (tmp_path / "out" / found).read_bytes() == source.read_bytes()

    @pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
    def test_are_the_same_bytes_every_time(self, tmp_path: Path, subtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
        row = clip(written(tmp_path / "a.wav", noise(1), subtype=subtype), span=(0.5, 1.0))
        first, second = (tmp_path / folder / AudioPlacer(cut=True)(row, tmp_path / folder) for folder in ("1", "2"))
        assert first.read_bytes() == second.read_bytes()
        assert b"PEAK" not in first.read_bytes() or first.read_bytes().split(b"PEAK")[1][8:12] == bytes(4), "no time of writing"

    def test_of_spans_that_read_alike_are_several_files(self, tmp_path: Path) -> None:
        source = written(tmp_path / "a.wav", noise(1))
        place = AudioPlacer(cut=True)
        rows = [clip(source, span=(0.0, 0.5)), clip(source, span=(0.0001, 0.5))]
        first, second = (place(row, tmp_path) for row in rows)
        assert (first, second.startswith("audio/a_0.000-0.500-")) == ("audio/a_0.000-0.500.wav", True)
        assert [place(row, tmp_path) for row in rows] == [first, second], "each is cut once"

    def test_beyond_the_end_are_refused(self, tmp_path: Path) -> None:
        row = clip(written(tmp_path / "a.wav", noise(1)), span=(0.5, 1.0))
        with pytest.raises(AudioError, match="lasts 1.00 s, but the span ends at 9.00 s"):
            AudioPlacer(cut=True)(replace(row, end=9.0), tmp_path)

    def test_that_cannot_be_written_are_an_error_of_the_target(self, tmp_path: Path) -> None:
        row = clip(written(tmp_path / "a.wav", noise(1)), span=(0.5, 1.0))
        (tmp_path / "audio").write_text("in the way")
        with pytest.raises(OSError, match="File exists"):
            AudioPlacer(cut=True)(row, tmp_path)
