"""Pictures of clips: what they show, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from db.errors import AudioError
from db.project import OpenProject
from db.records.clips import clip_audio
from labeler.app.media import pictures
from labeler.app.media.pictures import COLUMNS, MEL_ROWS, RATE, WAVE_ROWS, Pictures, draw
from learner.arrays import Float32Array
from tests.learner.audio_files import import_files, noise, tone, written


def drawn(samples: Float32Array) -> Image.Image:
    return draw(iter([samples]), samples=len(samples))


def brightness(image: Image.Image) -> NDArray[np.float64]:
    """The spectrogram's rows and columns as grey levels."""
    return np.asarray(image.convert("L"), np.float64)[WAVE_ROWS:]


def test_size_does_not_depend_on_the_clip() -> None:
    for seconds in (0.03, 1.0, 30.0):
        assert drawn(noise(seconds)).size == (COLUMNS, WAVE_ROWS + MEL_ROWS)


def test_a_higher_tone_is_drawn_higher() -> None:
    low, high = (int(brightness(drawn(tone(hertz, 1.0))).mean(axis=1).argmax()) for hertz in (300.0, 3000.0))
    assert high < low - MEL_ROWS / 4


def test_sound_is_drawn_at_its_place_in_time() -> None:
    samples = np.concatenate([np.zeros(RATE, np.float32), tone(1000, 1.0)])
    columns = brightness(drawn(samples)).mean(axis=0)
    assert columns[: COLUMNS // 2 - 30].max() < columns[COLUMNS // 2 + 30 : -30].min()


def test_silence_is_dark() -> None:
    assert brightness(drawn(np.zeros(RATE, np.float32))).max() < 40


def test_the_waveform_has_a_transparent_background() -> None:
    alpha = np.asarray(drawn(tone(200, 1.0)).convert("RGBA"))[:, :, 3]
    assert alpha[WAVE_ROWS:].min() == 255
    assert alpha[WAVE_ROWS - 1].max() == 0


def test_blocks_of_any_length_give_the_same_picture() -> None:
    samples = noise(3.0)
    pieces = iter(np.array_split(samples, 17))
    assert draw(pieces, samples=len(samples)).tobytes() == drawn(samples).tobytes()


def test_memory_does_not_grow_with_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hours in blocks: only the samples of a few columns are in memory at a time."""
    held: list[int] = []
    take = pictures._Reblocked.take

    def watched(self: pictures._Reblocked, count: int) -> Float32Array:
        held.append(count)
        return take(self, count)

    def two_hours() -> Iterator[Float32Array]:
        for _ in range(72):
            yield np.zeros(100 * RATE, np.float32)

    monkeypatch.setattr(pictures._Reblocked, "take", watched)
    draw(two_hours(), samples=7200 * RATE)
    assert max(held) <= 1 << 20


def test_a_picture_is_made_once(project: OpenProject, tmp_path: Path) -> None:
    (clip_id,) = import_files(project, [written(tmp_path / "a.wav", noise(0.5))])
    with project.read() as session:
        clip = clip_audio(session, clip_id)
    pictures_of = Pictures(tmp_path / "pictures")
    path = pictures_of.picture(clip)
    first = path.read_bytes()
    Path(clip.path).unlink()
    assert pictures_of.picture(clip).read_bytes() == first


def test_broken_audio_has_no_picture(project: OpenProject, tmp_path: Path) -> None:
    (clip_id,) = import_files(project, [written(tmp_path / "a.wav", noise(0.5))])
    with project.read() as session:
        clip = clip_audio(session, clip_id)
    Path(clip.path).write_bytes(b"not audio at all")
    with pytest.raises(AudioError):
        Pictures(tmp_path / "pictures").picture(clip)
    assert list((tmp_path / "pictures").iterdir()) == [], "nothing half-made is left behind"
