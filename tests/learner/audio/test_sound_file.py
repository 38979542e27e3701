"""What libsndfile needs help with besides headers: spans of Ogg Vorbis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learner.audio.decoding import decode
from tests.learner.audio_files import RATE, noise, tone, written


@pytest.mark.parametrize("start", [0.0, 0.5, 1.0, 4.0, 5.9, 6.0, 6.5, 7.0])
def test_a_span_of_ogg_vorbis_is_the_same_as_that_part_of_the_whole(tmp_path: Path, start: float) -> None:
    """libvorbis seeks 28 ms too far in the last page, which begins at 6.02 s here."""
    samples = np.concatenate([noise(3.0, level=0.001), noise(0.5, level=0.3), tone(250, 4.0)])
    path = written(tmp_path / "a.ogg", samples)
    whole = decode(path)
    part = decode(path, start=start, end=start + 0.5)
    np.testing.assert_allclose(part, whole[round(start * RATE) :][: RATE // 2], atol=1e-6)
