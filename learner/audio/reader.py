"""What every open audio file offers, whichever library reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from db.errors import AudioError
from learner.arrays import Waveform
from learner.audio.address import is_address
from learner.audio.levels import Levels

END_TOLERANCE = 0.1
"""Seconds by which a span may reach past the end (manifests round), and a lossy file fall short of its stated length."""


class AudioMissing(AudioError):  # noqa: N818 (names what the audio is, as in "except AudioMissing")
    """The file is not there or may not be read; it may come back, so the clip is not broken."""


@dataclass(frozen=True)
class AudioInfo:
    """What the header states: sampling rate in Hz, channels, frames (samples per channel) and duration in seconds."""

    sampling_rate: int
    channels: int
    frames: int

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.frames / self.sampling_rate


@dataclass(frozen=True)
class Validated(AudioInfo):
    """The same, of audio that was decoded."""

    levels: Levels
    others: tuple[str, ...] = ()
    """Sentences on what is no matter of levels."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what somebody should know of it though it can be used."""
        return (*self.others, *self.levels.remarks())


class Reader(Protocol):
    """An open file of either kind."""

    info: AudioInfo
    lossy: bool

    def remarks(self) -> tuple[str, ...]:
        """Sentences on what is wrong with the file though it can be read; it looks at more of the file than decoding does.

        Raises:
            AudioError: what is wrong is reason enough not to take the file.
        """

    def blocks(self, first: int, last: int) -> Iterator[Waveform]:
        """Blocks of shape [n, channels] that hold the frames first..last-1; may end early, and may be called again."""


def shown(path: str | os.PathLike[str]) -> str:
    """A path as it may stand in a one-line message: control and direction marks and undecodable bytes are escaped.

    Of an address only its last part is shown: messages go to browsers, which shall not learn where the audio lies.
    """
    text = os.fspath(path)
    if is_address(text):
        text = text.partition("::")[0].rstrip("/").rpartition("/")[2]
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text) + "'"
