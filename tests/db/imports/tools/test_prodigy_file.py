"""What Prodigy exports is read line by line, with who answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports.handed_over import HandedAnswer, HandedOverRow
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.tools.prodigy_file import read_prodigy
from db.models import Answer

LINE = {
    "audio": "a.wav",
    "path": "a.wav",
    "options": [{"id": "angry", "text": "Angry"}, {"id": "sad", "text": "Sad"}],
    "_input_hash": 1,
    "_task_hash": 2,
    "_session_id": "emotions-ann",
    "_view_id": "choice",
    "_timestamp": 1710021169,
    "accept": ["sad"],
    "answer": "accept",
}


def rows_of(folder: Path, *lines: Any, remarks: Remarks | None = None) -> list[HandedOverRow | BadRow]:
    path = folder / "out.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8")
    return list(read_prodigy(path, remarks=remarks))


def row_of(folder: Path, *lines: Any, remarks: Remarks | None = None) -> HandedOverRow:
    (row,) = rows_of(folder, *lines, remarks=remarks)
    assert isinstance(row, HandedOverRow), row
    return row


def test_an_accepted_option_is_a_label(tmp_path: Path) -> None:
    row = row_of(tmp_path, {**LINE, "speaker": "s1", "meta": {"room": 4}})
    assert row.answers == (HandedAnswer(answer=Answer.LABEL, label="sad", annotator="emotions-ann", given_at=1710021169.0),)
    assert (row.clip.file_name, row.clip.path, row.clip.speaker) == ("a.wav", str(tmp_path / "a.wav"), "s1")
    assert row.clip.extra == {"meta": {"room": 4}}


@pytest.mark.parametrize(
    ("line", "answer", "label"),
    [
        ({"answer": "ignore"}, Answer.SKIP, None),
        ({"answer": "ignore", "accept": []}, Answer.SKIP, None),
        ({"answer": "reject", "accept": []}, Answer.UNSURE, None),
        ({"answer": "accept", "accept": None, "label": "angry"}, Answer.LABEL, "angry"),
        ({"answer": "accept", "accept": [7]}, Answer.LABEL, "7"),
    ],
)
def test_other_answers(tmp_path: Path, line: dict[str, Any], answer: Answer, label: str | None) -> None:
    (given,) = row_of(tmp_path, {**LINE, **line}).answers
    assert (given.answer, given.label) == (answer, label)


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        ({"accept": ["sad", "angry"]}, "1 line has several labels at once"),
        ({"accept": []}, "1 line has no option that was accepted"),
        ({"answer": "reject"}, "1 line has a label that was rejected"),
        ({"answer": "perhaps", "accept": 5}, "1 line has no option that was accepted"),
        ({"answer": None}, None),
    ],
)
def test_what_is_no_answer_is_counted(tmp_path: Path, line: dict[str, Any], remark: str | None) -> None:
    remarks = Remarks()
    assert row_of(tmp_path, {**LINE, **line}, remarks=remarks).answers == ()
    assert [sentence.partition(";")[0] for sentence in remarks.sentences()] == ([] if remark is None else [remark])


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"_annotator_id": "emotions-bob"}, "emotions-bob"),
        ({"_session_id": "emotions-2024-03-09_21-52-49"}, "emotions"),
        ({"_session_id": None}, None),
    ],
)
def test_who_answered(tmp_path: Path, line: dict[str, Any], name: str | None) -> None:
    assert row_of(tmp_path, {**LINE, **line}).answers[0].annotator == name


def test_audio_as_text_has_its_path_beside_it(tmp_path: Path) -> None:
    assert row_of(tmp_path, {**LINE, "audio": "data:audio/wav;base64,UklGRg==", "path": "b.wav"}).clip.file_name == "b.wav"


def test_lines_that_cannot_be_used_are_bad_rows(tmp_path: Path) -> None:
    odd = ['{"audio": ', '{"audio": "a.wav", "start": "soon"}', '{"text": "hello"}', '{"audio": "a\\u0000"}', "[]"]
    rows = rows_of(tmp_path, LINE, *odd, LINE)
    assert [isinstance(row, BadRow) for row in rows] == [False, *[True] * len(odd), False]
    assert [row.reason.split(" ")[:2] for row in rows if isinstance(row, BadRow)] == [["Line", str(n)] for n in range(2, 7)]


@pytest.mark.parametrize("text", ["", "[]", "hello"])
def test_what_is_no_export_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "out.jsonl").write_text(text)
    with pytest.raises(FormatError, match="one JSON object per line; export it with `prodigy db-out`"):
        read_prodigy(tmp_path / "out.jsonl")
