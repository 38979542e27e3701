"""Files with another beginning: where a header is wrong, a library gets a right one, and the file itself stays as it is."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO

_WINDOW_BYTES = 1 << 18


class Window:
    """Reads a few bytes at a time from any place of a file; places that follow each other cost no system call each."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self._from = 0
        self._bytes = b""
        self.size = os.fstat(self._descriptor).st_size
        """Of the file, in bytes."""

    def at(self, offset: int, count: int) -> bytes:
        """`count` bytes (a few thousand at most) from `offset` on; fewer at the end of the file."""
        start = offset - self._from
        if start < 0 or start + count > len(self._bytes):
            self._bytes, self._from, start = os.pread(self._descriptor, _WINDOW_BYTES, offset), offset, 0
        return self._bytes[start : start + count]


class Spliced(io.RawIOBase):
    """`head`, followed by the bytes of `file` from `offset` on. It can be read and nothing else, and does not close `file`."""

    def __init__(self, file: BinaryIO, *, head: bytes, offset: int) -> None:
        super().__init__()
        self._descriptor = file.fileno()
        self._head, self._offset = head, offset
        self._size = len(head) + os.fstat(self._descriptor).st_size - offset
        self._position = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position; the new position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`, with less at the border of the two parts and at the end; how many bytes there are."""
        view = memoryview(buffer)
        if self._position < len(self._head):
            part = self._head[self._position : self._position + len(view)]
            view[: len(part)] = part
            count = len(part)
        else:
            count = self._read(view, self._position - len(self._head) + self._offset)
        self._position += count
        return count

    def _read(self, view: memoryview, offset: int) -> int:
        try:
            return os.preadv(self._descriptor, [view], offset)
        except OSError:
            # It is called from C, where an exception would be printed and lost. The file then counts as cut short.
            return 0
