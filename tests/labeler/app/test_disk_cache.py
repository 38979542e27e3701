"""The cache of files that can be made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from db.store.files import Part
from labeler.app.media.disk_cache import DiskCache


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


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, most_bytes=20)

    def ten_bytes(path: Path) -> None:
        path.write_bytes(b"x" * 10)

    for age, name in enumerate(("young", "old", "older")):
        cache.file(name, ten_bytes)
        used = time.time() - 1000 * age
        os.utime(tmp_path / name, (used, used))
    cache.prune()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "young"]
