"""A file with another beginning reads like any other."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from learner.audio.spliced import Spliced, Window

CONTENT = bytes(range(256)) * 4


def test_it_reads_as_the_new_beginning_and_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    with (tmp_path / "a").open("rb") as file:
        spliced = Spliced(file, head=b"head", offset=1000)
        wanted = b"head" + CONTENT[1000:]
        assert io.BufferedReader(spliced).read() == wanted
        assert spliced.seek(0, os.SEEK_END) == len(wanted)
        for place in (0, 3, 4, 20, len(wanted)):
            spliced.seek(place)
            assert spliced.readall() == wanted[place:]


@pytest.mark.parametrize("offset", [0, 5, 1020, 1024, 5000])
def test_a_window_gives_what_is_there(tmp_path: Path, offset: int) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    with (tmp_path / "a").open("rb") as file:
        window = Window(file)
        assert window.size == len(CONTENT)
        assert window.at(100, 10) == CONTENT[100:110]
        assert window.at(offset, 10) == CONTENT[offset : offset + 10]
