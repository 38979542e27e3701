"""Warnings of an import: a few are named file by file, and many with the same words share a line."""

from __future__ import annotations

from labeler.words.import_warnings import warning_lines


def test_few_files_are_named_one_by_one_and_many_together() -> None:
    dead = [{"file_name": f"{number}.wav", "warning": "1 of its 2 channels is silent and is left out."} for number in range(5)]
    header = [{"file_name": name, "warning": "Its header is wrong."} for name in ("x.wav", "y.wav")]
    assert warning_lines(dead + header) == [
        "warning 0.wav and 4 others: 1 of its 2 channels is silent and is left out.",
        "warning x.wav: Its header is wrong.",
        "warning y.wav: Its header is wrong.",
    ]


def test_nothing_to_warn_of_is_no_line() -> None:
    assert warning_lines([]) == []
