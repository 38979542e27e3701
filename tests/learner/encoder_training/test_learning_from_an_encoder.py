"""A student that learns from an encoder's hidden states, in the shape of the original or in a new one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from db.errors import EncoderError
from labeler.cli.main import main
from learner.encoder_training.pretraining import crop_sets
from learner.encoder_training.pretraining.encoder_teacher import EncoderTeacher
from learner.encoder_training.pretraining.objectives import ClipReadout, ImitationReadout
from learner.encoder_training.pretraining.optimisers import optimisers, set_rate
from learner.encoder_training.pretraining.readout_start import start_at_ridge
from learner.encoder_training.pretraining.settings import PretrainSettings
from learner.encoder_training.pretraining.targets import Targets, TeacherChoice, pooled
from learner.encoders.registry import encoder_named
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.encoders.wav2vec2.make_untrained import make
from tests.learner.audio_files import noise, tone, written
from tests.learner.encoders.whisper.small_whisper import saved, small_whisper


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A small Whisper checkpoint."""
    return saved(small_whisper(), tmp_path / "teacher")


@pytest.fixture
def crops() -> Any:
    """Eight crops of two thirds of a second."""
    return np.stack([tone(100 + 40 * number, 0.64) * 0.2 + noise(0.64, seed=number, level=0.05) for number in range(8)])


def test_a_teachers_frames_pooled_are_the_vector_that_it_encodes(teacher: Path, crops: Any) -> None:
    frames = EncoderTeacher(str(teacher), layers="1,2", sampling_rate=16_000).frames(torch.from_numpy(crops))
    assert frames.shape == (8, 32, 64)
    expected = encoder_named(str(teacher), layers="1,2", pooling="mean+std").encode(list(crops))
    np.testing.assert_allclose(pooled(frames).numpy(), expected, atol=2e-3)


def test_a_teacher_without_frames_or_at_another_rate_is_refused(teacher: Path) -> None:
    with pytest.raises(EncoderError, match="no frames to learn from"):
        EncoderTeacher("logmel", layers=None, sampling_rate=16_000)
    with pytest.raises(EncoderError, match="takes audio at 16000 Hz; choose a teacher that takes 48000 Hz"):
        EncoderTeacher(str(teacher), layers=None, sampling_rate=48_000)


def test_targets_are_standardised_and_know_nothing_of_the_place_in_time(teacher: Path, crops: Any) -> None:
    targets = Targets(TeacherChoice(encoder=str(teacher), layers="2"))
    statistics = targets.measured(crops)
    found = targets.of(crops, statistics)
    frames = found["teacher_frames"].astype(np.float32)
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=2e-2)
    np.testing.assert_allclose(frames.std(axis=(0, 1)), 1, atol=0.05)
    assert found["teacher"].shape == (8, 64)
    assert statistics.widths["teacher_frames"] == 32


def test_each_frame_learns_from_the_teachers_frame_nearest_in_time() -> None:
    # The student's first frame is centred at sample 509.5, the teacher's at 0; both move by 320 samples.
    readout = ImitationReadout(4, dim=1, spacing=(509.5, 320), of_teacher=(0.0, 320))
    frames = torch.arange(10.0)[None, :, None]
    wanted = readout.wanted({"teacher_frames": frames}, 9)
    assert wanted.flatten().tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 9]


class Crops:
    """A crop set whose waveforms are the hidden states themselves."""

    def __init__(self, waveforms: Any, target: Any) -> None:
        self._arrays = {"waveforms": waveforms, "teacher": target}

    def __len__(self) -> int:
        return len(self._arrays["waveforms"])

    def batch(self, rows: Any) -> dict[str, Any]:
        """Some rows of all."""
        return {name: array[rows] for name, array in self._arrays.items()}


def test_readouts_begin_at_what_the_student_says_already() -> None:
    rng = np.random.default_rng(0)
    states = rng.standard_normal((900, 20, 6)).astype(np.float32) * rng.random((900, 1, 6), np.float32)
    target = pooled(torch.from_numpy(states)).numpy() @ rng.standard_normal((12, 3)).astype(np.float32)
    readouts = nn.ModuleDict({"distill": ClipReadout(12, target="teacher", dim=3)})
    crop_set: Any = Crops(states, target)
    start_at_ridge(readouts, crop_set, hidden_of=lambda waveforms: [waveforms], device="cpu")
    readouts.eval()
    loss = readouts["distill"]([torch.from_numpy(states)], {"teacher": torch.from_numpy(target)})
    assert loss.item() < 0.05 * float(target.var())


def test_muon_moves_the_transformers_matrices_and_adamw_the_rest(tmp_path: Path) -> None:
    from learner.encoder_training.student import student_of

    make(tmp_path / "start", shape=(1, 64))
    student = student_of(find_checkpoint(str(tmp_path / "start")))
    muon, adam = optimisers("muon", student, nn.Linear(2, 2), learning_rate=1e-3)
    matrices = [weights for group in muon.param_groups for weights in group["params"]]
    assert all(weights.ndim == 2 for weights in matrices)
    # Four of attention, two after it, and the projection of the convolutions' output.
    assert len(matrices) == 7
    moved = len(matrices) + sum(len(group["params"]) for group in adam.param_groups)
    assert moved == len(list(student.parameters())) + 2
    set_rate([muon, adam], 1e-4)
    assert [group["lr"] for each in (muon, adam) for group in each.param_groups] == pytest.approx([2e-4, 1e-4, 1e-5])


def test_a_student_in_a_new_shape_keeps_the_convolutions_and_learns(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(crop_sets, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
    speech = tmp_path / "speech"
    speech.mkdir()
    for number, hertz in enumerate((90, 140, 200, 310)):
        written(speech / f"{number}.wav", tone(hertz, 1.5) * 0.3 + noise(1.5, seed=number, level=0.02))
    command = [
        "pretrain", str(speech), "--from", "bundled", "--shape", "2x64", "--objective", "imitate+distill",
        "--teacher", str(teacher), "--teacher-layers", "1,2", "--optimiser", "muon", "--output", str(tmp_path / "out"),
        "--steps", "75", "--batch", "4", "--crop-seconds", "0.64", "--pool", "32", "--save-every", "25", "--json",
    ]  # fmt: skip
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report["losses"]) == {"imitate", "distill"}
    rows = (tmp_path / "out" / "loss.csv").read_text(encoding="utf-8").splitlines()
    first, last = (dict(zip(rows[0].split(","), row.split(","), strict=True)) for row in (rows[1], rows[-1]))
    assert float(last["imitate"]) < 0.95 * float(first["imitate"])
    encoder = encoder_named(str(tmp_path / "out"))
    assert encoder.settings["layers"] == "1,2"
    assert encoder.dim == 2 * 2 * 64
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "2 transformer layers of 64; begun from `bundled`" in card
    assert "(teacher: `teacher, layers 1,2`)" in card


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"objective": "imitate", "teacher": "no.pth"}, "needs an encoder"),
        ({"objective": "imitate"}, "needs a teacher"),
        ({"shape": "large"}, "layers x width"),
        ({"shape": "3x100"}, "multiple of 64"),
        ({"optimiser": "sgd"}, "adamw or muon"),
    ],
)
def test_bad_settings_are_refused(changed: dict[str, Any], reason: str) -> None:
    settings = PretrainSettings(**{"objective": "descriptors", **changed})
    with pytest.raises(EncoderError, match=reason):
        _ = settings.objectives, settings.layers_and_width
