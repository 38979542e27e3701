"""What an encoder is trained on: crops, their distortions, and their hand-made and teacher's targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from db.errors import EncoderError
from db.store.files import Part
from learner.encoder_training.augment import distorted, levelled
from learner.encoder_training.crops import Cropper, speech_files
from learner.encoder_training.pretraining.crop_sets import CropSets, Recipe
from learner.encoder_training.pretraining.descriptors import BANDS, Descriptors
from learner.encoder_training.pretraining.targets import TeacherChoice
from learner.encoder_training.pretraining.teacher import Teacher, _network
from tests.learner.audio_files import RATE, noise, tone, written

PITCH, VOICING, LEVEL = range(BANDS, BANDS + 3)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Some files that can be cropped, and some that cannot."""
    folder = tmp_path / "speech"
    (folder / "inner").mkdir(parents=True)
    written(folder / "tone.wav", tone(180, 2.0) * 0.3)
    written(folder / "inner" / "noise.flac", noise(3.0))
    written(folder / "short.wav", noise(0.1))
    (folder / "broken.wav").write_bytes(b"RIFF no more")
    (folder / "notes.txt").write_text("not audio", encoding="utf-8")
    return folder


@pytest.mark.parametrize("hertz", [90, 150, 220, 400])
def test_the_pitch_of_a_tone_is_found(hertz: int) -> None:
    # Two harmonics: a pure tone has no pitch below its own to be mistaken for.
    voice = tone(hertz, 1.0) * 0.3 + tone(2 * hertz, 1.0) * 0.2
    frames = Descriptors().frames(torch.from_numpy(voice)[None])[0, 5:-5]
    np.testing.assert_allclose(100 * 2 ** frames[:, PITCH].numpy(), hertz, rtol=0.03)
    assert float(frames[:, VOICING].min()) > 0.8


def test_noise_is_unvoiced_and_a_louder_copy_differs_in_level_only() -> None:
    both = torch.from_numpy(np.stack([noise(1.0), noise(1.0) * 2]))
    frames = Descriptors().frames(both)[:, 5:-5]
    assert float((frames[..., PITCH] != 0).float().mean()) < 0.1
    np.testing.assert_allclose((frames[1] - frames[0])[:, LEVEL].numpy(), np.log(4), atol=1e-3)
    np.testing.assert_allclose(frames[1, :, PITCH].numpy(), frames[0, :, PITCH].numpy(), atol=1e-5)


def test_clip_descriptors_are_numbers_whatever_the_clip() -> None:
    clips = np.stack([np.zeros(RATE, np.float32), noise(1.0), tone(120, 1.0), noise(1.0, level=1e-7)])
    described = Descriptors()
    found = described.clips(described.frames(torch.from_numpy(clips)))
    assert torch.isfinite(found).all()
    assert found.shape[0] == 4
    assert len({tuple(row) for row in found.tolist()}) == 4


def test_distortions_keep_the_length_and_repeat_with_the_seed() -> None:
    source = tone(200, 4.0) * 0.2 + noise(4.0, level=0.01)
    crops = [distorted(source, RATE, np.random.default_rng(seed)) for seed in (*range(20), 0)]
    assert all(len(crop) == RATE and crop.dtype == np.float32 and np.isfinite(crop).all() for crop in crops)
    assert max(float(np.abs(crop).max()) for crop in crops) <= 1.0
    np.testing.assert_array_equal(crops[0], crops[-1])
    assert not np.allclose(crops[0], crops[1])


def test_levels_vary_around_those_of_recordings() -> None:
    crop = noise(1.0)
    levels = [float(np.std(levelled(crop, np.random.default_rng(seed)))) for seed in range(200)]
    assert 0.03 < float(np.median(levels)) < 0.05
    assert max(levels) > 3 * min(levels)


def test_speech_is_searched_in_folders_and_unreadable_files_are_skipped(speech: Path) -> None:
    assert [Path(file.path).name for file in speech_files([speech])] == ["noise.flac", "tone.wav"]
    with pytest.raises(EncoderError, match="no audio file"):
        speech_files([speech / "nowhere"])


def test_crops_of_files_shorter_than_a_crop_are_filled(speech: Path) -> None:
    cropper = Cropper(speech_files([speech]), 4 * RATE, 0.5)
    crops = [cropper.crop(np.random.default_rng(seed)) for seed in range(6)]
    assert all(len(crop) == 4 * RATE and float(crop[-RATE:].std()) > 1e-4 for crop in crops)


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """Random weights in the shape of BYOL-S."""
    torch.manual_seed(0)
    path = tmp_path / "teacher.pth"
    torch.save(_network().state_dict(), path)
    return path


def test_a_teacher_embeds_and_a_wrong_file_is_refused(teacher: Path, tmp_path: Path) -> None:
    embedded = Teacher(teacher).embeddings(torch.from_numpy(np.stack([noise(1.0), tone(200, 1.0)])), mean=-5.0, scale=4.0)
    assert embedded.shape == (2, 512)
    assert not torch.allclose(embedded[0], embedded[1])
    wrong = tmp_path / "wrong.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, wrong)
    for path in (wrong, tmp_path / "missing.pth"):
        with pytest.raises(EncoderError, match="cannot be loaded"):
            Teacher(path)


@pytest.mark.usefixtures("without_a_process")
def test_a_crop_set_is_the_same_each_time_and_its_targets_are_standardised(speech: Path, teacher: Path, tmp_path: Path) -> None:
    recipe = Recipe(Cropper(speech_files([speech]), RATE, 0.5), 32, 7, TeacherChoice(byols=teacher))
    made = []
    for place in ("one", "two"):
        crop_sets = CropSets(tmp_path / place, recipe)
        crop_sets.statistics()
        made.append(crop_sets.get(3).batch(np.arange(32)))
        assert not (tmp_path / place / "pool-000002").exists()
        crop_sets.close()
    assert sorted(made[0]) == ["descriptors", "frames", "teacher", "waveforms"]
    for name, values in made[0].items():
        np.testing.assert_array_equal(values, made[1][name])
        assert np.isfinite(values).all()
    assert float(np.abs(made[0]["descriptors"]).max()) <= 5
    assert abs(float(made[0]["frames"].mean())) < 0.5


def test_a_crop_set_that_a_killed_training_left_half_made_is_removed(speech: Path, tmp_path: Path) -> None:
    left = Part(tmp_path / "training")
    (left.path / "inner").mkdir(parents=True)
    crop_sets = CropSets(tmp_path / "training", Recipe(Cropper(speech_files([speech]), RATE, 0.5), 32, 7, TeacherChoice()))
    crop_sets.close()
    assert list((tmp_path / "training").iterdir()) == []
