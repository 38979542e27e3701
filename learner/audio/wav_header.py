"""The header of a WAV file, and what to do where the recorder never finished it.

A recorder writes a header before it knows how much will follow, and comes back at the end to fill in the sizes. One that lost its
power or wrote to a pipe leaves 0 there, which libsndfile takes for a file without samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from learner.audio.spliced import Spliced, Window

_EXTENSIBLE = 0xFFFE
_UNKNOWN = b"\xff\xff\xff\xff"
"""The size that stands for all that follows."""
_MOST_CHUNKS = 1000
_MOST_BYTES = 1 << 20
"""A header is longer only if somebody means harm."""


@dataclass(frozen=True)
class WavHeader:
    """What the chunks before the samples state."""

    codec: int | None = None
    """Tag of the codec; None if the header ends before it."""
    data_at: int | None = None
    """Offset of the first byte of the samples; None if the header ends before it."""
    stated: int = 0
    """Bytes of samples."""

    @property
    def complete(self) -> bool:
        """Whether it says how the samples are coded and where they begin."""
        return self.codec is not None and self.data_at is not None


def is_wav(head: bytes) -> bool:
    """Whether a file that starts with these bytes (12 at least) is a WAV file."""
    return head.startswith(b"RIFF") and head[8:12] == b"WAVE"


def wav_header(file: BinaryIO) -> WavHeader:
    """Read the chunks of a WAV file up to its samples."""
    window, at, codec = Window(file), 12, None
    for _ in range(_MOST_CHUNKS):
        chunk = window.at(at, 8)
        if len(chunk) < 8:
            break
        kind, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        if kind == b"data":
            return WavHeader(codec, at + 8, size)
        if kind == b"fmt ":
            codec = _codec(window.at(at + 8, 40))
        at += 8 + size + size % 2
    return WavHeader(codec)


def _codec(fmt: bytes) -> int | None:
    if len(fmt) < 16:
        return None
    tag = int.from_bytes(fmt[:2], "little")
    return int.from_bytes(fmt[24:26], "little") if tag == _EXTENSIBLE and len(fmt) >= 26 else tag


def finished(file: BinaryIO) -> Spliced | None:
    """A WAV file that states no samples though samples follow, with a header that says "all that follows"; None for any other."""
    header, window = wav_header(file), Window(file)
    at = header.data_at
    if header.codec is None or at is None or header.stated or at > _MOST_BYTES or at >= window.size:
        return None
    if _are_chunks(window, at):
        return None
    head = b"".join(window.at(start, min(4096, at - start)) for start in range(0, at, 4096))
    return Spliced(file, head=head[:4] + _UNKNOWN + head[8:-4] + _UNKNOWN, offset=at)


def _are_chunks(window: Window, at: int) -> bool:
    """Whether chunks (titles, markers) fill the file from here to its end."""
    for _ in range(_MOST_CHUNKS):
        chunk = window.at(at, 8)
        if len(chunk) < 8 or not all(0x20 <= byte < 0x7F for byte in chunk[:4]):
            return False
        size = int.from_bytes(chunk[4:], "little")
        at += 8 + size + size % 2
        if at >= window.size:
            return at - window.size <= 1
    return False
