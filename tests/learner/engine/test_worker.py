"""A worker with other releases or weights than the driver encodes nothing, and neither does one that lacks the audio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from db.errors import AudioError, EncoderError, EngineError
from learner.audio.reader import AudioMissing
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from learner.engine.spread import refuse_unshared
from learner.engine.worker import asked, releases, run_shard


def _names(encoder: Encoder, shard: Sequence[int]) -> list[str]:
    return [f"{encoder.name} {number}" for number in shard]


def test_it_has_the_encoder_of_the_driver() -> None:
    assert run_shard(asked(encoder_named("logmel")), _names, [1, 2]).result == ["logmel 1", "logmel 2"]


def test_another_release_is_refused() -> None:
    wanted = replace(asked(encoder_named("logmel")), releases={**releases(), "soxr": "0.1"})
    with pytest.raises(
        EncoderError, match=r"^Worker on .*: it has soxr .*, and the machine that started the work has 0\.1; install"
    ):
        run_shard(wanted, _names, [1])


def test_other_weights_are_refused() -> None:
    wanted = replace(asked(encoder_named("logmel")), settings={**encoder_named("logmel").settings, "revision": "logmel-2"})
    with pytest.raises(EncoderError, match="its encoder 'logmel' differs in revision from that of the machine that started"):
        run_shard(wanted, _names, [1])


def test_a_folder_that_a_worker_lacks_is_named(tmp_path: Path) -> None:
    settings = {**encoder_named("logmel").settings, "encoder": str(tmp_path / "weights")}
    lacking = asked(_As(settings))  # type: ignore[arg-type]
    with pytest.raises(EncoderError, match=r"^Worker on .*weights"):
        run_shard(lacking, _names, [1])


class _As:
    def __init__(self, settings: dict[str, object]) -> None:
        self.settings = settings


def test_audio_that_only_the_driver_can_read_is_no_fault_of_the_audio(tmp_path: Path) -> None:
    here = tmp_path / "a.flac"
    here.touch()
    with pytest.raises(
        EngineError, match=r"The worker on far cannot read '.*a\.flac', which this machine can; put the audio into"
    ):
        refuse_unshared(str(here), AudioMissing("It does not exist."), host="far")
    refuse_unshared(str(here), AudioError("It is damaged."), host="far")
    refuse_unshared(str(tmp_path / "gone.flac"), AudioMissing("It does not exist."), host="far")
