"""Imports: manifests of all sorts, folders, and files of answers."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from db.errors import FormatError
from db.imports.annotation_file import read_annotations
from db.imports.folder import read_folder
from db.imports.manifest import BadRow, SourceRow, read_manifest
from db.models import Answer


def rows_of(path: Path, content: str | bytes) -> list[SourceRow | BadRow]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_manifest(path))


def names_of(path: Path, content: str | bytes) -> list[str]:
    return [row.file_name for row in rows_of(path, content) if isinstance(row, SourceRow)]


class TestManifest:
    @pytest.mark.parametrize("column", ["file_name", "file", "path", "audio_filepath", "File_Name", " PATH "])
    def test_names_its_files_in_several_ways(self, tmp_path: Path, column: str) -> None:
        assert names_of(tmp_path / "m.csv", f"{column},label\na.wav,sad\n") == ["a.wav"]

    def test_may_begin_with_empty_lines(self, tmp_path: Path) -> None:
        (row,) = rows_of(tmp_path / "m.csv", "\n\nfile_name,label\na.wav,sad\n")
        assert (row.number, row.file_name) == (4, "a.wav")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    def test_is_read_in_any_usual_encoding(self, tmp_path: Path, encoding: str, line_end: str) -> None:
        text = line_end.join(["file_name,transcript", "Übung 1.wav,naïve café", "b.wav,x", ""])
        assert names_of(tmp_path / "m.csv", text.encode(encoding)) == ["Übung 1.wav", "b.wav"]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("suffix", ["csv", "tsv", "txt"])
    def test_is_read_with_any_delimiter(self, tmp_path: Path, delimiter: str, suffix: str) -> None:
        text = "\n".join(delimiter.join(row) for row in [['"file_name"', "label"], ['"a, b; c.wav"', "sad"]])
        assert names_of(tmp_path / f"m.{suffix}", text) == ["a, b; c.wav"]

    def test_gives_paths_relative_to_itself(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        rows = rows_of(tmp_path / "sub" / "m.csv", "file_name\na.wav\n./b.wav\n../c.wav\n/d/e.wav\n")
        assert [row.path for row in rows] == [
            str(tmp_path / "sub" / "a.wav"), str(tmp_path / "sub" / "b.wav"), str(tmp_path / "c.wav"), "/d/e.wav",
        ]  # fmt: skip

    def test_keeps_every_other_column(self, tmp_path: Path) -> None:
        text = "file_name,label,start,end,speaker,transcript,split,room,\na.wav,sad,0.5,2,s1, Hi ,dev,kitchen,7\n"
        (row,) = rows_of(tmp_path / "m.csv", text)
        assert isinstance(row, SourceRow)
        assert (row.label, row.start, row.end, row.speaker, row.transcript, row.split) == ("sad", 0.5, 2.0, "s1", " Hi ", "dev")
        assert row.extra == {"room": "kitchen", "column 9": "7"}

    def test_reads_json_lines(self, tmp_path: Path) -> None:
        lines = [{"audio_filepath": "a.wav", "label": 3, "start": 1, "end": None, "tags": ["x", {"y": 1}]}, {"file": "b.wav"}]
        first, second = rows_of(tmp_path / "m.jsonl", "\n\n".join(json.dumps(line) for line in lines))
        assert isinstance(first, SourceRow)
        assert (first.label, first.start, first.end, first.extra) == ("3", 1.0, None, {"tags": ["x", {"y": 1}]})
        assert (second.file_name, second.number) == ("b.wav", 3)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("", "is empty"),
            ("\n \n", "is empty"),
            (
                "name,label\na.wav,sad\n",
                r"has no column file_name \(or file, path, audio_filepath\); the columns found are: 'name', 'label'",
            ),
            ("file_name,label,label\na.wav,sad,sad\n", "has the column 'label' twice"),
            ('[{"file_name": "a.wav"}]', "one JSON object per line"),
            (b"PK\x03\x04\x00\x00\x08\x00" + bytes(range(256)) * 20, "has no column|cannot be read"),
        ],
    )
    def test_without_usable_content_is_refused(self, tmp_path: Path, content: str | bytes, problem: str) -> None:
        with pytest.raises(FormatError, match=problem):
            rows_of(tmp_path / "m.jsonl", content)

    def test_that_cannot_be_opened_is_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for name, problem in (("none.csv", "does not exist"), ("pipe", "not a regular file"), ("a\0b.csv", "cannot be read")):
            with pytest.raises(FormatError, match=problem):
                read_manifest(tmp_path / name)

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ("a.wav,0", "has 2 fields, but the header has 3"),
            ("a.wav,0,1,2", "has 4 fields, but the header has 3"),
            (",0,1", "has no file name"),
            ("a.wav,-1,1", "0 or more"),
            ("a.wav,nan,1", "0 or more"),
            ("a.wav,0,inf", "0 or more"),
            ("a.wav,zero,1", "seconds as a number"),
            ("a.wav,2,1", "not after its start"),
            ("a.wav,1,1", "not after its start"),
            ("https://example.org/a.wav,0,1", "nothing is downloaded"),
            ("a\0b.wav,0,1", "NUL"),
            (b"caf\xe9.wav,0,1", "not UTF-8"),
            ("a" * 2000 + ".wav,0,1", "shorten it"),
            ("a.wav," + "0" * 140_000 + ",1", "longer than 131072 characters"),
            ('"a.wav,0,1', "never closed|quotes do not match"),
            ('"a.wav"x,0,1', "quotes do not match"),
        ],
    )
    def test_loses_only_the_bad_line(self, tmp_path: Path, line: str | bytes, problem: str) -> None:
        raw = line.encode() if isinstance(line, str) else line
        rows = rows_of(
            tmp_path / "m.csv", b"file_name,start,end\nfirst.wav,0,1\n" + raw + b'\n"last, but one.wav",0,1\nlast.wav,,\n'
        )
        assert [row.file_name for row in rows if isinstance(row, SourceRow)] == ["first.wav", "last, but one.wav", "last.wav"]
        (bad,) = [row for row in rows if isinstance(row, BadRow)]
        assert bad.number == 3
        assert re.search(f"^Line 3 .*({problem})", bad.reason)

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            ('{"file_name": "a.wav"', "is not JSON"),
            ('["a.wav"]', "is not a JSON object"),
            ('{"speaker": "s"}', "names no file"),
            ('{"file_name": 7}', "has no file name"),
            ('{"file_name": "a.wav", "start": true}', "seconds as a number"),
            ('{"file_name": "a.wav", "end": NaN}', "is not JSON"),
            ('{"file_name": "a.wav", "gain": 1e999}', "is not JSON"),
            ('{"file_name": "a.wav", "label": ["x"]}', "give a text"),
            ('{"file_name": "a\\u0000.wav"}', "NUL"),
            ('{"file_name": "a.wav", "note": "\\ud800"}', "not UTF-8"),
            ('{"file_name": "a.wav", "deep": ' + "[" * 5000 + "]" * 5000 + "}", "nested"),
            ('{"file_name": "a.wav", "deep": ' + "[" * 100 + "]" * 100 + "}", "nested"),
            ('{"file_name": "a.wav", "start": ' + "9" * 5000 + "}", "is not JSON"),
            ('{"file_name": "a.wav", "start": ' + "9" * 4000 + "}", "seconds as a number"),
        ],
    )
    def test_loses_only_the_bad_json_line(self, tmp_path: Path, line: str, problem: str) -> None:
        rows = rows_of(tmp_path / "m.jsonl", '{"file_name": "first.wav"}\n' + line + '\n{"file_name": "last.wav"}\n')
        assert [row.file_name for row in rows if isinstance(row, SourceRow)] == ["first.wav", "last.wav"]
        (bad,) = [row for row in rows if isinstance(row, BadRow)]
        assert problem in bad.reason

    def test_names_the_line_where_no_file_is_named(self, tmp_path: Path) -> None:
        (row,) = rows_of(tmp_path / "m.csv", "file_name,label\n,sad\n")
        assert (row.file_name, row.path) == ("line 2 of m.csv", str(tmp_path / "m.csv"))

    def test_in_tsv_quotation_marks_may_be_plain_text(self, tmp_path: Path) -> None:
        rows = rows_of(tmp_path / "m.tsv", 'file\ttranscript\na.wav\t"Hello" he said\nb.wav\t"Who\nc.wav\t"is\tit\n')
        assert [row.transcript for row in rows if isinstance(row, SourceRow)] == ['"Hello" he said', '"Who']
        assert [row.number for row in rows if isinstance(row, BadRow)] == [4]


class TestFolder:
    def test_lists_audio_by_name_in_order(self, tmp_path: Path) -> None:
        for name in ("b/2.WAV", "b/1.flac", "a/x y.mp3", "top.ogg", "README.txt", ".hidden/x.wav", "b/.x.wav", "b/c/3.m4a"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        rows = [row for row in read_folder(tmp_path, labels_from_folders=True) if isinstance(row, SourceRow)]
        assert [(row.file_name, row.label) for row in rows] == [
            ("top.ogg", None), ("a/x y.mp3", "a"), ("b/1.flac", "b"), ("b/2.WAV", "b"), ("b/c/3.m4a", "c"),
        ]  # fmt: skip
        assert rows[1].path == str(tmp_path / "a" / "x y.mp3")

    def test_skips_the_folders_that_a_project_keeps(self, tmp_path: Path) -> None:
        for name in ("a.wav", "cache/audio/1.wav", "sub/cache/b.wav", "earmark.toml"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        assert [row.file_name for row in read_folder(tmp_path)] == ["a.wav", "sub/cache/b.wav"]

    def test_follows_links_once_and_ends_in_loops(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        for name in ("root/z", "elsewhere"):
            (tmp_path / name).mkdir(parents=True)
        (root / "z" / "1.wav").touch()
        (tmp_path / "elsewhere" / "2.wav").touch()
        (root / "a").symlink_to(root / "z")
        (root / "loop").symlink_to(root)
        (root / "out").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "back").symlink_to(root)
        (root / "self").symlink_to(root / "self")
        assert [row.file_name for row in read_folder(root)] == ["z/1.wav", "out/2.wav"]

    @pytest.mark.parametrize("place", ["/proc", "/proc/self", "/sys"])
    def test_does_not_search_what_the_kernel_shows_as_files(self, tmp_path: Path, place: str) -> None:
        (tmp_path / "a.wav").touch()
        (tmp_path / "odd").symlink_to(place)
        first, second = read_folder(tmp_path)
        assert (first.file_name, second.file_name) == ("a.wav", "odd")
        assert isinstance(second, BadRow)
        assert "a file system of the kernel" in second.reason
        with pytest.raises(FormatError, match="a file system of the kernel"):
            read_folder(Path(place))

    def test_does_not_follow_links_to_what_lies_around_it(self, tmp_path: Path) -> None:
        root = tmp_path / "set" / "root"
        (root / "sub").mkdir(parents=True)
        for name in ("root/a.wav", "other.wav"):
            (tmp_path / "set" / name).touch()
        (root / "sub" / "up").symlink_to(tmp_path / "set")
        (root / "top").symlink_to("/")
        (root / "top by another way").symlink_to("/proc/self/root")
        rows = list(read_folder(root))
        assert [row.file_name for row in rows if isinstance(row, SourceRow)] == ["a.wav"]
        bad = [row for row in rows if isinstance(row, BadRow)]
        assert [row.file_name for row in bad] == ["top", "top by another way", "sub/up"]
        assert all("contains the imported one" in row.reason for row in bad)

    def test_ends_even_if_the_folders_do_not(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("db.imports.folder.MOST_FOLDERS", 5)
        for number in range(9):
            (tmp_path / str(number)).mkdir()
        with pytest.raises(FormatError, match="more than 5 folders"):
            list(read_folder(tmp_path))

    def test_rejects_names_that_are_not_utf_8(self, tmp_path: Path) -> None:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")).touch()
        (row,) = read_folder(tmp_path)
        assert isinstance(row, BadRow)
        assert row.file_name == "caf\\xe9.wav"
        assert "rename it" in row.reason

    def test_survives_a_tree_with_paths_that_are_too_long(self, tmp_path: Path) -> None:
        here = os.open(tmp_path, os.O_RDONLY)
        for _ in range(50):
            os.mkdir("d" * 100, dir_fd=here)
            below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        (row,) = read_folder(tmp_path)
        assert isinstance(row, BadRow)
        assert "cannot be read" in row.reason

    def test_that_is_missing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="cannot be read"):
            read_folder(tmp_path / "none")


class TestAnnotationFile:
    def test_names_clips_by_number_or_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "answers.csv"
        path.write_text("clip,file_name,start,end,label\n7,,,,sad\n,a.wav,1,2.5, happy \n")
        first, second = read_annotations(path)
        assert (first.clip_id, first.file_name, first.label) == (7, None, "sad")
        assert (second.clip_id, second.file_name, second.start, second.end, second.label) == (None, "a.wav", 1.0, 2.5, "happy")

    def test_may_hold_unsure_or_skip(self, tmp_path: Path) -> None:
        path = tmp_path / "answers.jsonl"
        path.write_text(
            '{"clip": 1, "label": null, "answer": "skip"}\n{"clip": 2, "answer": "unsure"}\n{"clip": 3, "label": 5}\n'
        )
        assert [(row.answer, row.label) for row in read_annotations(path)] == [
            (Answer.SKIP, None), (Answer.UNSURE, None), (Answer.LABEL, "5"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("clip\n7\n", "has no column label"),
            ("label\nsad\n", r"has no column clip \(or file_name\)"),
            ("clip,label\n7\n", "line 2 has 1 fields"),
            ("clip,label\n,sad\n", "line 2 names no clip"),
            ("clip,label\nseven,sad\n", "'seven' as clip"),
            ("clip,label\n-7,sad\n", "'-7' as clip"),
            ("clip,label\n99999999999999999999,sad\n", "as clip"),
            ("clip,label\n7,\n", "line 2 has no label"),
            ("file_name,start,label\na.wav,soon,sad\n", "'soon' as start"),
            ('{"clip": 1.5, "label": "sad"}\n', "'1.5' as clip"),
            ('{"clip": 1, "label": ["sad"]}\n', "as label"),
            ('{"file_name": 1, "label": "sad"}\n', "as file_name"),
        ],
    )
    def test_with_a_bad_line_is_refused(self, tmp_path: Path, content: str, problem: str) -> None:
        path = tmp_path / "answers.csv"
        path.write_text(content)
        with pytest.raises(FormatError, match=problem):
            list(read_annotations(path))


def test_a_tab_in_a_message_is_printable(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text('file_name\tlabel\n"a.wav"x\tb\tc\n')
    (row,) = read_manifest(tmp_path / "m.tsv")
    assert isinstance(row, BadRow)
    assert row.reason == r"""Line 2 cannot be read (its quotes do not match: '\t' expected after '"')."""
