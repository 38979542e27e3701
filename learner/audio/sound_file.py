"""Files that libsndfile reads: WAV, FLAC, Ogg, Opus, MP3, AIFF."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

import soundfile

from db.errors import AudioError
from learner.arrays import Waveform
from learner.audio.reader import AudioInfo, shown

_BLOCK_SAMPLES = 1 << 18
_UNKNOWN_FRAMES = 1 << 40
_LOSSY = frozenset({"MP3", "OGG"})
_STATED = re.compile(r"^\s*(data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)


class SoundFileReader:
    """A file that libsndfile reads."""

    def __init__(self, file: soundfile.SoundFile, path: str | os.PathLike[str]) -> None:
        self._file, self._path = file, path
        self.info = AudioInfo(sampling_rate=file.samplerate, channels=file.channels, frames=file.frames)
        self.lossy = file.format in _LOSSY

    def blocks(self, first: int, last: int) -> Iterator[Waveform]:
        size = max(_BLOCK_SAMPLES // self.info.channels, 1)
        try:
            if first:
                self._file.seek(first)
            while first < last:
                block = self._file.read(min(size, last - first), dtype="float32", always_2d=True)
                if not len(block):
                    return
                first += len(block)
                yield block
        except (soundfile.SoundFileError, OSError) as error:
            raise AudioError(
                f"{shown(self._path)} cannot be decoded after {first / self.info.sampling_rate:.2f} s (damaged or cut short); "
                "copy it again."
            ) from error


def open_sound_file(file: BinaryIO, path: str | os.PathLike[str]) -> SoundFileReader | None:
    """None if libsndfile cannot read the file, or not reliably (FLAC of unknown length)."""
    try:
        opened = soundfile.SoundFile(file.fileno(), closefd=False)
    except (soundfile.SoundFileError, OSError, ValueError, TypeError):
        return None
    if opened.frames >= _UNKNOWN_FRAMES:
        return None
    for chunk, stated, there in _STATED.findall(opened.extra_info):
        # Recorders that write to a pipe state a placeholder near 2**31 or 2**32 (or 2**63): that is no truncation.
        if int(there) + 1024 < int(stated) < 0x7FFF0000:
            raise AudioError(f"{shown(path)} is cut short ({chunk.strip()} of {stated} bytes, {there} there); copy it again.")
    if opened.format == "OGG" and _last_page_is_cut(file):
        raise AudioError(f"{shown(path)} is cut short (its last Ogg page is incomplete); copy it again.")
    return SoundFileReader(opened, path)


def _last_page_is_cut(file: BinaryIO) -> bool:
    # RFC 3533: a page is 27 bytes, a table of as many segment lengths as byte 26 holds, and the segments; 65,307 bytes at most.
    size = os.fstat(file.fileno()).st_size
    tail = os.pread(file.fileno(), 65_536, max(size - 65_536, 0))
    page = tail[tail.rfind(b"OggS") :]
    if not page.startswith(b"OggS"):
        return False
    table = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 or len(table) < page[26] or len(page) < 27 + len(table) + sum(table)
