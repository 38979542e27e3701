"""Files that a manifest names in another Unicode form, as Windows does, or by a `file:` address."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from db.imports.manifest import BadRow, SourceRow, read_manifest
from db.imports.remarks import Remarks

COMPOSED = unicodedata.normalize("NFC", "Ärger.wav")
DECOMPOSED = unicodedata.normalize("NFD", "Ärger.wav")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def rows(folder: Path, names: list[str]) -> tuple[list[SourceRow | BadRow], list[str]]:
    """The rows of a manifest of these names, and the remarks."""
    remarks = Remarks()
    (folder / "m.jsonl").write_text("\n".join(json.dumps({"file_name": name}) for name in names))
    found = list(read_manifest(folder / "m.jsonl", remarks=remarks))
    assert [row.file_name for row in found] == names
    return found, remarks.sentences()


def paths(folder: Path, *names: str) -> list[str]:
    found, _ = rows(folder, list(names))
    assert all(isinstance(row, SourceRow) for row in found)
    return [str(Path(row.path).relative_to(folder)) for row in found]


class TestUnicodeForms:
    @pytest.mark.parametrize(("there", "named"), [(DECOMPOSED, COMPOSED), (COMPOSED, DECOMPOSED)])
    def test_a_name_is_found_in_its_other_form(self, tmp_path: Path, there: str, named: str) -> None:
        touch(tmp_path, there, "b.wav")
        found, remarks = rows(tmp_path, [named, "b.wav"])
        assert [row.path for row in found] == [str(tmp_path / there), str(tmp_path / "b.wav")]
        assert len(remarks) == 1
        assert remarks[0].startswith("1 line names a file in another Unicode form")

    def test_folders_have_forms_too(self, tmp_path: Path) -> None:
        folder, name = unicodedata.normalize("NFD", "Müller"), unicodedata.normalize("NFD", "ê.wav")
        touch(tmp_path, f"{folder}/{name}")
        assert paths(tmp_path, unicodedata.normalize("NFC", "Müller/ê.wav")) == [f"{folder}/{name}"]

    def test_both_forms_and_letter_cases_are_kept_apart(self, tmp_path: Path) -> None:
        names = [COMPOSED, DECOMPOSED, "Clip.wav", "clip.wav", "CLIP.WAV"]
        touch(tmp_path, *names)
        assert paths(tmp_path, *names) == names
        assert rows(tmp_path, names)[1] == []

    def test_another_letter_case_is_another_file(self, tmp_path: Path) -> None:
        touch(tmp_path, DECOMPOSED)
        assert paths(tmp_path, COMPOSED.upper()) == [COMPOSED.upper()]

    def test_a_form_that_several_files_share_is_refused(self, tmp_path: Path) -> None:
        half = "Ä" + unicodedata.normalize("NFD", "ü") + ".wav"
        touch(tmp_path, unicodedata.normalize("NFD", "Äü.wav"), half)
        ((row,), _) = rows(tmp_path, [unicodedata.normalize("NFC", "Äü.wav")])
        assert isinstance(row, BadRow)
        assert "2 such names in other Unicode forms" in row.reason


class TestWindowsPaths:
    def test_are_found_by_their_longest_end_below_the_manifest(self, tmp_path: Path) -> None:
        touch(tmp_path, "set one/a0.wav", "a0.wav", "a1.wav", "deep/er/a2.wav", "with space.wav")
        names = [
            r"C:\data\set one\a0.wav", r"\\server\share\a1.wav", "file:///C:/data/deep/er/a2.wav",
            "file:///D:/with%20space.wav",
        ]  # fmt: skip
        assert paths(tmp_path, *names) == ["set one/a0.wav", "a1.wav", "deep/er/a2.wav", "with space.wav"]
        (sentence,) = rows(tmp_path, names)[1]
        assert sentence.startswith("4 lines name a Windows path; the files were found below")

    def test_may_be_relative(self, tmp_path: Path) -> None:
        touch(tmp_path, "sub/b.wav")
        assert paths(tmp_path, r"sub\b.wav", r".\sub\b.wav", r"sub/b.wav") == ["sub/b.wav"] * 3

    def test_that_lead_nowhere_are_called_windows_paths_once(self, tmp_path: Path) -> None:
        found, remarks = rows(tmp_path, [r"C:\data\a.wav", r"C:\data\b.wav"])
        assert all(isinstance(row, SourceRow) and "is a Windows path" in (row.if_missing or "") for row in found)
        (sentence,) = remarks
        assert sentence.startswith("2 lines name a Windows path, no end of which exists below")
        assert r"(first 'C:\data\a.wav')" in sentence

    def test_never_lead_out_of_the_folder(self, tmp_path: Path) -> None:
        touch(tmp_path, "secret.wav", "here/x.wav")
        ((row,), _) = rows(tmp_path / "here", [r"C:\data\..\secret.wav"])
        assert row.path != str(tmp_path / "secret.wav")

    def test_two_that_would_be_the_same_file_are_not_mixed_up(self, tmp_path: Path) -> None:
        touch(tmp_path, "1.wav")
        (first, second, again), _ = rows(tmp_path, [r"C:\anna\1.wav", r"C:\berta\1.wav", "file:///c:/Anna/1.wav"])
        assert isinstance(first, SourceRow)
        assert isinstance(second, BadRow)
        assert "was taken for" in second.reason
        assert isinstance(again, SourceRow)

    def test_a_file_whose_name_looks_like_one_is_that_file(self, tmp_path: Path) -> None:
        touch(tmp_path, r"C:\data\a.wav", "a.wav", r"x\y.wav", "x/y.wav")
        assert paths(tmp_path, r"C:\data\a.wav", r"x\y.wav") == [r"C:\data\a.wav", r"x\y.wav"]


class TestAddresses:
    def test_of_files_are_paths(self, tmp_path: Path) -> None:
        touch(tmp_path, "a b.wav", DECOMPOSED)
        names = [f"file://{tmp_path}/a%20b.wav", f"file://localhost{tmp_path}/a b.wav", f"file:{tmp_path}/{COMPOSED}"]
        assert paths(tmp_path, *names) == ["a b.wav", "a b.wav", DECOMPOSED]

    @pytest.mark.parametrize(
        ("name", "problem"),
        [("file:///a%00.wav", "NUL"), ("file:///a%ff.wav", "not UTF-8"), ("https://x.org/a.wav", "nothing is downloaded")],
    )
    def test_that_cannot_be_files_are_refused(self, tmp_path: Path, name: str, problem: str) -> None:
        ((row,), _) = rows(tmp_path, [name])
        assert isinstance(row, BadRow)
        assert problem in row.reason


def test_an_export_is_found_by_its_second_path(tmp_path: Path) -> None:
    touch(tmp_path, f"audio/{DECOMPOSED}")
    (tmp_path / "m.csv").write_text(f"file_name,path\n{COMPOSED},{tmp_path}/audio/{COMPOSED}\ngone.wav,/none/gone.wav\n")
    first, second = read_manifest(tmp_path / "m.csv")
    assert (first.path, second.path) == (str(tmp_path / "audio" / DECOMPOSED), "/none/gone.wav")
