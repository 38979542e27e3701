"""Whether a WebM or Matroska file is all there.

FFmpeg reads such a file to where it ends and says nothing. What is missing shows in the sizes that its elements state (RFC 8794):
a file that was finished states the size of the whole; a recording of a browser states only the sizes of its blocks.
"""

from __future__ import annotations

from typing import BinaryIO, Literal

from learner.audio.spliced import Window

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_MOST_ELEMENTS = 2_000_000

Missing = Literal["nothing", "stated", "last block"]


def what_is_missing(file: BinaryIO) -> Missing:
    """`stated` if the file is shorter than it states; `last block` if it states no length and its last block lacks its end."""
    window, at, inside = Window(file), 0, False
    for _ in range(_MOST_ELEMENTS):
        if at >= window.size:
            return "nothing"
        element = _element(window.at(at, 12))
        if element is None:
            return "last block" if inside and window.size - at < 12 else "nothing"
        kind, start, size = element
        at += start
        if size is None:
            # Of unknown size are the segment and its clusters; their elements follow.
            if kind not in (_SEGMENT, _CLUSTER):
                return "nothing"
            inside = True
            continue
        at += size
        if at > window.size:
            return "last block" if inside else "stated"
    return "nothing"


def _element(head: bytes) -> tuple[int, int, int | None] | None:
    """Kind, length of the head, and size (None if unknown) of the element that starts with these bytes."""
    kind_bytes = _width(head[:1])
    size_bytes = _width(head[kind_bytes : kind_bytes + 1])
    if not 1 <= kind_bytes <= 4 or not size_bytes or len(head) < kind_bytes + size_bytes:
        return None
    value = int.from_bytes(head[kind_bytes : kind_bytes + size_bytes])
    largest = (1 << 7 * size_bytes) - 1
    size = value & largest
    return int.from_bytes(head[:kind_bytes]), kind_bytes + size_bytes, None if size == largest else size


def _width(first: bytes) -> int:
    """Bytes of a number of variable length: one more than its leading zero bits; 0 if this is none."""
    return 9 - first[0].bit_length() if first and first[0] else 0
