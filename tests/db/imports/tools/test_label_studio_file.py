"""What Label Studio exports is read with all its annotators, in both of its JSON forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.tools.label_studio_file import read_label_studio
from db.models import Answer


def choices(*labels: Any, name: str = "emotion", **region: float) -> dict[str, Any]:
    return {"id": "x", "from_name": name, "to_name": "audio", "type": "choices", "value": {"choices": [*labels], **region}}


def annotation(*labels: Any, by: Any = 3, **more: Any) -> dict[str, Any]:
    made = {"created_at": "2024-03-09T21:52:49.513742Z", "updated_at": "2024-03-10T00:00:00Z", "lead_time": 4.25}
    return {"id": 1, "completed_by": by, "was_cancelled": False, **made, "result": [choices(*labels)], **more}


def task(*annotations: Any, data: Any = None, **more: Any) -> dict[str, Any]:
    data = {"audio": "/data/upload/3/5ab12c34-a.wav"} if data is None else data
    return {"id": 7, "data": data, "annotations": [*annotations], "drafts": [], "predictions": [], **more}


def rows_of(folder: Path, tasks: Any, *, remarks: Remarks | None = None, **options: Any) -> list[HandedOverRow | BadRow]:
    path = folder / "project-1.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return list(read_label_studio(path, remarks=remarks, **options))


def row_of(folder: Path, *tasks: Any, **options: Any) -> HandedOverRow:
    (row,) = rows_of(folder, [*tasks], **options)
    assert isinstance(row, HandedOverRow), row
    return row


class TestJson:
    def test_an_annotation_is_an_answer(self, tmp_path: Path) -> None:
        unique = "0b3c7a52-5f5e-4d64-9b6c-0a6f3f1c9d10"
        made = annotation("angry", by={"id": 3, "email": "ann@example.org"}, ground_truth=True, unique_id=unique)
        row = row_of(tmp_path, task(made))
        assert row.answers == (
            HandedAnswer(
                answer=Answer.LABEL,
                label="angry",
                annotator="ann@example.org",
                gold=True,
                given_at=1710021169.513742,
                uuid=unique,
                seconds=4.25,
            ),
        )

    def test_people_who_disagree_stay_apart(self, tmp_path: Path) -> None:
        skipped = annotation(by=4, was_cancelled=True, result=[])
        row = row_of(tmp_path, task(annotation("angry", by=3), skipped, annotation("sad", by="Cem")))
        assert [(given.annotator, given.answer.value, given.label) for given in row.answers] == [
            ("user 3", "label", "angry"),
            ("user 4", "skip", None),
            ("Cem", "label", "sad"),
        ]

    @pytest.mark.parametrize(
        ("by", "name"),
        [
            (None, None),
            (5, "user 5"),
            (True, None),
            ({"id": 5}, "user 5"),
            ({"id": 5, "first_name": "Ann", "last_name": "Lee", "email": ""}, "Ann Lee"),
            ("a@b.c", "a@b.c"),
            ([1], None),
        ],
    )
    def test_annotators_have_numbers_names_or_addresses(self, tmp_path: Path, by: Any, name: str | None) -> None:
        assert row_of(tmp_path, task(annotation("sad", by=by))).answers[0].annotator == name

    def test_predictions_are_suggestions(self, tmp_path: Path) -> None:
        predictions = [
            {"model_version": "wav2vec 2", "score": 0.75, "result": [choices("sad")]},
            {"score": 12, "result": [choices("happy")]},
            {"score": 0.5, "result": []},
        ]
        row = row_of(tmp_path, task(predictions=predictions))
        assert row.answers == ()
        assert row.suggestions == (
            HandedSuggestion(label="sad", origin="wav2vec 2", score=0.75),
            HandedSuggestion(label="happy", origin="label-studio", score=None),
        )

    def test_data_become_the_clip(self, tmp_path: Path) -> None:
        (tmp_path / "a.wav").touch()
        data = {"audio": "a.wav", "speaker": "s1", "transcript": " Hi ", "start": 1, "end": "2.5", "room": 4, "label": "old"}
        clip = row_of(tmp_path, task(annotation("sad"), data=data)).clip
        assert (clip.file_name, clip.path, clip.start, clip.end) == ("a.wav", str(tmp_path / "a.wav"), 1.0, 2.5)
        assert (clip.speaker, clip.transcript, clip.label) == ("s1", " Hi ", None)
        assert clip.extra == {"room": 4, "label": "old"}

    def test_uploads_are_found_in_the_folder_of_the_audio(self, tmp_path: Path) -> None:
        (tmp_path / "media").mkdir()
        (tmp_path / "media" / "a.wav").touch()
        clip = row_of(tmp_path, task(annotation("sad")), audio_folder=tmp_path / "media").clip
        assert (clip.file_name, clip.path) == ("upload/3/5ab12c34-a.wav", str(tmp_path / "media" / "a.wav"))
        assert clip.if_missing is None
        missing = row_of(tmp_path, task(annotation("sad"))).clip.if_missing
        assert "--audio-folder" in str(missing)

    def test_began_from_a_prediction_is_an_answer_with_a_hint(self, tmp_path: Path) -> None:
        assert row_of(tmp_path, task(annotation("sad", parent_prediction=9))).answers[0].suggestion_shown

    @pytest.mark.parametrize("label", ["nan", "NA", "True", "007", "1e3", "validation", "skip", "unsure", "<b>", "🐦"])
    def test_labels_stay_as_they_are(self, tmp_path: Path, label: str) -> None:
        (given,) = row_of(tmp_path, task(annotation(label))).answers
        assert (given.answer, given.label) == (Answer.LABEL, label)

    def test_what_is_no_label_of_the_clip_is_counted(self, tmp_path: Path) -> None:
        remarks = Remarks()
        several, none = annotation("a", "b"), annotation(result=[])
        region = annotation(result=[choices("a", start=1.0, end=2.0), {"type": "textarea", "value": {"text": ["hi"]}}, 5])
        row = row_of(tmp_path, task(several, none, region, "odd", drafts=[{"result": []}]), remarks=remarks)
        assert row.answers == ()
        assert remarks.sentences() == [
            "1 task has a draft; only what was submitted is an answer.",
            "1 annotation or prediction has several labels at once; no answer was taken of them.",
            "2 annotations or predictions have no choice for the whole clip; no answer was taken of them.",
            "1 annotation or prediction has labels of parts of a file; these are not read.",
        ]


class TestWhichChoicesAndWhichAudio:
    TWO = task(annotation(result=[choices("sad"), choices("good", name="quality")]))

    def test_several_choices_must_be_named(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=r"several choices \('emotion', 'quality'\); name .* with --label-column"):
            rows_of(tmp_path, [self.TWO])
        assert row_of(tmp_path, self.TWO, choices="quality").answers[0].label == "good"
        with pytest.raises(FormatError, match=r"has no choices 'mood'; name one of: 'emotion', 'quality'"):
            rows_of(tmp_path, [self.TWO], choices="mood")

    @pytest.mark.parametrize(
        "data",
        [
            {"wav": "x.wav", "note": "hello"},
            {"$undefined$": "/data/local-files/?d=x"},
            {"url": "https://a.example/x.mp3?t=1"},
            {"audio": "x", "other": "y.wav"},
        ],
    )
    def test_the_audio_is_found_under_any_key(self, tmp_path: Path, data: dict[str, str]) -> None:
        assert row_of(tmp_path, task(annotation("sad"), data=data)).clip.file_name.startswith("x")

    def test_an_unclear_key_must_be_named(self, tmp_path: Path) -> None:
        unclear = task(annotation("sad"), data={"left": "l.wav", "right": "r.wav"})
        with pytest.raises(FormatError, match=r"several files \('left', 'right'\); name the key of the audio with --audio-key"):
            rows_of(tmp_path, [unclear])
        assert row_of(tmp_path, unclear, audio_key="right").clip.file_name == "r.wav"
        with pytest.raises(FormatError, match="names a file of audio"):
            rows_of(tmp_path, [task(data={"text": "hello"})])
        with pytest.raises(FormatError, match="has 'sound' in its data"):
            rows_of(tmp_path, [unclear], audio_key="sound")


class TestJsonMin:
    MIN: dict[str, Any] = {  # noqa: RUF012 (a constant)
        "audio": "/data/upload/3/5ab12c34-a.wav",
        "speaker": "s1",
        "id": 7,
        "emotion": "sad",
        "annotator": 3,
        "annotation_id": 11,
        "created_at": "2024-03-09T21:52:49Z",
        "updated_at": "2024-03-09T21:52:49Z",
        "lead_time": 4.25,
    }

    def test_an_object_is_an_answer(self, tmp_path: Path) -> None:
        row = row_of(tmp_path, self.MIN)
        (given,) = row.answers
        assert (given.label, given.annotator, given.seconds, given.given_at) == ("sad", "user 3", 4.25, 1710021169.0)
        assert (row.clip.speaker, row.clip.extra) == ("s1", {})

    def test_several_labels_at_once_are_no_answer(self, tmp_path: Path) -> None:
        remarks = Remarks()
        assert row_of(tmp_path, {**self.MIN, "emotion": {"choices": ["a", "b"]}}, remarks=remarks).answers == ()
        assert "several labels" in remarks.sentences()[0]

    def test_a_text_beside_the_choices_must_be_told_apart(self, tmp_path: Path) -> None:
        mixed = {"audio": "a.wav", "id": 1, "emotion": "sad", "words": "hello", "annotator": 3}
        with pytest.raises(FormatError, match=r"\('emotion', 'words'\)"):
            rows_of(tmp_path, [mixed])
        assert row_of(tmp_path, mixed, choices="emotion").answers[0].label == "sad"


class TestHostile:
    @pytest.mark.parametrize(
        ("tasks", "problem"),
        [
            ({"a": 1}, "is no JSON list of tasks"),
            ([], "holds no task"),
            ([5], "task 1 is no JSON object"),
        ],
    )
    def test_what_is_no_export_is_one_sentence(self, tmp_path: Path, tasks: Any, problem: str) -> None:
        with pytest.raises(FormatError, match=problem):
            rows_of(tmp_path, tasks)

    def test_a_damaged_file_gives_no_row(self, tmp_path: Path) -> None:
        path = tmp_path / "cut.json"
        path.write_text(json.dumps([task(annotation("sad"))] * 3)[:-20])
        with pytest.raises(FormatError, match="ends or is damaged in task 3"):
            read_label_studio(path)

    @pytest.mark.parametrize(
        "odd",
        [
            task(data=[1]),
            task(data={}),
            task(data={"audio": 5}),
            task(data={"audio": "a\0.wav"}),
            task(data={"audio": "a.wav", "start": "soon"}),
            task(data={"audio": "a.wav", "start": 2, "end": 1}),
            task(data={"audio": "a.wav", "speaker": {}}),
            task(data={"audio": "a.wav", "speaker": "\ud800"}),
            task(data={"audio": "data:audio/wav;base64,UklGRg=="}),
            task(data={"audio": "a.wav", "deep": json.loads("[" * 50 + "]" * 50)}),
            task(data={"audio": "x" * 5000}),
        ],
    )
    def test_a_task_that_cannot_be_used_is_a_bad_row(self, tmp_path: Path, odd: Any) -> None:
        fine = task(annotation("sad"))
        bad, row = rows_of(tmp_path, [odd, fine])
        assert isinstance(bad, BadRow)
        assert bad.reason.startswith("Task 1 ")
        assert bad.reason.endswith(".")
        assert isinstance(row, HandedOverRow)

    @pytest.mark.parametrize(
        "odd",
        [
            {"annotations": 5},
            {"annotations": [{"result": "x"}, {"result": [{"type": "choices", "value": 5}]}, None]},
            {"annotations": [{"result": [choices({"a": 1}, None, True)]}]},
            {"predictions": {"result": 5}},
        ],
    )
    def test_odd_annotations_are_no_answers(self, tmp_path: Path, odd: dict[str, Any]) -> None:
        row = row_of(tmp_path, {**task(), **odd}, choices="emotion")
        assert (row.answers, row.suggestions) == ((), ())

    @pytest.mark.parametrize(("value", "kept"), [("soon", None), (-5, None), (1e300, None), (True, None), (1.5e9, 1.5e9)])
    def test_odd_times_are_unknown(self, tmp_path: Path, value: Any, kept: float | None) -> None:
        assert row_of(tmp_path, task(annotation("sad", created_at=value))).answers[0].given_at == kept
