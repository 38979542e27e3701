"""Files that appear whole or not at all: what a reader sees while one is written, fails, or is written twice."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from db.errors import FormatError
from db.store.files import Part, remove_leftovers, whole, whole_file, write_whole, written_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class FaultError(Exception):
    """Something that goes wrong in the middle of writing."""


@pytest.mark.parametrize("durable", [True, False])
def test_texts_and_bytes_are_written_as_they_are(tmp_path: Path, durable: bool) -> None:
    write_whole(tmp_path / "text", "Zoë\n", durable=durable)
    write_whole(tmp_path / "bytes", b"\x00\xff", durable=durable)
    assert (tmp_path / "text").read_bytes() == b"Zo\xc3\xab\n"
    assert (tmp_path / "bytes").read_bytes() == b"\x00\xff"
    assert names(tmp_path) == ["bytes", "text"]


def test_a_library_may_write_to_an_open_file_or_to_a_path(tmp_path: Path) -> None:
    with whole_file(tmp_path / "one.npy") as file:
        np.save(file, np.arange(3))
    with whole(tmp_path / "two.txt") as part:
        part.write_text("two")
    assert np.load(tmp_path / "one.npy").tolist() == [0, 1, 2]
    assert (tmp_path / "two.txt").read_text() == "two"
    assert names(tmp_path) == ["one.npy", "two.txt"]


@pytest.mark.parametrize("durable", [True, False])
def test_a_folder_appears_with_all_that_is_in_it(tmp_path: Path, durable: bool) -> None:
    with whole(tmp_path / "pool", durable=durable) as part:
        (part / "inner").mkdir(parents=True)
        (part / "inner" / "one.txt").write_text("one")
        assert not (tmp_path / "pool").exists()
    assert (tmp_path / "pool" / "inner" / "one.txt").read_text() == "one"
    assert names(tmp_path) == ["pool"]


@pytest.mark.parametrize("fault", [FaultError, KeyboardInterrupt])
def test_what_fails_leaves_the_older_file_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    write_whole(tmp_path / "kept", "yesterday's")

    def half_a_file() -> None:
        with whole_file(tmp_path / "kept") as file:
            file.write(b"half")
            raise fault

    def half_a_folder() -> None:
        with whole(tmp_path / "folder") as part:
            part.mkdir()
            (part / "half").touch()
            raise fault

    for failing in (half_a_file, half_a_folder):
        with pytest.raises(fault):
            failing()
    assert (tmp_path / "kept").read_text() == "yesterday's"
    assert names(tmp_path) == ["kept"]


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "new", "text")
    assert names(tmp_path) == []


def test_nothing_to_replace_a_folder_with_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "there", "text")
    assert names(tmp_path) == ["there"]


def test_the_error_is_that_of_writing_where_there_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "new", "text")
    with pytest.raises(NotADirectoryError):
        write_whole(tmp_path / "file" / "new", "text")


def test_several_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    with whole_file(tmp_path / "one") as first, whole_file(tmp_path / "one") as second:
        first.write(b"first")
        second.write(b"second")
        assert len(names(tmp_path)) == 2
    assert (tmp_path / "one").read_text() == "first", "it was renamed last"
    assert names(tmp_path) == ["one"]


def test_mode_is_that_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "new", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_file_system_that_cannot_sync_folders_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def picky(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr("os.fsync", picky)
    write_whole(tmp_path / "new", "text")
    assert (tmp_path / "new").read_text() == "text"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    writing = (
        "import os, signal, sys; from pathlib import Path; from db.store.files import whole\n"
        "with whole(Path(sys.argv[1]) / 'file') as part:\n"
        "    part.write_text('half') if sys.argv[2] == 'file' else (part / 'inner').mkdir(parents=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for kind in ("file", "folder"):
        assert subprocess.run([sys.executable, "-c", writing, str(tmp_path), kind]).returncode == -signal.SIGKILL
    (tmp_path / "download.part").touch()
    assert len(names(tmp_path)) == 3

    remove_leftovers(tmp_path)

    assert names(tmp_path) == ["download.part"]
    remove_leftovers(tmp_path / "none")


def test_a_part_may_become_a_file_later_or_never(tmp_path: Path) -> None:
    kept, dropped = Part(tmp_path), Part(tmp_path)
    kept.path.write_text("kept")
    dropped.path.write_text("dropped")
    kept.become(tmp_path / "file")
    for part in (kept, dropped):
        part.discard()
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "kept"


def test_an_output_that_a_user_named_fails_with_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(FormatError, match=r"folder; give the name of a file, such as .*/out\.csv"),
        written_whole(tmp_path, example="out.csv"),
    ):
        pass
    with (
        pytest.raises(FormatError, match=r"cannot be written \(a column is missing\)"),
        written_whole(tmp_path / "out.csv", example="out.csv"),
    ):
        raise ValueError("a column is missing")
    assert names(tmp_path) == []
