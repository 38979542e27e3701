"""Embedding: resumable, whole whatever happens, and one bad clip never stops the rest."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EncoderError
from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clips import ready_clips_without_features
from learner.arrays import Float32Array, Waveform
from learner.audio.decoding import decode
from learner.encoders.registry import encoder_named
from learner.features import embed as embedding
from learner.features.embed import embed
from learner.features.matrix import open_features
from tests.learner.audio_files import cut, import_files, noise, written


def clips_in(project: OpenProject, folder: Path, count: int) -> tuple[list[Path], list[int]]:
    """Import `count` short files of different lengths; their paths and clip ids."""
    folder.mkdir(exist_ok=True)
    paths = [written(folder / f"{number}.flac", noise(0.2 + 0.01 * (number % 7), seed=number)) for number in range(count)]
    return paths, import_files(project, paths)


def stored(project: OpenProject, clips: list[int]) -> NDArray[np.float32]:
    features = open_features(project)
    assert features is not None
    return features.rows(clips)


def expected(paths: list[Path], encoder: str = "logmel") -> NDArray[np.float32]:
    return encoder_named(encoder).encode([decode(path) for path in paths]).astype(np.float16).astype(np.float32)


def test_every_clip_gets_the_vector_of_its_audio(project: OpenProject, tmp_path: Path) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 5)
    seen: list[tuple[int, int]] = []

    report = embed(project, progress=lambda done, total: seen.append((done, total)))

    assert (report.embedded, report.failed) == (5, [])
    assert seen == [(0, 5), (5, 5)]
    np.testing.assert_allclose(stored(project, clips), expected(paths, "bundled"), rtol=0.01, atol=0.01)
    assert embed(project).embedded == 0


def test_audio_that_was_replaced_since_its_import_is_not_taken_for_the_clip(project: OpenProject, tmp_path: Path) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 3)
    written(paths[0], noise(0.9, seed=7))
    os.utime(paths[1])
    report = embed(project, encoder="logmel")
    assert [(clip.clip_id, report.embedded) for clip in report.failed] == [(clips[0], 2)]
    assert "holds other audio than when it was imported; import it again" in report.failed[0].reason
    (renewed,) = import_files(project, paths[:1])
    assert renewed != clips[0]
    assert embed(project, encoder="logmel").embedded == 1


def test_spans_are_embedded_as_spans(project: OpenProject, tmp_path: Path) -> None:
    path = written(tmp_path / "long.flac", noise(3.0))
    clips = import_files(project, [path], spans={"long.flac": (1.0, 1.5)})
    embed(project, encoder="logmel")
    np.testing.assert_allclose(
        stored(project, clips)[0], encoder_named("logmel").encode([decode(path, start=1.0, end=1.5)])[0], atol=0.01
    )


def test_without_a_named_encoder_the_one_in_use_goes_on(project: OpenProject, tmp_path: Path) -> None:
    clips_in(project, tmp_path / "audio", 2)
    first = embed(project, encoder="logmel", pooling="mean")
    import_files(project, [written(tmp_path / "more.flac", noise(0.5, seed=99))])
    second = embed(project)
    assert (second.embedded, second.feature_set_id) == (1, first.feature_set_id)


def test_clips_added_later_join_the_same_feature_set(project: OpenProject, tmp_path: Path) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 3)
    first = embed(project, encoder="logmel")
    more = written(tmp_path / "more.flac", noise(0.5, seed=99))
    clips += import_files(project, [more])
    second = embed(project, encoder="logmel")

    assert (second.embedded, second.feature_set_id) == (1, first.feature_set_id)
    np.testing.assert_allclose(stored(project, clips), expected([*paths, more]), atol=0.01)


def test_another_pooling_is_another_feature_set(project: OpenProject, tmp_path: Path) -> None:
    _, clips = clips_in(project, tmp_path / "audio", 3)
    first = embed(project, encoder="logmel")
    second = embed(project, encoder="logmel", pooling="mean")
    assert second.feature_set_id != first.feature_set_id
    assert stored(project, clips).shape == (3, 64)


def test_a_clip_that_broke_after_its_import_is_reported_and_the_rest_go_on(project: OpenProject, tmp_path: Path) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 4)
    cut(paths[1], 0.3)
    paths[2].unlink()

    report = embed(project, encoder="logmel")

    assert report.embedded == 2
    assert [(failure.clip_id, failure.file_name) for failure in report.failed] == [(clips[1], "1.flac"), (clips[2], "2.flac")]
    assert "does not exist" in report.failed[1].reason
    with project.read() as session:
        broken, missing = session.get_one(Clip, clips[1]), session.get_one(Clip, clips[2])
        assert (broken.state, broken.problem) == (ClipState.BROKEN, report.failed[0].reason)
        # A disk that is not mounted must not cost a project its clips.
        assert missing.state == ClipState.READY


class Broken:
    """Log-mel vectors, of which those of long enough clips hold NaN."""

    def __init__(self, *, seconds: float) -> None:
        self._encoder = encoder_named("logmel")
        self._samples = seconds * self._encoder.sampling_rate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode(self, waveforms: Sequence[Waveform]) -> Float32Array:
        vectors = self._encoder.encode(waveforms)
        vectors[[len(waveform) > self._samples for waveform in waveforms], 3] = np.nan
        return vectors

    def encode_stream(self, blocks: Iterable[Waveform]) -> Float32Array:
        (vector,) = self.encode([np.concatenate(list(blocks))])
        found: Float32Array = vector
        return found


@pytest.mark.parametrize("long_seconds", [120.0, 0.1], ids=["in memory", "streamed"])
def test_a_clip_whose_vector_is_not_finite_is_set_aside_and_the_rest_go_on(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long_seconds: float
) -> None:
    monkeypatch.setattr(embedding, "LONG_SECONDS", long_seconds)
    monkeypatch.setattr("learner.features.project_encoder.encoder_named", lambda *_names, **_options: Broken(seconds=0.5))
    paths = [written(tmp_path / f"{number}.flac", noise(length)) for number, length in enumerate((0.9, 0.3, 0.8, 0.4))]
    clips = import_files(project, paths)

    report = embed(project, encoder="logmel")

    assert (report.embedded, [failed.clip_id for failed in report.failed]) == (2, [clips[0], clips[2]])
    assert "gives NaN or infinity for" in report.failed[0].reason
    np.testing.assert_allclose(stored(project, [clips[1], clips[3]]), expected([paths[1], paths[3]]), atol=0.01)
    with project.read() as session:
        problem = session.get_one(Clip, clips[0])
        assert (problem.state, problem.problem) == (ClipState.BROKEN, report.failed[0].reason)


def test_an_encoder_that_encodes_nothing_costs_no_clip(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learner.features.project_encoder.encoder_named", lambda *_names, **_options: Broken(seconds=0.0))
    _, clips = clips_in(project, tmp_path / "audio", 3)
    with pytest.raises(EncoderError, match="gives NaN or infinity for every clip"):
        embed(project, encoder="logmel")
    with project.read() as session:
        assert [session.get_one(Clip, clip).state for clip in clips] == [ClipState.READY] * 3


@pytest.mark.parametrize("encoder", ["logmel", "bundled"])
def test_the_shortest_clip_and_a_long_one_share_a_batch(project: OpenProject, tmp_path: Path, encoder: str) -> None:
    lengths = (0.025, 10.0, 0.025)
    paths = [written(tmp_path / f"{number}.wav", noise(length, seed=number)) for number, length in enumerate(lengths)]
    clips = import_files(project, paths)
    assert embed(project, encoder=encoder).embedded == 3
    np.testing.assert_allclose(stored(project, clips), expected(paths, encoder), rtol=0.02, atol=0.02)


def test_long_clips_are_streamed(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "LONG_SECONDS", 1.0)
    paths = [written(tmp_path / "long.flac", noise(3.0)), written(tmp_path / "short.flac", noise(0.5))]
    broken = written(tmp_path / "broken.flac", noise(4.0))
    clips = import_files(project, [*paths, broken])
    cut(broken, 0.5)

    report = embed(project, encoder="logmel")

    assert [failure.file_name for failure in report.failed] == ["broken.flac"]
    np.testing.assert_allclose(stored(project, clips[:2]), expected(paths), atol=0.01)


def test_it_stops_when_asked_and_on_ctrl_c_and_keeps_what_is_done(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH_CLIPS", 2)
    paths, clips = clips_in(project, tmp_path / "audio", 8)

    def interrupt(done: int, _total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    assert embed(project, encoder="logmel", should_stop=lambda: True).embedded == 2
    with pytest.raises(KeyboardInterrupt):
        embed(project, encoder="logmel", progress=interrupt)
    assert embed(project, encoder="logmel").embedded == 2
    np.testing.assert_allclose(stored(project, clips), expected(paths), atol=0.01)


EMBED_SLOWLY = """
import sys, time
from pathlib import Path
from db.project import open_project
from learner.features import embed
embed.BATCH_CLIPS = embed.FLUSH_CLIPS = 1
print("ready", flush=True)
embed.embed(open_project(Path(sys.argv[1])), encoder="logmel", progress=lambda done, total: time.sleep(0.01))
"""


def test_killing_it_at_any_moment_loses_and_spoils_nothing(project: OpenProject, tmp_path: Path) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 120)
    rng = random.Random(1)
    for _ in range(5):
        command = [sys.executable, "-c", EMBED_SLOWLY, str(project.directory)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], env={**os.environ}) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(rng.uniform(0.05, 0.5))
            process.kill()
        features = open_features(project)
        if features is not None and len(features):
            positions = [clips.index(clip) for clip in features.clip_ids]
            np.testing.assert_allclose(features.rows(features.clip_ids), expected([paths[at] for at in positions]), atol=0.01)

    report = embed(project, encoder="logmel")

    np.testing.assert_allclose(stored(project, clips), expected(paths), atol=0.01)
    with project.read() as session:
        assert ready_clips_without_features(session, report.feature_set_id) == []
