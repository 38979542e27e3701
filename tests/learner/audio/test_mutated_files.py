"""Audio files with random damage: each is decoded or refused in one sentence, soon and in little memory.

`make test` tries 60, `make soak` 2,000.
"""

from __future__ import annotations

import os
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from db.errors import AudioError
from learner.audio.decoding import decode, validate
from tests.learner.audio.test_decoding import encoded
from tests.learner.audio_files import RATE, noise

MOST_SECONDS = 10.0
MOST_MEGABYTES = 500
ODD_NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")


def whole_files(folder: Path) -> list[Path]:
    """A short file of every kind."""
    mono, stereo = noise(2.0), np.stack([noise(2.0), noise(2.0, seed=2)], axis=1)
    kinds = ["a.wav", "b.flac", "c.ogg", "d.mp3", "e.aiff", "f.w64", "g.caf", "h.au"]
    found = [folder / name for name in [*kinds, "two.wav", "two.mp3"]]
    for path in found:
        soundfile.write(path, stereo if path.stem == "two" else mono, RATE)
    bare = folder / "bare.mp3"
    content = (folder / "d.mp3").read_bytes()
    bare.write_bytes(content[content.index(content[:2], 4) :])
    wide = noise(2.0, sampling_rate=48_000)
    containers = [
        encoded(folder / "i.webm", "libopus", wide),
        encoded(folder / "live.webm", "libopus", wide, live="1"),
        encoded(folder / "j.m4a", "aac", wide),
    ]
    return [*found, bare, *containers]


def another_byte(content: bytearray, place: int, rng: random.Random) -> None:
    content[place] = rng.randrange(256)


def other_bytes(content: bytearray, place: int, rng: random.Random) -> None:
    content[place : place + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(9))


def an_odd_number(content: bytearray, place: int, rng: random.Random) -> None:
    content[place : place + 4] = rng.choice(ODD_NUMBERS)


def a_gap(content: bytearray, place: int, rng: random.Random) -> None:
    del content[place : place + rng.randrange(1, 5000)]


def an_early_end(content: bytearray, place: int, _rng: random.Random) -> None:
    del content[place + 1 :]


DAMAGES: list[Callable[[bytearray, int, random.Random], None]] = [
    *[another_byte] * 5,
    *[other_bytes] * 2,
    an_odd_number,
    a_gap,
    an_early_end,
]


def damaged(content: bytes, rng: random.Random) -> bytes:
    """The bytes with up to a hundred damages, most of them where headers are."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20, 100))):
        rng.choice(DAMAGES)(found, rng.randrange(min(len(found), rng.choice((64, 256, len(found))))), rng)
        if not found:
            return b"\0"
    return bytes(found)


@pytest.mark.soak
def test_each_is_decoded_or_refused_in_a_sentence(tmp_path: Path) -> None:
    in_soak = bool(os.environ.get("EARMARK_SOAK"))
    count = 2000 if in_soak else 60
    rng = random.Random(count)
    files = [(path, path.read_bytes()) for path in whole_files(tmp_path)]
    decoded = 0
    for number in range(count):
        path, content = files[number % len(files)]
        path.write_bytes(damaged(content, rng))
        began = time.monotonic()
        try:
            decode(path, end=min(validate(path).duration, 3.0))
            decoded += 1
        except AudioError as error:
            message = str(error)
            assert os.fspath(path) in message, message
            assert message.isprintable(), message
            assert message.endswith("."), message
        assert time.monotonic() - began < MOST_SECONDS, f"number {number}, {path.name}"
    assert 0 < decoded < count
    if in_soak:
        # Elsewhere the process has grown with other tests before.
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < MOST_MEGABYTES
