"""The spoken lines inside the one data file of the adventure "Flight of the Amazon Queen", as ScummVM's tools pack it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_ENTRY = struct.Struct(">12sBII")
_HEADER = 15
"""`QTBL`, the version, two bytes, the compression, then how many entries follow (two bytes, big-endian)."""


def queen_clips(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each entry; spoken lines have names like `020001P2.SB` (the letter says who speaks) and are MP3.

    Raises:
        ValueError: this is no such file.
    """
    if content[:4] != b"QTBL" or len(content) < _HEADER:
        raise ValueError("This is not a data file of Flight of the Amazon Queen: it does not begin with 'QTBL'.")
    (entries,) = struct.unpack_from(">H", content, _HEADER - 2)
    for number in range(entries):
        name, _, start, size = _ENTRY.unpack_from(content, _HEADER + number * _ENTRY.size)
        yield name.split(b"\0")[0].decode("latin-1"), content[start : start + size]
