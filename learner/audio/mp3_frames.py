"""MP3 files frame by frame: how long one really is, where it does not say so or says it wrongly.

libsndfile takes the length from the Xing frame that most encoders put first. Without one it estimates the length from the bit
rate of the first frame; what lies beyond an estimate that is too short is never decoded. So the frames are counted here, and
libsndfile gets a Xing frame that states their number.

After ISO 11172-3 and 13818-3 (frame headers) and the Xing frame as LAME writes it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

from learner.audio.spliced import Spliced, Window

_KILOBITS = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Bit rates of layer III by index from 1 on, for MPEG-1 and for the versions 2 and 2.5."""
_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Sampling rates by the version's bits and by index."""
_SYNC = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]")
_XING_BYTES = 160
"""A Xing frame that libsndfile takes has room for the tag of LAME, and so at least this many bytes after its header."""
_MOST_JUNK = 4 << 20
"""Bytes between frames that are searched for the next frame."""
_MOST_KNOWN = 256
"""Files whose frames are remembered: a long one may hold a thousand clips."""
_SLACK = 4
"""Frames by which a statement may be wrong: encoders count differently, and lossy files may fall short by 0.1 s."""


def _lengths() -> dict[int, int]:
    """Bytes of a frame by the second and third byte of its header, without the bits that do not matter."""
    found = {}
    for version, rates in _RATES.items():
        for bits, kilobits in enumerate(_KILOBITS[version == 3], start=1):
            for index, rate in enumerate(rates):
                for padding in (0, 1):
                    key = (0xE2 | version << 3) << 8 | bits << 4 | index << 2 | padding << 1
                    found[key] = (144 if version == 3 else 72) * kilobits * 1000 // rate + padding
    return found


_LENGTHS = _lengths()
_KEY = 0xFEFE
"""Leaves out the bits for protection and for private use."""
_STREAM = 0xFE0C
"""Version, layer and sampling rate, which do not change within a stream."""


@dataclass(frozen=True)
class CountedFrames:
    """What an MP3 file holds."""

    frames: int
    samples_per_frame: int
    stated: int
    """Frames that its Xing frame states; 0 if it states none."""
    incomplete: bool
    """Whether the last frame lacks its end."""
    first: int
    """Offset of the first frame that holds audio."""
    header: bytes
    """Of that frame, four bytes."""

    @property
    def cut_short(self) -> bool:
        """Whether frames are missing that are stated."""
        return self.stated > 0 and self.frames < self.stated - _SLACK

    def differs_from(self, samples: int) -> bool:
        """Whether a length in samples is another one. What encoders add at both ends may be left out of a stated length."""
        slack = _SLACK if self.stated else 1
        return abs(samples - self.frames * self.samples_per_frame) > slack * self.samples_per_frame

    def spliced(self, file: BinaryIO) -> Spliced:
        """The file with a Xing frame that states what it holds."""
        size = os.fstat(file.fileno()).st_size - self.first
        return Spliced(file, head=_xing_frame(self.header, frames=self.frames, audio_bytes=size), offset=self.first)


_known: dict[tuple[int, int, int, int], CountedFrames | None] = {}


def counted_frames(file: BinaryIO) -> CountedFrames | None:
    """Count the frames, by their headers, unless the file states its length and the statement agrees with its size.

    Returns:
        None if the statement can be trusted, or if this is not an MP3 stream of layer III with stated bit rates.
    """
    status = os.fstat(file.fileno())
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    try:
        return _known[key]
    except KeyError:
        found = _counted(file)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[key] = found
    return found


def _counted(file: BinaryIO) -> CountedFrames | None:
    window = Window(file)
    first = _first_frame(window)
    if first is None:
        return None
    header = window.at(first, 4)
    length = _length(header)
    stated, stated_bytes, has_tag = _stated(window, first, header)
    # An ID3v1 tag of 128 bytes may follow the stream.
    if stated and 0 <= window.size - first - stated_bytes <= 512:
        return None
    if has_tag:
        first += length
    frames, incomplete = _walked(window, first, header)
    samples = 1152 if header[1] & 0x08 else 576
    return CountedFrames(frames, samples, stated, incomplete, first, header) if frames else None


def _length(header: bytes) -> int:
    """Bytes of the frame with this header; 0 if it is none."""
    if len(header) < 4 or header[0] != 0xFF:
        return 0
    return _LENGTHS.get((header[1] << 8 | header[2]) & _KEY, 0)


def _stream(header: bytes) -> int:
    return (header[1] << 8 | header[2]) & _STREAM


def _first_frame(window: Window) -> int | None:
    """Offset of the first frame after the ID3 tags: one that others follow, since two bytes of anything can look like one."""
    at = _after_tag(window, 0)
    end = min(window.size, at + _MOST_JUNK)
    while (found := _next_sync(window, at, end=end)) is not None:
        at = found
        header, place = window.at(at, 4), at
        for _ in range(3):
            place += _length(window.at(place, 4)) or window.size
            following = window.at(place, 4)
            if not _length(following) or _stream(following) != _stream(header):
                break
        else:
            return at
        if place == window.size:
            return at
        at += 1
    return None


def _walked(window: Window, first: int, header: bytes) -> tuple[int, bool]:
    """How many complete frames of the stream there are from `first` on, and whether the last one lacks its end."""
    at, frames, junk, stream = first, 0, 0, _stream(header)
    while at + 4 <= window.size:
        header = window.at(at, 4)
        length = _length(header)
        if length and _stream(header) == stream:
            if at + length > window.size:
                return frames, True
            at, frames = at + length, frames + 1
            continue
        found = _resynced(window, at, stream, end=min(window.size, at + _MOST_JUNK - junk))
        if found is None:
            break
        junk += found - at
        at = found
    return frames, False


def _resynced(window: Window, at: int, stream: int, *, end: int) -> int | None:
    """The next frame that another one follows, after a tag or a damaged place; None if there is none before `end`."""
    start = _after_tag(window, at)
    found: int | None = start if start > at else at + 1
    while found is not None and (found := _next_sync(window, found, end=max(end, start))) is not None:
        header = window.at(found, 4)
        following = window.at(found + _length(header), 4)
        if _stream(header) == stream and _length(following) and _stream(following) == stream:
            return found
        found += 1
    return None


def _next_sync(window: Window, at: int, *, end: int) -> int | None:
    while at < end:
        match = _SYNC.search(window.at(at, 4096))
        if match is not None and at + match.start() < end:
            if _length(window.at(at + match.start(), 4)):
                return at + match.start()
            at += match.start() + 1
        else:
            at += 4094
    return None


def _after_tag(window: Window, at: int) -> int:
    """Where an ID3v2 tag (or several) that begins here ends."""
    while (tag := window.at(at, 10)).startswith(b"ID3") and len(tag) == 10:
        size = (tag[6] & 0x7F) << 21 | (tag[7] & 0x7F) << 14 | (tag[8] & 0x7F) << 7 | tag[9] & 0x7F
        at += 10 + size + (10 if tag[5] & 0x10 else 0)
    return at


def _side_information(header: bytes) -> int:
    """Bytes between the header and the audio of a frame."""
    mono = header[3] >> 6 == 3
    if header[1] & 0x08:
        return 17 if mono else 32
    return 9 if mono else 17


def _stated(window: Window, first: int, header: bytes) -> tuple[int, int, bool]:
    """Frames and bytes of the stream as its first frame states them (0 for what it does not), and whether it is such a frame."""
    start = 4 + _side_information(header)
    frame = window.at(first, 256)
    for tag_at in (start, start + 2):
        if frame[tag_at : tag_at + 4] in (b"Xing", b"Info"):
            flags = int.from_bytes(frame[tag_at + 4 : tag_at + 8])
            frames = int.from_bytes(frame[tag_at + 8 : tag_at + 12]) if flags & 1 else 0
            place = tag_at + (12 if flags & 1 else 8)
            return frames, int.from_bytes(frame[place : place + 4]) if flags & 2 else 0, True
    if frame[36:40] == b"VBRI":
        # Fraunhofer's frame has the same numbers. libsndfile does not read it, so it is always replaced.
        return int.from_bytes(frame[50:54]), 0, True
    return 0, 0, False


def _xing_frame(header: bytes, *, frames: int, audio_bytes: int) -> bytes:
    """A Xing frame for a stream whose frames have this header: with the smallest bit rate that leaves room for it."""
    bits = next(
        bits
        for bits in range(1, 15)
        if _length(bytes([0xFF, header[1], bits << 4 | header[2] & 0x0C, 0])) >= 4 + _side_information(header) + _XING_BYTES
    )
    # Without a checksum, whose two bytes would stand before the side information.
    start = bytes([0xFF, header[1] | 0x01, bits << 4 | header[2] & 0x0C, header[3]])
    length = _length(start)
    tag = b"Xing" + (3).to_bytes(4) + frames.to_bytes(4) + (audio_bytes + length).to_bytes(4)
    return (start + bytes(_side_information(header)) + tag).ljust(length, b"\0")
