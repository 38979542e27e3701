"""The label files of FT-w2v2-ser are manifests: whole ones, damaged ones, and ones in which a file is both learned and tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports import label_sets
from db.imports.column_choice import columns_in
from db.imports.label_sets import holds_label_sets
from db.imports.manifest import BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks

SETS = {"Train": {"Übung 1.wav": "happy", "sub/b.wav": "sad"}, "Val": {}, "Test": {"/c/d.wav": "happy"}}


def written(folder: Path, content: Any, encoding: str = "utf-8", **how: Any) -> Path:
    path = folder / "labels.json"
    text = content if isinstance(content, str) else json.dumps(content, **how)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
def test_each_set_is_a_split(tmp_path: Path, encoding: str, indent: int | None) -> None:
    rows = read_manifest(written(tmp_path, SETS, encoding, indent=indent, ensure_ascii=False))
    found = [(row.path, row.label, row.split, row.extra) for row in rows if isinstance(row, SourceRow)]
    assert found == [
        (f"{tmp_path}/Übung 1.wav", "happy", "Train", {}),
        (f"{tmp_path}/sub/b.wav", "sad", "Train", {}),
        ("/c/d.wav", "happy", "Test", {}),
    ]


def test_names_may_be_relative_to_another_folder(tmp_path: Path) -> None:
    (row,) = read_manifest(written(tmp_path, {"Test": {"a.wav": "sad"}}), audio_folder=Path("/corpus/wav"))
    assert (row.file_name, row.path) == ("a.wav", "/corpus/wav/a.wav")


def test_columns_may_be_chosen_as_in_other_manifests(tmp_path: Path) -> None:
    path = written(tmp_path, SETS)
    assert columns_in(path) == ["file_name", "label", "split"]
    row = next(read_manifest(path, columns={"label": "", "speaker": "split"}))
    assert isinstance(row, SourceRow)
    assert (row.label, row.speaker, row.split) == (None, "Train", None)


def test_a_file_in_several_sets_counts_where_it_is_first(tmp_path: Path) -> None:
    remarks = Remarks()
    path = written(tmp_path, '{"Train": {"a.wav": "sad", "a.wav": "happy"},\n"Test": {"a.wav": "sad", "b.wav": "sad"}}')
    rows = [(row.file_name, row.label, row.split) for row in read_manifest(path, remarks=remarks) if isinstance(row, SourceRow)]
    assert rows == [("a.wav", "sad", "Train"), ("b.wav", "sad", "Test")]
    assert remarks.sentences() == [
        f"{path} lists 2 files a second time (first 'a.wav', in 'Train' and then in 'Train'); the first place counts."
    ]


def test_what_is_no_label_is_rejected_and_the_rest_comes_in(tmp_path: Path) -> None:
    content = '{"Train": {"a.wav": null,\n"b.wav": ["sad"], "c.wav": 3,\n "\\ud800.wav": "sad", "": "sad"},\n'
    rows = list(read_manifest(written(tmp_path, content + '"Val": null, "Test": "all of it", "x": {"d.wav": "sad",}}')))
    assert [(row.file_name, row.label) for row in rows if isinstance(row, SourceRow)] == [
        ("a.wav", None), ("c.wav", "3"), ("d.wav", "sad"),
    ]  # fmt: skip
    assert [row.reason for row in rows if isinstance(row, BadRow)] == [
        "Line 2 has \"['sad']\" as label; give a text.",
        "Line 3 holds bytes that are not UTF-8; rename the file or save the text as UTF-8.",
        "Line 3 has no file name in the column file_name; give one.",
        "Line 4: 'Test' is no set of files; give each file a label in it.",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"Train": {"a.wav": "sad",\n"b.wav": "ha', r"damaged at line 2 \(.*"),
        ('{"Train": {"a.wav": "sad"', r"damaged at line 1 \(','"),
        ('{"Train": {"a.wav" "sad"}}', r"line 1 \(':' is missing\)"),
        ('{"Train": {"a.wav": sad}}', r"line 1 \(Expecting value\)"),
        ('{"Train": {"a.wav": NaN}}', r"line 1 \(NaN is not a number\)"),
        ('{"Train": {3: "sad"}}', r"line 1 \(a name in quotes is missing\)"),
        ('{"Train": {"a.wav": "sad"}}\n{"file_name": "b.wav"}', r"line 2 \(more text follows its end\)"),
        ('{"Train": {"a.wav": ' + "[" * 100_000, r"nested too deeply"),
    ],
)
def test_a_damaged_file_is_explained_in_one_sentence(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(FormatError, match=problem) as raised:
        list(read_manifest(written(tmp_path, content)))
    assert str(raised.value).endswith('write it as JSON once more: {"Train": {"a.wav": "label"}, "Val": {}, "Test": {}}.')


def test_names_that_a_block_of_the_file_cuts_in_two_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_sets, "_CHUNK", 1)
    sets: dict[str, dict[str, Any]] = {
        "Train": {f"clip {number}.wav": str(number) for number in range(30)},
        "Test": {"z.wav": 1234567},
    }
    rows = [(row.file_name, row.label) for row in read_manifest(written(tmp_path, sets)) if isinstance(row, SourceRow)]
    assert rows == [*((name, label) for name, label in sets["Train"].items()), ("z.wav", "1234567")]


@pytest.mark.parametrize(
    "content", ['{"file_name": "Train", "x": {}}', '{"train": "a.wav"}', '["Train"]', "", "file_name,label\n"]
)
def test_other_files_are_not_taken_for_one(tmp_path: Path, content: str) -> None:
    assert not holds_label_sets(written(tmp_path, content))
    assert not holds_label_sets(tmp_path)
