"""Files that libsndfile reads: WAV, FLAC, Ogg, Opus, MP3, AIFF."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import BinaryIO

import soundfile

from db.errors import AudioError
from learner.arrays import Waveform
from learner.audio.mp3_frames import counted_frames
from learner.audio.reader import AudioInfo, shown
from learner.audio.wav_header import finished, wav_header

_BLOCK_SAMPLES = 1 << 18
_UNKNOWN_FRAMES = 1 << 40
_LOSSY = frozenset({"MP3", "OGG"})
_STATED = re.compile(r"^\s*(data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE)
_MP3_PREROLL = 32 * 1152
"""Samples decoded before a span of an MP3 file. A frame may begin in the bytes of earlier ones: up to 255 bytes back, which is 24
frames at the lowest bit rate (8 kbit/s, 24 kHz)."""
_PAGE_BYTES = 65_307
"""The longest Ogg page."""


class SoundFileReader:
    """A file that libsndfile reads."""

    def __init__(
        self, file: soundfile.SoundFile, path: str | os.PathLike[str], *, last_page: int | None, remarks: tuple[str, ...]
    ) -> None:
        self._file, self._path, self._remarks = file, path, remarks
        self._last_page = last_page
        """Frames before the last page of an Ogg Vorbis file; None for any other."""
        self.info = AudioInfo(sampling_rate=file.samplerate, channels=file.channels, frames=file.frames)
        self.lossy = file.format in _LOSSY

    def remarks(self) -> tuple[str, ...]:
        """See `learner.audio.reader.Reader`."""
        return self._remarks

    def blocks(self, first: int, last: int) -> Iterator[Waveform]:
        """See `learner.audio.reader.Reader`."""
        size = max(_BLOCK_SAMPLES // self.info.channels, 1)
        at = self._before(first)
        try:
            if at != self._file.tell():
                self._file.seek(at)
            while at < last:
                block = self._file.read(min(size, last - at), dtype="float32", always_2d=True)
                if not len(block):
                    return
                wanted = block[max(first - at, 0) :]
                at += len(block)
                if len(wanted):
                    yield wanted
        except (soundfile.SoundFileError, OSError) as error:
            raise AudioError(
                f"{shown(self._path)} cannot be decoded after {max(first, at) / self.info.sampling_rate:.2f} s (damaged or cut "
                "short); copy it again."
            ) from error

    def _before(self, first: int) -> int:
        """Where decoding has to begin, so that the frames from `first` on are the same as when the whole is decoded."""
        if self._file.format == "MP3":
            return max(first - _MP3_PREROLL, 0)
        if self._last_page is not None and first >= self._last_page:
            # libvorbis takes the last page to be full, and so seeks to a wrong place in it.
            return max(self._last_page - 1, 0)
        return first


def open_sound_file(file: BinaryIO, path: str | os.PathLike[str]) -> SoundFileReader | None:
    """None if libsndfile cannot read the file, or not reliably (FLAC of unknown length).

    Raises:
        AudioError: it is cut short.
    """
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
    opened, remarks = _with_its_true_length(opened, file, path)
    last_page = None
    if opened.format == "OGG":
        tail = _ogg_tail(file)
        if _last_page_is_cut(tail):
            raise AudioError(f"{shown(path)} is cut short (its last Ogg page is incomplete); copy it again.")
        last_page = _frames_before_last_page(tail) if opened.subtype == "VORBIS" else None
    return SoundFileReader(opened, path, last_page=last_page, remarks=remarks)


def _with_its_true_length(
    opened: soundfile.SoundFile, file: BinaryIO, path: str | os.PathLike[str]
) -> tuple[soundfile.SoundFile, tuple[str, ...]]:
    """The file opened again with a right header where its own header is wrong, and what there is to say about it."""
    if opened.format == "WAV" and not opened.frames:
        if not wav_header(file).complete:
            raise AudioError(f"{shown(path)} is cut short (its header is incomplete); copy it again.")
        wav = finished(file)
        if wav is None:
            return opened, ()
        return soundfile.SoundFile(wav), (
            "Its header states 0 bytes of samples, so the recorder did not finish it; it is read to the end of the file.",
        )
    counted = counted_frames(file) if opened.format == "MP3" else None
    if counted is None:
        return opened, ()
    if counted.cut_short:
        raise AudioError(f"{shown(path)} is cut short ({counted.stated} frames stated, {counted.frames} there); copy it again.")
    remarks = ("Its last frame lacks its end, so the recording or the copy may have ended early.",) if counted.incomplete else ()
    if counted.differs_from(opened.frames):
        opened = soundfile.SoundFile(counted.spliced(file))
    return opened, remarks


def _ogg_tail(file: BinaryIO) -> bytes:
    """The last bytes of an Ogg file: its last two pages, whole."""
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), 2 * _PAGE_BYTES, max(size - 2 * _PAGE_BYTES, 0))


def _last_page_is_cut(tail: bytes) -> bool:
    # RFC 3533: a page is 27 bytes, a table of as many segment lengths as byte 26 holds, and the segments; 65,307 bytes at most.
    page = tail[tail.rfind(b"OggS") :]
    if not page.startswith(b"OggS"):
        return False
    table = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 or len(table) < page[26] or len(page) < 27 + len(table) + sum(table)


def _frames_before_last_page(tail: bytes) -> int:
    """Frames of an Ogg Vorbis file that end before its last page; 0 if no page before it is found."""
    place = tail.rfind(b"OggS")
    while (place := tail.rfind(b"OggS", 0, max(place, 0))) >= 0:
        position = int.from_bytes(tail[place + 6 : place + 14], "little", signed=True)
        if position >= 0:  # -1: no packet ends on that page
            return position
    return 0
