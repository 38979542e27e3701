"""Other voices: all clips of a speaker change alike, and what is frozen stays what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learner.corpora.clips import ProbeClip
from learner.encoder_training.augment import as_another_voice
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.finetuning.training.clip_frames import ClipFrames
from learner.progress import unseen
from tests.learner.audio_files import RATE, noise, tone


def test_a_voice_has_its_own_pitch_and_keeps_the_loudness() -> None:
    clips = [tone(hertz, 1.0) * level for hertz, level in ((200, 0.2), (300, 0.05))]
    voices = [as_another_voice(clip, [1, 7]) for clip in clips]
    ratios = [pitch(voice) / hertz for voice, hertz in zip(voices, (200, 300), strict=True)]
    assert 0.75 < ratios[0] < 1.35
    # One speaker: both clips are changed by the same factor.
    assert ratios[0] == pytest.approx(ratios[1], rel=0.05)
    for voice, clip in zip(voices, clips, strict=True):
        assert np.sqrt(np.mean(voice**2)) == pytest.approx(np.sqrt(np.mean(clip**2)), rel=1e-3)
    assert not np.array_equal(as_another_voice(clips[0], [2, 7]), voices[0])


def pitch(clip: np.ndarray) -> float:
    """The strongest frequency."""
    return float(np.abs(np.fft.rfft(clip)).argmax() * RATE / len(clip))


def test_silence_and_the_shortest_clip_have_voices() -> None:
    for clip in (np.zeros(400, np.float32), noise(0.025)):
        assert np.isfinite(as_another_voice(clip, [1, 2])).all()


def test_frames_in_the_own_voice_are_those_of_the_clip(tiny: Path, clips: list[ProbeClip]) -> None:
    frames = ClipFrames(clips, find_checkpoint(str(tiny)), device="cpu")
    frames.read(progress=unseen)
    assert np.array_equal(frames.in_voice(2, 0), frames[2])
    assert np.array_equal(frames.in_voice(2, 1), frames.in_voice(2, 1))
    assert frames.in_voice(2, 1).shape != frames[2].shape or not np.array_equal(frames.in_voice(2, 1), frames[2])
