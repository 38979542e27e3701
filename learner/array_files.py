"""Reads `.npy` and `.npz` files as if a stranger had written them: heads, shards of features, lists, caches.

A header may claim any shape. So it is compared with the size of the file, and with a limit, before any memory is taken; numpy's
own readers take the memory first. Nothing is unpickled, and nothing compressed is read, because a small file could unpack to any
size. Imports nothing from Earmark.
"""

from __future__ import annotations

import math
import os
import stat
import zipfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

LARGEST = 2**30
"""Bytes of an array that is read into memory: ten times the largest head that a project can need."""


class DamagedArrays(ValueError):  # noqa: N818 (callers turn it into a sentence of their own)
    """A file does not hold what an array file holds."""


def mapped_array(path: Path) -> NDArray[Any]:
    """A read-only memory map of an `.npy`; it takes no memory, whatever its size.

    Raises:
        OSError: the file cannot be opened.
        DamagedArrays: it is no array, or holds fewer or more values than its header says.
    """
    with _opened(path) as file:
        shape, fortran_order, dtype, start = _header(file, size=os.fstat(file.fileno()).st_size)
        if not math.prod(shape):
            return np.zeros(shape, dtype=dtype)
        return np.memmap(file, dtype=dtype, mode="r", offset=start, shape=shape, order="F" if fortran_order else "C")


def read_array(path: Path, *, largest: int = LARGEST) -> NDArray[Any]:
    """The array of an `.npy`, in memory.

    Args:
        largest: bytes that it may take.

    Raises:
        OSError: the file cannot be opened.
        DamagedArrays: it is no array, is larger than `largest`, or holds fewer or more values than its header says.
    """
    with _opened(path) as file:
        return _read(file, size=os.fstat(file.fileno()).st_size, largest=largest)


class ArrayFile:
    """The arrays of an `.npz` by name, each read when it is requested; a context manager.

    Raises:
        OSError: the file cannot be opened.
        DamagedArrays: it is no `.npz`; and on a request as `read_array`, or if there is no array of that name.
    """

    def __init__(self, path: Path, *, largest: int = LARGEST) -> None:
        self._file = _opened(path)
        self._largest = largest
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._zip = zipfile.ZipFile(self._file)
            self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        except Exception as error:
            self._file.close()
            # zipfile fails in a dozen ways: struct.error, NotImplementedError, ValueError, BadZipFile, ...
            raise DamagedArrays(f"it is no .npz ({type(error).__name__})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return f"{name}.npy" in self._entries

    def __getitem__(self, name: str) -> NDArray[Any]:
        entry = self._entries.get(f"{name}.npy")
        if entry is None:
            raise DamagedArrays(f"there is no array {name!r}")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > min(self._size, self._largest):
            raise DamagedArrays(f"array {name!r} claims {entry.file_size} bytes")
        try:
            with self._zip.open(entry) as file:
                return _read(file, size=entry.file_size, largest=self._largest)
        except (OSError, DamagedArrays):
            raise
        except Exception as error:
            raise DamagedArrays(f"array {name!r} cannot be read ({type(error).__name__})") from error


def _opened(path: Path) -> IO[bytes]:
    """A regular file: a pipe of that name would be waited for without end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise DamagedArrays("it is no file")
    return path.open("rb")


def _read(file: IO[bytes], *, size: int, largest: int) -> NDArray[Any]:
    shape, fortran_order, dtype, start = _header(file, size=size)
    if size - start > largest:
        raise DamagedArrays(f"it claims {size - start} bytes")
    content = file.read(size - start)
    if len(content) != size - start:
        raise DamagedArrays("it is cut short")
    found: NDArray[Any] = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran_order else "C")
    return found


def _header(file: IO[bytes], *, size: int) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, order, type and where the values begin, checked against the `size` of the file."""
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran_order, dtype = read(file)
        start = file.tell()
    except Exception as error:
        # The header is a Python literal: what is wrong with it shows as any of a dozen errors.
        raise DamagedArrays(f"its header cannot be read ({type(error).__name__})") from error
    if dtype.hasobject or not dtype.itemsize:
        raise DamagedArrays(f"it holds values of type {dtype}, which are never read")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != size - start:
        raise DamagedArrays(f"its header claims the shape {shape}, which does not fit its {size} bytes")
    return shape, fortran_order, dtype, start
