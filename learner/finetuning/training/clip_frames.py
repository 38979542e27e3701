"""The frames of clips behind the convolutions, which stay frozen in every recipe: computed once, and kept while memory allows."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.errors import AudioError, LabelError
from learner.arrays import Float16Array
from learner.audio.decoding import audio_info, decode
from learner.corpora.clips import LeftOut, ProbeClip
from learner.encoder_training.augment import as_another_voice
from learner.encoder_training.frames.convolutions import FrozenConvolutions
from learner.encoders.wav2vec2.checkpoints import Checkpoint
from learner.progress import Progress

MOST_BYTES = 2**30
"""Of frames in memory: about six hours of audio with 512 channels. Those of further clips are computed when they are needed."""
OWN_VOICE = 0
MOST_SECONDS = 30.0
"""Clips are cut there before the recipe cuts them at random places: memory does not grow with the length of a file."""


class ClipFrames:
    """Frames [frames, channels] of each clip, float16; clips are computed unpadded, since group norm lets padding change them."""

    def __init__(self, clips: Sequence[ProbeClip], checkpoint: Checkpoint, *, device: str) -> None:
        """Loads the convolutions.

        Raises:
            EncoderError: the checkpoint cannot be loaded.
        """
        self._clips, self._checkpoint = list(clips), checkpoint
        self._convolutions = FrozenConvolutions(checkpoint, device=device)
        self._convolutions.load()
        self._kept: dict[tuple[int, int], Float16Array] = {}
        self._bytes = 0
        self.lengths: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def read(self, *, progress: Progress) -> tuple[list[ProbeClip], list[LeftOut]]:
        """Compute the frames of all clips; rows are then those of the clips that could be, which are returned.

        Raises:
            LabelError: there is none.
        """
        usable: list[ProbeClip] = []
        left_out: list[LeftOut] = []
        lengths: list[int] = []
        for number, clip in enumerate(self._clips):
            try:
                frames = self._computed(clip)
            except AudioError as error:
                left_out.append(LeftOut(clip.file_name, str(error)))
            else:
                self._keep((len(usable), OWN_VOICE), frames)
                usable.append(clip)
                lengths.append(len(frames))
            progress(number + 1, len(self._clips))
        if not usable:
            raise LabelError("There is no labelled clip whose audio can be read; see the clips that were left out.")
        self._clips, self.lengths = usable, np.array(lengths, dtype=np.int64)
        return usable, left_out

    def __getitem__(self, row: int) -> Float16Array:
        """The frames of one clip."""
        return self.in_voice(row, OWN_VOICE)

    def in_voice(self, row: int, voice: int) -> Float16Array:
        """The frames of one clip in one of the voices that its speaker is given; `OWN_VOICE` is the clip as it is."""
        known = self._kept.get((row, voice))
        if known is not None:
            return known
        frames = self._computed(self._clips[row], voice)
        self._keep((row, voice), frames)
        return frames

    def _keep(self, key: tuple[int, int], frames: Float16Array) -> None:
        if self._bytes + frames.nbytes <= MOST_BYTES:
            self._kept[key] = frames
            self._bytes += frames.nbytes

    def _computed(self, clip: ProbeClip, voice: int = OWN_VOICE) -> Float16Array:
        rate = self._checkpoint.sampling_rate
        end = clip.start + MOST_SECONDS if clip.end is None else min(clip.end, clip.start + MOST_SECONDS)
        samples = _decoded(clip, end, rate)
        if voice != OWN_VOICE:
            samples = as_another_voice(samples, [voice, zlib.crc32((clip.speaker or clip.path).encode("utf-8", "surrogatepass"))])
        frames = self._convolutions.frames(self._convolutions.gained(samples))
        if not np.isfinite(frames).all():
            raise AudioError(f"{clip.path} gives frames that are not numbers.")
        return frames


def _decoded(clip: ProbeClip, end: float, rate: int) -> NDArray[np.float32]:
    if clip.end is None:
        duration = audio_info(clip.path).duration
        return decode(clip.path, start=clip.start, end=None if duration <= end else end, sampling_rate=rate)
    return decode(clip.path, start=clip.start, end=end, sampling_rate=rate)
