"""Containers that libsndfile cannot read (m4a, AAC, WebM, WMA, …), through the optional extra `av`.

FFmpeg never guesses the type of a file here: its playlists and scripts are text that can name other files and addresses, and a
renamed text file would be enough to open these. The first bytes decide, from a short list, and only that one demuxer is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np

from db.errors import AudioError
from learner.arrays import Float32Array
from learner.audio.matroska import what_is_missing
from learner.audio.other_files import HEAD_BYTES, what_it_is
from learner.audio.reader import AudioInfo, Reader, shown
from learner.audio.wav_header import is_wav, wav_header

_PREROLL = 0.25
"""Seconds decoded before a span, so that codecs with memory have settled."""


def container_of(head: bytes) -> tuple[str, str] | None:
    """FFmpeg demuxer and everyday name of the container that starts with these bytes (at least 16); None if unknown."""
    if head[4:8] == b"ftyp":
        return "mov", "m4a/MP4"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska", "WebM/Matroska"
    if head.startswith(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"):
        return "asf", "WMA"
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return "amr", "AMR"
    if head.startswith(b"fLaC"):
        return "flac", "FLAC of unknown length"
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "wav", "WAV with an uncommon codec"
    if head.startswith(b"OggS"):
        return "ogg", "Ogg with an uncommon codec"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac", "AAC"
    return None


def open_container(file: BinaryIO, path: str | os.PathLike[str]) -> Reader:
    """Open a file that libsndfile refused.

    Raises:
        AudioError: it is no audio file, it is damaged, or the extra is not installed.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    kind = container_of(head)
    if kind is None:
        raise AudioError(f"{shown(path)} {what_it_is(head)}.")
    if _is_cut_in_its_header(file, head):
        raise AudioError(f"{shown(path)} is cut short (its header is incomplete); copy it again.")
    demuxer, name = kind
    try:
        import av
    except ImportError as error:
        raise AudioError(f'{shown(path)} is {name}, which needs an extra; install it with pip install "earmark[av]".') from error
    try:
        container = av.open(file, mode="r", format=demuxer, metadata_errors="replace", options={"protocol_whitelist": "none"})
        if not container.streams.audio:
            raise AudioError(f"{shown(path)} holds no audio track; leave it out or convert it.")
        codec: Any = container.streams.audio[0].codec_context
        if codec is None:  # It is where FFmpeg has no decoder for the tag, whatever the types of `av` say.
            tag = f" {wav_header(file).codec:#06x}" if is_wav(head) else ""
            raise AudioError(f"{shown(path)} has an unknown codec{tag}; convert it to WAV or FLAC.")
        return _ContainerReader(container, file, path)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise AudioError(
            f"{shown(path)} cannot be read as {name} (damaged or cut short); copy it again or convert it to WAV or FLAC."
        ) from error


def _is_cut_in_its_header(file: BinaryIO, head: bytes) -> bool:
    if is_wav(head):
        return not wav_header(file).complete
    # The first block of a FLAC file has 34 bytes, after the 8 of its mark and its own head.
    return head.startswith(b"fLaC") and len(head) < 42


class _ContainerReader:
    """An open container; only its first audio stream is read."""

    lossy = True

    def __init__(self, container: Any, file: BinaryIO, path: str | os.PathLike[str]) -> None:
        self._container, self._file, self._path = container, file, path
        self._stream = container.streams.audio[0]
        self._time_base = Fraction(self._stream.time_base)
        self._origin = Fraction(self._stream.start_time or 0) * self._time_base
        rate = int(self._stream.codec_context.sample_rate or 0)
        if rate <= 0:
            raise ValueError("no sampling rate")
        self.info = AudioInfo(
            sampling_rate=rate, channels=int(self._stream.codec_context.channels), frames=round(self._length() * rate)
        )

    def _length(self) -> Fraction:
        """Seconds. Raw AAC only estimates them, and recordings of browsers state none: there packets are counted, not decoded."""
        stated = self._stream.duration
        if stated is not None and self._container.format.name != "aac":
            return Fraction(stated) * self._time_base
        last = Fraction(0)
        for packet in self._container.demux(self._stream):
            if packet.pts is not None:
                last = max(last, (packet.pts + (packet.duration or 0)) * self._time_base - self._origin)
        self._container.seek(0)
        return last

    def remarks(self) -> tuple[str, ...]:
        """See `learner.audio.reader.Reader`."""
        if not self._container.format.name.startswith("matroska"):
            return ()
        missing = what_is_missing(self._file)
        if missing == "stated":
            raise AudioError(f"{shown(self._path)} is cut short (it states more bytes than there are); copy it again.")
        if missing == "last block":
            return (f"Its last block lacks its end, so the recording or the copy ended early, after {self.info.duration:.1f} s.",)
        return ()

    def blocks(self, first: int, last: int) -> Iterator[Float32Array]:
        """See `learner.audio.reader.Reader`."""
        import av

        rate = self.info.sampling_rate
        position = 0
        try:
            start = max(first / rate - _PREROLL, 0.0)
            self._container.seek(int((self._origin + Fraction(start)) / self._time_base), stream=self._stream)
            for block, position in self._decoded():
                if position >= last:
                    return
                wanted = block[max(first - position, 0) : last - position]
                if len(wanted):
                    yield wanted
        except (av.FFmpegError, ValueError, OSError) as error:
            raise AudioError(
                f"{shown(self._path)} cannot be decoded after {max(position, first) / rate:.2f} s (damaged or cut short); "
                "copy it again."
            ) from error

    def _decoded(self) -> Iterator[tuple[Float32Array, int]]:
        """Blocks [n, channels] with the position of their first frame; only the first time stamp is trusted."""
        import av

        resampler = av.AudioResampler(format="flt", rate=self.info.sampling_rate, layout=self._stream.codec_context.layout)
        position: int | None = None
        for frame in self._container.decode(self._stream):
            if position is None:
                time = Fraction(frame.pts) * Fraction(frame.time_base) - self._origin if frame.pts is not None else Fraction(0)
                position = max(round(time * self.info.sampling_rate), 0)
            frame.pts = None
            for piece in resampler.resample(frame):
                block = piece.to_ndarray().reshape(-1, self.info.channels).astype(np.float32, copy=False)
                yield block, position
                position += len(block)
