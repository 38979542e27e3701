"""The cache of files that can be made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from db.store.files import Part
from labeler.app.media.disk_cache import DiskCache, NoRoomError, TooLargeError


def test_a_file_is_made_once(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", most_bytes=1000)
    made: list[str] = []

    def make(path: Path) -> None:
        made.append(path.name)
        path.write_text("picture")

    for _ in range(2):
        assert cache.file("a.png", make).read_text() == "picture"
    assert len(made) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["a.png"]


def test_what_fails_is_not_there_and_is_made_the_next_time(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=1000)

    def fail(path: Path) -> None:
        path.write_text("half a pic")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cache.file("a.png", fail)
    assert list(tmp_path.iterdir()) == []
    cache.file("a.png", lambda path: path.touch())


def test_what_a_killed_app_left_half_made_is_removed(tmp_path: Path) -> None:
    Part(tmp_path).path.write_text("half a pic")
    (tmp_path / "a.png").write_text("picture")
    DiskCache(tmp_path, most_bytes=1000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def ten_bytes(path: Path) -> None:
    path.write_bytes(b"x" * 10)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    for age, name in enumerate(("young", "old", "older")):
        ten_bytes(tmp_path / name)
        used = time.time() - 1000 * age
        os.utime(tmp_path / name, (used, used))
    DiskCache(tmp_path, most_bytes=20).prune()
    assert names(tmp_path) == ["old", "young"]


def test_room_is_freed_before_a_file_is_made(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=25)
    for name in ("a", "b"):
        cache.file(name, ten_bytes, most=10)
    os.utime(tmp_path / "a", (0, 0))

    def make(path: Path) -> None:
        assert names(tmp_path) == ["b"], "the file used least recently has gone before there is a new one"
        ten_bytes(path)

    cache.file("c", make, most=10)
    assert names(tmp_path) == ["b", "c"]


def test_a_file_that_is_larger_than_announced_takes_the_place_of_others(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=25)
    for name in ("a", "b", "c"):
        cache.file(name, ten_bytes)
    assert names(tmp_path) == ["b", "c"]


def test_what_can_never_fit_is_refused_and_costs_no_other_file(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=3 << 30)
    cache.file("a", ten_bytes, most=10)
    with pytest.raises(TooLargeError, match=r"4.0 GiB do not fit into the cache of 3.0 GiB; import shorter spans"):
        cache.file("b", ten_bytes, most=4 << 30)
    assert names(tmp_path) == ["a"]


def test_a_file_that_is_being_sent_stays_and_others_wait(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=15)
    path = cache.file("a", ten_bytes, most=10)
    assert cache.hold(path)
    assert cache.hold(path), "two browsers get it at the same time"
    cache.release(path)
    with pytest.raises(NoRoomError, match="try again in a minute"):
        cache.file("b", ten_bytes, most=10)
    cache.release(path)
    cache.file("b", ten_bytes, most=10)
    assert names(tmp_path) == ["b"]
    assert not cache.hold(path), "it has gone"


def test_what_is_being_made_counts(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=25)

    def make(path: Path) -> None:
        with pytest.raises(NoRoomError):
            cache.file("b", ten_bytes, most=10)
        ten_bytes(path)

    cache.file("a", make, most=20)
    cache.file("b", ten_bytes, most=10)
    assert names(tmp_path) == ["a", "b"], "a took less than was kept free for it"


def test_a_file_that_failed_leaves_its_room(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=10)

    def fail(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cache.file("a", fail, most=10)
    cache.file("b", ten_bytes, most=10)
    assert names(tmp_path) == ["b"]


def test_the_time_of_change_stays_since_browsers_compare_it_between_parts(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=100)
    os.utime(cache.file("a", ten_bytes), (1000, 1000))
    state = cache.file("a", ten_bytes).stat()
    assert state.st_mtime == 1000
    assert state.st_atime > 1000
