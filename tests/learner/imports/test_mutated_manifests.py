"""Damaged manifests and files of other tools: each is imported, or refused in a sentence, quickly; rows that are whole come in.

`make test` tries 60, `make soak` 200; the damage follows from the number alone.
"""

from __future__ import annotations

import json
import os
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.errors import EarmarkError
from db.project import OpenProject
from learner.imports.source import import_source
from tests.learner.audio_files import tone, written

MOST_SECONDS = 10
MOST_MEGABYTES = 500
ROWS = 12
TOKENS = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"'", b"\r", b"\n", b"\t", b";", b",", b"\\", b"\\ud800"),
    *(b"[" * 3000, b'{"a":' * 3000, b"9" * 400, b"-1", b"1e999", b"NaN", b"null", b"true", b"..", b"/proc/self/mem", b"a.wav"),
    *(b"label", b"file_name", b"start", b"C:\\x\\a.wav", "é\u202e🐦".encode(), b"=1+1", b"x" * 5000, b"sep=;\n", b"0:01"),
)
Damage = Callable[[bytearray, int, random.Random], None]


def flip(found: bytearray, at: int, rng: random.Random) -> None:
    found[at] ^= 1 << rng.randrange(8)


def cut(found: bytearray, at: int, _rng: random.Random) -> None:
    del found[at:]


def leave_out(found: bytearray, at: int, rng: random.Random) -> None:
    del found[at : at + rng.randrange(1, 40)]


def repeat(found: bytearray, at: int, rng: random.Random) -> None:
    found[at:at] = found[at : at + rng.randrange(1, 200)] * rng.randrange(1, 5)


def insert(found: bytearray, at: int, rng: random.Random) -> None:
    found[at:at] = rng.choice(TOKENS)


DAMAGES: tuple[Damage, ...] = (flip, leave_out, repeat, insert, insert, cut)


def whole_files(folder: Path) -> dict[str, bytes]:
    """A manifest in each form, and a file of each tool, all of the same two audio files."""
    for name in ("a.wav", "b.wav"):
        written(folder / name, tone(300.0, 0.5))
    names, labels = ("a.wav", "b.wav"), ("angry", "sad")
    rows = [
        {"file_name": names[n % 2], "label": labels[n % 2], "start": n / 100, "end": 0.3, "speaker": f"s{n}"} for n in range(ROWS)
    ]
    table = [[*rows[0]], *([str(value) for value in row.values()] for row in rows)]
    by_name = {"kind": "consensus", "answers": 1, "by_annotator": {"Ann": "angry"}}
    decision = {"answer": "label", "annotator": "Ann", "source": "random", "created_at": "2026-01-01T00:00:00+00:00", "uuid": "x"}
    choice = {"from_name": "label", "to_name": "audio", "type": "choices", "value": {"choices": ["angry"]}}
    tasks = [{"id": 1, "data": {"audio": row["file_name"]}, "annotations": [{"result": [choice]}]} for row in rows]
    prodigy = {"options": [{"id": "angry"}], "accept": ["angry"], "answer": "accept", "_task_hash": 1, "_view_id": "choice"}
    texts = {
        "m.csv": "\n".join(",".join(row) for row in table),
        "m.tsv": "\n".join("\t".join(row) for row in table),
        "semicolon.csv": "sep=;\n" + "\n".join(";".join(cell.replace("0.", "0,") for cell in row) for row in table),
        "m.jsonl": "\n".join(json.dumps(row) for row in rows),
        "consensus.jsonl": "\n".join(json.dumps({**row, **by_name}) for row in rows),
        "decisions.jsonl": "\n".join(json.dumps({**row, **decision}) for row in rows),
        "tasks.json": json.dumps(tasks),
        "prodigy.jsonl": "\n".join(json.dumps({"audio": row["file_name"], **prodigy}) for row in rows),
    }
    return {name: text.encode() for name, text in texts.items()}


def damaged(content: bytes, rng: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        rng.choice(DAMAGES)(found, rng.randrange(len(found)), rng)
        if not found:
            return b"\n"
    return bytes(found)


@pytest.mark.soak
def test_each_is_imported_or_refused_in_a_sentence(project: OpenProject, tmp_path: Path) -> None:
    in_soak = bool(os.environ.get("EARMARK_SOAK"))
    count = 200 if in_soak else 60
    rng = random.Random(count)
    files = whole_files(tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        assert import_source(project, tmp_path / name).rejected == [], name
    taken = refused = 0
    for number in range(count):
        name = [*files][number % len(files)]
        (tmp_path / name).write_bytes(damaged(files[name], rng))
        began = time.monotonic()
        try:
            report = import_source(project, tmp_path / name, labels_as="ann" if number % 3 else None)
            taken += report.added + report.known > 0
            sentences = [each["reason"] for each in report.rejected]
        except EarmarkError as error:
            refused += 1
            sentences = [str(error)]
        for sentence in sentences:
            assert sentence.isprintable(), f"number {number}, {name}: {sentence!r}"
            assert sentence.endswith("."), f"number {number}, {name}: {sentence!r}"
        assert time.monotonic() - began < MOST_SECONDS, f"number {number}, {name}"
    assert taken > count / 3
    assert refused > 0
    if in_soak:
        # Elsewhere the process has grown with other tests before.
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < MOST_MEGABYTES
