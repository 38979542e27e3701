"""Embedding and predicting on two local workers of Dask, as on one machine: the same bits, whoever dies on the way."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from unittest import mock

import numpy as np
import psutil
import pytest
from distributed import Client, KilledWorker
from distributed.security import Security
from numpy.typing import NDArray

from db.errors import EngineError
from db.project import OpenProject
from db.records.clips import ClipAudio, ready_clips_without_features
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from learner.engine.spread import spread_over
from learner.engine.workers import Workers, workers_on
from learner.features.embed import batches_of, embed, encoded_batches
from learner.features.on_workers import encode_on, shards_of
from tests.learner.audio_files import cut
from tests.learner.features.test_embed import clips_in, stored


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    with workers_on("local:2") as workers:
        yield workers


def processes(workers: Workers) -> list[int]:
    return list(workers._client.run(os.getpid).values())


def on_one_machine(project: OpenProject, clips: Sequence[int]) -> NDArray[np.float32]:
    """What `embed` stores of these clips without workers, by the encoder logmel."""
    with project.read() as session:
        audio = [clip for clip in ready_clips_without_features(session, 0) if clip.clip_id in set(clips)]
    found = {clip.clip_id: result for batch in encoded_batches(audio, encoder_named("logmel")) for clip, result in batch}
    return np.array([found[clip] for clip in clips]).astype(np.float16).astype(np.float32)


def of_lengths(lengths: Sequence[float]) -> list[ClipAudio]:
    return [
        ClipAudio(
            clip_id=number,
            file_name=f"{number}.wav",
            path=f"/{number}.wav",
            start=0.0,
            end=seconds,
            whole=True,
            content_hash="",
            sampling_rate=16_000,
            channels=1,
        )
        for number, seconds in enumerate(lengths)
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_shards_are_whole_batches_so_that_workers_cut_them_as_one_machine_does(workers: int) -> None:
    clips = of_lengths(np.random.default_rng(0).choice([0.5, 9.0, 40.0, 300.0], 700).tolist())
    shards = list(shards_of(clips, workers=workers))
    assert [clip for shard in shards for clip in shard] == clips
    assert [batch for shard in shards for batch in batches_of(shard)] == list(batches_of(clips))
    assert len(shards) >= 8 * workers


def test_vectors_are_those_of_one_machine_bit_for_bit_and_a_damaged_clip_is_set_aside(
    project: OpenProject, tmp_path: Path, two: Workers
) -> None:
    paths, clips = clips_in(project, tmp_path / "audio", 40)
    cut(paths[3], 0.3)
    seen: list[tuple[int, int]] = []

    report = embed(project, encoder="logmel", encode=encode_on(two), progress=lambda done, total: seen.append((done, total)))

    assert (report.embedded, [failed.clip_id for failed in report.failed]) == (39, [clips[3]])
    assert seen[0] == (0, 40)
    assert seen[-1] == (40, 40)
    assert len(seen) == 4
    there = [clip for clip in clips if clip != clips[3]]
    np.testing.assert_array_equal(stored(project, there), on_one_machine(project, there))


def test_networks_give_the_same_bits_too(project: OpenProject, tmp_path: Path, two: Workers) -> None:
    import torch

    clips_in(project, tmp_path / "audio", 16)
    with project.read() as session:
        clips = ready_clips_without_features(session, 0)
    encoder, threads = encoder_named("bundled"), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        here = {clip.clip_id: vector for batch in encoded_batches(clips, encoder) for clip, vector in batch}
    finally:
        torch.set_num_threads(threads)
    there = {clip.clip_id: vector for some in encode_on(two)(clips, encoder) for clip, vector in some}
    assert there.keys() == here.keys()
    for clip, vector in here.items():
        np.testing.assert_array_equal(there[clip], vector)


def test_a_worker_that_is_killed_costs_nothing_but_its_shard(project: OpenProject, tmp_path: Path, two: Workers) -> None:
    _, clips = clips_in(project, tmp_path / "audio", 96)
    before = processes(two)

    def kill(done: int, _total: int) -> None:
        if done == 16:
            os.kill(before[0], signal.SIGKILL)

    report = embed(project, encoder="logmel", encode=encode_on(two), progress=kill)

    assert (report.embedded, report.failed) == (96, [])
    assert before[0] not in processes(two)
    np.testing.assert_array_equal(stored(project, clips), on_one_machine(project, clips))


def test_a_driver_that_stops_midway_keeps_what_is_recorded_and_goes_on(
    project: OpenProject, tmp_path: Path, two: Workers
) -> None:
    clips_in(project, tmp_path / "audio", 96)

    def stop(done: int, _total: int) -> None:
        if done == 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed(project, encoder="logmel", encode=encode_on(two), progress=stop)
    assert embed(project, encoder="logmel", encode=encode_on(two)).embedded == 48


def test_nobody_else_can_use_the_local_workers(two: Workers) -> None:
    info = two._client.scheduler_info()
    addresses = [info["address"], *info["workers"]]
    assert {address.rpartition(":")[0] for address in addresses} == {"tls://127.0.0.1"}
    listening = [each for pid in processes(two) for each in psutil.Process(pid).net_connections("tcp")]
    assert {each.laddr.ip for each in listening if each.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    with pytest.raises(EngineError, match=r"^tls://.* needs a certificate, and Dask's configuration names none; set"):  # noqa: SIM117
        with workers_on(info["address"]):
            pass
    with pytest.raises(OSError, match="TLS certificate does not match"):
        Client(info["address"], security=Security.temporary(), timeout=0.5, set_as_default=False)


def test_predictions_come_in_the_order_of_the_files(tmp_path: Path, two: Workers) -> None:
    files = of_lengths([1.0] * 50)
    found = spread_over(two)(_slow_at_first, encoder_named("logmel"), files)
    assert list(found) == [file.path for file in files]


def _slow_at_first(_encoder: Encoder, files: Sequence[ClipAudio]) -> list[str]:
    if files[0].clip_id == 0:
        sum(range(3_000_000))
    return [file.path for file in files]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            KilledWorker("shard", mock.Mock(), 3),
            r"Every worker that got the shard from '/0\.wav' on died \(4 in a row\); look at the",
        ),
        (OSError("No space left"), r"A worker failed at the shard from '/0\.wav' on \(OSError: No space left\); look at its log"),
        (None, "The scheduler at local:2 is gone; start it, then give the same command again"),
        (ZeroDivisionError("by\nzero"), r"A worker failed at the shard from '/0\.wav' on \(ZeroDivisionError: by\); look at its"),
    ],
)
def test_a_shard_without_a_result_ends_the_work_in_one_sentence(two: Workers, error: BaseException | None, sentence: str) -> None:
    failure = two._failure(CancelledError() if error is None else (type(error), error, None), "'/0.wav'")
    assert isinstance(failure, EngineError)
    assert re.match(sentence, str(failure))
    assert "\n" not in str(failure)


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.engine.workers._CONNECT_SECONDS", 0.2)
    with pytest.raises(EngineError, match=r"The scheduler at tcp://127\.0\.0\.1:9 cannot be reached .*; start it with"):  # noqa: SIM117
        with workers_on("tcp://127.0.0.1:9"):
            pass


def test_without_the_extra_a_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"--on local:2 needs Dask; install it with `pip install 'earmark\[dask\]'`"):  # noqa: SIM117
        with workers_on("local:2"):
            pass
