"""Array files are read only where their headers fit their sizes; nothing is unpickled, and no memory is taken for a claim."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from learner.array_files import ArrayFile, DamagedArrays, mapped_array, read_array

FINE = np.arange(12, dtype=np.float32).reshape(3, 4)
HALF_A_TEBIBYTE = 2**39


def npy_bytes(shape: tuple[int, ...], *, values: int, kind: str = "<f4") -> bytes:
    """An `.npy` whose header claims a shape, and the values that are there."""
    content = io.BytesIO()
    npy.write_array_header_1_0(content, {"descr": kind, "fortran_order": False, "shape": shape})
    return content.getvalue() + b"\0" * values


CLAIMS = {
    "512 GiB": npy_bytes((HALF_A_TEBIBYTE // 4,), values=48),
    "more than numbers can count": npy_bytes((2**62, 2**62), values=48),
    "fewer than there are": npy_bytes((2,), values=48),
    "less than nothing": npy_bytes((-3, -4), values=48),
    "objects": npy_bytes((6,), values=48, kind="|O"),
    "values of no size": npy_bytes((2**60,), values=0, kind="|V0"),
    "no version": b"\x93NUMPY\x09\x09" + b"\0" * 100,
    "a header of code": b"\x93NUMPY\x01\x00\x30\x00" + b"__import__('os').system('true')".ljust(48) + b"\0" * 48,
    "nothing": b"",
}


@pytest.mark.parametrize("content", CLAIMS.values(), ids=CLAIMS.keys())
@pytest.mark.parametrize("read", [mapped_array, read_array])
def test_a_header_that_does_not_fit_its_file_is_refused(
    tmp_path: Path, content: bytes, read: Callable[[Path], np.ndarray[Any, Any]]
) -> None:
    (tmp_path / "one.npy").write_bytes(content)
    with pytest.raises(DamagedArrays):
        read(tmp_path / "one.npy")


@pytest.mark.parametrize("content", CLAIMS.values(), ids=CLAIMS.keys())
def test_so_is_one_inside_an_npz(tmp_path: Path, content: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "one.npz", "w") as file:
        file.writestr("coef.npy", content)
    with ArrayFile(tmp_path / "one.npz") as arrays, pytest.raises(DamagedArrays):
        arrays["coef"]


def test_a_file_that_is_as_large_as_it_claims_is_not_read_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npy"
    header = npy_bytes((HALF_A_TEBIBYTE // 4,), values=0)
    path.write_bytes(header)
    os.truncate(path, len(header) + HALF_A_TEBIBYTE)
    tracemalloc.start()
    with pytest.raises(DamagedArrays, match=f"claims {HALF_A_TEBIBYTE} bytes"):
        read_array(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_what_unpacks_to_more_than_its_file_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", coef=np.zeros(2**22, dtype=np.float32))
    with ArrayFile(tmp_path / "bomb.npz") as arrays, pytest.raises(DamagedArrays, match="'coef' claims"):
        arrays["coef"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rest", b"no zip at all"])
def test_what_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "one.npz").write_bytes(content)
    with pytest.raises(DamagedArrays, match=r"it is no \.npz"):
        ArrayFile(tmp_path / "one.npz")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    for read in (mapped_array, read_array, ArrayFile):
        with pytest.raises(DamagedArrays, match="it is no file"):
            read(tmp_path / "pipe.npy")


def test_arrays_come_back_as_they_were_written(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", FINE)
    np.save(tmp_path / "f.npy", np.asfortranarray(FINE))
    np.save(tmp_path / "none.npy", FINE[:0])
    for name, expected in (("c", FINE), ("f", FINE), ("none", FINE[:0])):
        for read in (mapped_array, read_array):
            np.testing.assert_array_equal(read(tmp_path / f"{name}.npy"), expected)
    np.savez(tmp_path / "both.npz", coef=FINE, facts=np.array("{}"), allow_pickle=False)
    with ArrayFile(tmp_path / "both.npz") as arrays:
        np.testing.assert_array_equal(arrays["coef"], FINE)
        assert str(arrays["facts"]) == "{}"
        assert "coef" in arrays
        assert "other" not in arrays
        with pytest.raises(DamagedArrays, match="no array 'other'"):
            arrays["other"]
