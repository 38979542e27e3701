"""Frames of sound and tokens of text for the attention network, made on demand and bounded in memory and on the disk.

Frames lie in a temporary file, which the operating system removes with the process; its size is bounded by averaging more frames
in time. Tokens are made once for each text that occurs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Protocol, cast

import numpy as np

from db.errors import EncoderError, FeatureError
from learner.arrays import Float16Array, Float32Array, Int64Array, Waveform
from learner.audio.decoding import audio_info, decode
from learner.corpora.clips import ProbeClip
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from learner.progress import Progress
from learner.text_encoders.encoder import TextEncoder

MOST_SECONDS = 10.0
"""The rest of a longer clip is left out, as in paper 2."""
FRAMES_A_SECOND = 12.5
"""A syllable has two or three of these; encoders give fifty, of which four are averaged."""
FEWEST_FRAMES = 8
"""Of a clip, where the disk or the bound allows no more."""
MOST_TOKENS = 100
"""Of a clip's text."""
MOST_BYTES = 2 << 30
"""Of frames of all clips, on the disk; of tokens of all texts, in memory."""


@dataclass(frozen=True)
class Sequences:
    """Frames and tokens of clips."""

    _frames: Float16Array
    _starts: Int64Array
    _tokens: list[Float16Array]
    _text_of: Int64Array

    def frames(self, row: int) -> Float32Array:
        """[frames, width] of a clip."""
        return np.array(self._frames[self._starts[row] : self._starts[row + 1]], dtype=np.float32)

    def tokens(self, row: int) -> Float32Array:
        """[tokens, width] of a clip; [0, width] without words."""
        return np.array(self._tokens[self._text_of[row]], dtype=np.float32)


class FrameEncoder(Protocol):
    """An encoder whose frames can be had one by one."""

    @property
    def sampling_rate(self) -> int:
        """Hz of the waveforms it takes."""

    @property
    def frame_spacing(self) -> tuple[float, int] | None:
        """Centre of the first frame and distance of frames, in samples."""

    def frames(self, waveforms: Sequence[Waveform]) -> Float32Array:
        """[n, frames, width] of waveforms of equal length."""


def has_frames(encoder: Encoder) -> bool:
    """Whether its frames follow each other in time and can be had one by one."""
    return hasattr(encoder, "frames") and getattr(encoder, "frame_spacing", None) is not None


@contextmanager
def sequences_of(
    clips: Sequence[ProbeClip], *, encoder: str, text_encoder: TextEncoder, progress: Progress
) -> Iterator[Sequences]:
    """The sequences of these clips, whose audio can be read.

    Args:
        progress: called with clips done and to do.

    Raises:
        EncoderError: the encoder cannot be loaded, or gives no frames in time.
        FeatureError: there is no room for the frames, or there are too many clips for the bound.
    """
    model = encoder_named(encoder)
    if not has_frames(model):
        raise EncoderError(f"Encoder {encoder!r} gives no frames in time; the attention network needs one such as bundled.")
    tokens, text_of = _tokens(clips, text_encoder)
    with tempfile.TemporaryFile(prefix="earmark-frames-") as file:
        try:
            starts, width = _write_frames(clips, cast(FrameEncoder, model), file, progress)
            file.flush()
        except OSError as error:
            raise FeatureError(
                f"There is no room for the frames of {len(clips)} clips in {tempfile.gettempdir()} ({error.strerror}); "
                "make room, name another folder in TMPDIR, or use --without-attention."
            ) from error
        frames = np.memmap(file, dtype=np.float16, mode="r", shape=(int(starts[-1]), width))
        yield Sequences(frames, starts, tokens, text_of)


def frames_of_a_clip(clips: int, *, width: int, most_bytes: int = MOST_BYTES) -> int:
    """How many frames a clip may have.

    Raises:
        FeatureError: fewer than `FEWEST_FRAMES`.
    """
    found = min(int(MOST_SECONDS * FRAMES_A_SECOND), most_bytes // (2 * width * clips))
    if found < FEWEST_FRAMES:
        raise FeatureError(
            f"The frames of {clips} clips need more than {most_bytes >> 20} MB; give fewer clips, or use --without-attention."
        )
    return found


def _write_frames(clips: Sequence[ProbeClip], model: FrameEncoder, file: IO[bytes], progress: Progress) -> tuple[Int64Array, int]:
    """Where the frames of each clip begin, [n + 1], and their width."""
    spacing = model.frame_spacing
    assert spacing is not None
    block = max(round(model.sampling_rate / spacing[1] / FRAMES_A_SECOND), 1)
    starts, most, width = [0], 0, 0
    for done, clip in enumerate(clips, start=1):
        found = model.frames([_samples(clip, model.sampling_rate)])[0]
        width = found.shape[1]
        most = most or frames_of_a_clip(len(clips), width=width)
        # A vector that is not finite would make every weight NaN.
        means = np.nan_to_num(_averaged(found, block, most), nan=0.0, posinf=6e4, neginf=-6e4)
        file.write(np.ascontiguousarray(np.clip(means, -6e4, 6e4), dtype=np.float16).tobytes())
        starts.append(starts[-1] + len(means))
        progress(done, len(clips))
    return np.array(starts, dtype=np.int64), width


def _samples(clip: ProbeClip, rate: int) -> Waveform:
    """Its first seconds, at most `MOST_SECONDS`."""
    whole = audio_info(clip.path).duration if clip.end is None else clip.end
    end = clip.start + MOST_SECONDS
    return decode(clip.path, start=clip.start, end=end if end < whole else clip.end, sampling_rate=rate)


def _averaged(frames: Float32Array, block: int, most: int) -> Float32Array:
    """Means of so many frames each, of more where there would be over `most` of them."""
    block = max(block, -(-len(frames) // most))
    cuts = np.arange(0, len(frames), block)
    sizes = np.diff(np.append(cuts, len(frames))).astype(np.float32)
    return np.asarray(np.add.reduceat(frames, cuts, axis=0) / sizes[:, None], dtype=np.float32)


def _tokens(clips: Sequence[ProbeClip], encoder: TextEncoder) -> tuple[list[Float16Array], Int64Array]:
    texts = {text: number for number, text in enumerate(dict.fromkeys(clip.transcript or "" for clip in clips))}
    most = min(MOST_TOKENS, max(MOST_BYTES // (2 * encoder.dim * len(texts)), 1))
    found, names = [], list(texts)
    for start in range(0, len(names), 64):
        found += [part.astype(np.float16) for part in encoder.tokens(names[start : start + 64], most=most)]
    return found, np.array([texts[clip.transcript or ""] for clip in clips], dtype=np.int64)
