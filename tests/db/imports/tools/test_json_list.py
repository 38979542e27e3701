"""A list of objects is read one by one, whatever its size; what is damaged is one sentence."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports.tools import json_list
from db.imports.tools.json_list import listed_objects


def read(path: Path, text: str | bytes) -> list[dict[str, Any]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(listed_objects(path, what="task"))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("chunk", [1, 3, 1 << 18])
def test_reads_objects_wherever_the_chunks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, chunk: int
) -> None:
    monkeypatch.setattr(json_list, "_CHUNK", chunk)
    tasks = [{"id": 1, "a": '}]"\\ ,{['}, {}, {"data": {"n": [1.5, -2e3, True, None]}, "ä": "\u2028🐦"}]
    assert read(tmp_path / "tasks.json", json.dumps(tasks, indent=indent, ensure_ascii=False)) == tasks
    assert read(tmp_path / "tasks.json", "[]") == []
    assert read(tmp_path / "tasks.json", " [ ]\n") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_reads_what_windows_writes(tmp_path: Path, encoding: str) -> None:
    assert read(tmp_path / "tasks.json", '[{"a": "ä"}]'.encode(encoding)) == [{"a": "ä"}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no JSON list of tasks"),
        ('{"a": 1}', "is no JSON list of tasks"),
        ("nonsense", "is no JSON list of tasks"),
        ("[1]", "task 1 is no JSON object"),
        ("[{}, []]", "task 2 is no JSON object"),
        ("[{},]", "task 2 is no JSON object"),
        ("[{}", "ends or is damaged after task 1"),
        ("[{} {}]", "ends or is damaged after task 1"),
        ('[{}, {"a": [1', "ends or is damaged in task 2"),
        ("[", "ends or is damaged in task 1"),
        ('[{"a": NaN}]', "task 1 cannot be read"),
        ('[{"a": 1e999}]', "task 1 cannot be read"),
        ('[{"a": %s}]' % ("9" * 5000), "task 1 cannot be read"),
        ('[{"a": %s' % ("[" * 100_000), "task 1 is nested too deeply"),
    ],
)
def test_states_what_is_wrong_in_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as error:
        read(tmp_path / "tasks.json", text)
    assert "\n" not in str(error.value)
    assert str(tmp_path / "tasks.json") in str(error.value)


def test_gives_up_on_an_object_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_list, "LONGEST_OBJECT", 10_000)
    monkeypatch.setattr(json_list, "_CHUNK", 1000)
    with pytest.raises(FormatError, match="task 1 is no JSON, or longer than 10000 characters"):
        read(tmp_path / "tasks.json", '[{"a": "' + "x" * 100_000)


def test_holds_few_objects_at_a_time(tmp_path: Path) -> None:
    with open(tmp_path / "tasks.json", "w", encoding="utf-8") as file:
        file.write("[" + ",".join(json.dumps({"id": n, "text": "x" * 1000}) for n in range(10_000)) + "]")
    tracemalloc.start()
    assert sum(1 for _ in listed_objects(tmp_path / "tasks.json", what="task")) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3e6, "of 10 MB"
