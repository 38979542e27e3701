"""Training an encoder: the checkpoint it leaves, continuing after a kill, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import Wav2Vec2Config, Wav2Vec2Model

from db.errors import EncoderError
from labeler.cli.main import main
from learner.encoder_training.crops import SpeechFile, speech_files
from learner.encoder_training.fast_convolutions import use_fast_convolutions
from learner.encoder_training.pretraining.objectives import frame_geometry
from learner.encoder_training.pretraining.pretrain import pretrain, share_of_rate
from learner.encoder_training.pretraining.settings import PretrainSettings
from learner.encoders.registry import encoder_named
from learner.encoders.wav2vec2.make_untrained import CONFIG
from tests.learner.audio_files import noise, tone, written

SMALL: dict[str, Any] = {"steps": 50, "batch": 4, "crop_seconds": 0.64, "pool_crops": 32, "save_every": 25}
TINY = SMALL | {"shape": "1x64"}
"""Where it matters how a training goes on or ends, and not what it learns."""


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The faster precision is measured here, and kept for these tests only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EARMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """A folder with tones and noise."""
    folder = tmp_path / "speech"
    folder.mkdir()
    for number, hertz in enumerate((90, 140, 200, 310)):
        written(folder / f"{number}.wav", tone(hertz, 1.5) * 0.3 + noise(1.5, seed=number, level=0.02))
    return folder


@pytest.fixture
def files(speech: Path) -> list[SpeechFile]:
    """Its files."""
    return speech_files([speech])


def losses(folder: Path) -> list[dict[str, str]]:
    """The rows of loss.csv."""
    with (folder / "loss.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("without_a_process")
@pytest.mark.parametrize("objective", ["descriptors", "masked"])
def test_a_training_learns_and_leaves_an_encoder(files: list[SpeechFile], tmp_path: Path, objective: str) -> None:
    report = pretrain(files, tmp_path / "out", settings=PretrainSettings(objective=objective, **SMALL | {"steps": 75}))
    name = "frames" if objective == "descriptors" else "masked"
    curve = [float(row[name]) for row in losses(tmp_path / "out")]
    assert len(curve) == 3
    assert curve[-1] < 0.9 * curve[0]
    assert report.losses[name] == pytest.approx(curve[-1], abs=1e-5)
    encoder = encoder_named(str(tmp_path / "out"))
    vectors = encoder.encode([noise(1.0), tone(200, 1.0)])
    assert np.isfinite(vectors).all()
    assert (tmp_path / "out" / "model.safetensors").stat().st_size < 16_000_000
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f"Objective: {objective}" in card
    assert "4 files" in card


@pytest.mark.usefixtures("without_a_process")
def test_a_training_can_start_from_a_checkpoint(files: list[SpeechFile], tmp_path: Path) -> None:
    start = tmp_path / "start"
    torch.manual_seed(1)
    small = Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        conv_dim=(32, 32, 32, 32, 32, 32, 32), num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4,
    )  # fmt: skip
    Wav2Vec2Model(small).save_pretrained(start)
    settings = PretrainSettings(objective="masked+descriptors", start=str(start), **SMALL | {"steps": 25})
    pretrain(files, tmp_path / "out", settings=settings)
    before, after = encoder_named(str(start)), encoder_named(str(tmp_path / "out"))
    clip = noise(1.0)
    assert before.dim == after.dim
    assert not np.allclose(before.encode([clip]), after.encode([clip]), atol=1e-4)
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert config["mask_time_prob"] == small.mask_time_prob, "settings stay as they were published"


def arguments(speech: Path, output: Path) -> list[str]:
    """Those of `earmark pretrain` on these files, small."""
    # The first crops last for 32 steps, so both parts of a training that is killed after 25 need others too.
    small = ["--steps", "50", "--batch", "2", "--crop-seconds", "0.64", "--pool", "16", "--save-every", "25", "--device", "cpu"]
    small += ["--shape", "1x64"]
    return ["pretrain", str(speech), "--output", str(output), *small, "--json"]


def to_its_end(arguments: list[str]) -> dict[str, Any]:
    """Run a command in this process; what it printed."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


@pytest.mark.usefixtures("without_a_process")
def test_a_killed_training_goes_on_with_the_same_loss_curve(speech: Path, tmp_path: Path) -> None:
    assert to_its_end(arguments(speech, tmp_path / "peaceful"))["steps"] == 50
    # This one is a process, which makes its crops in another: only a process can be killed.
    command = [sys.executable, "-m", "labeler.cli", *arguments(speech, tmp_path / "killed")]
    killed = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = tmp_path / "killed" / "training" / "state.safetensors"
    deadline = time.monotonic() + 120
    while not state.is_file():
        assert killed.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    to_its_end(arguments(speech, tmp_path / "killed"))
    assert losses(tmp_path / "killed") == losses(tmp_path / "peaceful")
    clip = noise(1.0)
    ended = [encoder_named(str(tmp_path / name)).encode([clip]) for name in ("peaceful", "killed")]
    np.testing.assert_array_equal(ended[0], ended[1])


@pytest.mark.usefixtures("without_a_process")
def test_a_training_that_ended_can_be_lengthened_and_never_shortened(files: list[SpeechFile], tmp_path: Path) -> None:
    pretrain(files, tmp_path / "out", settings=PretrainSettings(**TINY))
    before = losses(tmp_path / "out")

    pretrain(files, tmp_path / "out", settings=PretrainSettings(**TINY | {"steps": 75}))

    longer = losses(tmp_path / "out")
    assert longer[: len(before)] == before
    assert len(longer) > len(before)
    with pytest.raises(EncoderError, match="has been trained for 75 steps"):
        pretrain(files, tmp_path / "out", settings=PretrainSettings(**TINY))


@pytest.mark.usefixtures("without_a_process")
def test_other_settings_are_refused_in_the_same_folder(files: list[SpeechFile], tmp_path: Path) -> None:
    pretrain(files, tmp_path / "out", settings=PretrainSettings(**TINY))
    with pytest.raises(EncoderError, match="other settings \\(seed\\)"):
        pretrain(files, tmp_path / "out", settings=PretrainSettings(**TINY, seed=1))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"objective": "magic"}, "join some of distill, imitate, descriptors, masked"),
        ({"objective": "masked+masked"}, "each once"),
        ({"objective": "distill"}, "needs a teacher"),
        ({"pool_crops": 2}, "smaller than a batch"),
        ({"save_every": 30}, "multiple of 25"),
    ],
)
def test_bad_settings_are_refused(files: list[SpeechFile], tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(EncoderError, match=reason):
        pretrain(files, tmp_path / "out", settings=PretrainSettings(**SMALL | changed))


@pytest.mark.usefixtures("without_a_process")
def test_a_training_that_diverges_ends_with_the_reason(files: list[SpeechFile], tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="diverged at step"):
        pretrain(files, tmp_path / "out", settings=PretrainSettings(**SMALL, learning_rate=1e30, warmup=1))


def test_fast_convolutions_are_the_same_convolutions() -> None:
    torch.manual_seed(0)
    model = Wav2Vec2Model(Wav2Vec2Config(**CONFIG)).train(False)
    clip = torch.from_numpy(noise(1.0))[None]
    with torch.inference_mode():
        expected = model(clip).last_hidden_state
        use_fast_convolutions(model)
        assert "forward" in vars(model.feature_extractor)
        torch.testing.assert_close(model(clip).last_hidden_state, expected, atol=1e-4, rtol=1e-4)


def test_bf16_gives_the_numbers_of_float32() -> None:
    torch.manual_seed(0)
    model = Wav2Vec2Model(Wav2Vec2Config(**CONFIG)).train(False)
    use_fast_convolutions(model)
    clip = torch.from_numpy(noise(1.0))[None]
    with torch.inference_mode():
        expected = model(clip).last_hidden_state
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = model(clip).last_hidden_state.float()
    assert float((found - expected).std()) < 0.05 * float(expected.std())


def test_frames_lie_where_the_convolutions_see_them() -> None:
    assert frame_geometry((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)) == (199.5, 320)


def test_the_rate_rises_and_falls() -> None:
    rates = [share_of_rate(step, steps=100, warmup=500) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) in {9, 10}
    assert rates[-1] < 0.05
