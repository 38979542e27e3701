"""An audiofolder comes in as it went out, and one that somebody else made as `datasets` loads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow
from db.imports.remarks import Remarks
from db.imports.tools.audiofolder import read_audiofolder
from db.models import Answer
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF, make_awkward_project


def rows_of(folder: Path, **options: str) -> list[HandedOverRow]:
    rows = list(read_audiofolder(folder, **options))  # type: ignore[arg-type]
    assert [row for row in rows if isinstance(row, BadRow)] == []
    return [row for row in rows if isinstance(row, HandedOverRow)]


def label(row: HandedOverRow) -> str | None:
    (answer,) = row.answers
    assert answer.answer == Answer.LABEL
    return answer.label


def touched(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


class TestWhatEarmarkExported:
    def test_comes_in_as_it_went_out(self, tmp_path: Path) -> None:
        project = make_awkward_project(tmp_path)
        export_project(project, "audiofolder", tmp_path / "out", choice=ExportChoice(audio=AudioAs.COPY))
        project.close()
        rows = {row.clip.file_name + str(row.clip.start): row for row in rows_of(tmp_path / "out")}
        for number, given in enumerate(CLIPS, start=1):
            # Whole files have a span, too, because others have one.
            (row,) = (
                row
                for row in rows.values()
                if row.clip.file_name == given.name and (given.span is None or row.clip.start == given.span[0])
            )
            clip = row.clip
            assert (clip.speaker, clip.split, clip.transcript) == (given.speaker, given.split, f"Line {given.content}\nof text")
            assert (clip.extra, clip.label) == ({"room": "1e3"}, None)
            assert Path(clip.path).read_bytes() == (tmp_path / f"{given.content}.wav").read_bytes()
            assert {(each.annotator, each.label) for each in row.answers} >= {
                ("file", LABEL_OF[number]),
                ("Ann", LABEL_OF[number]),
            }
        by_annotator = {each.annotator: each for each in rows["#.wav0.0"].answers}
        assert (by_annotator["nan"].label, by_annotator["Bob"].answer, by_annotator["Bob"].label) == ("007", Answer.SKIP, None)
        assert all(each.given_at and each.uuid for each in by_annotator.values())
        gold = [each.annotator for each in rows["%41.wav0.0"].answers if each.gold]
        assert gold == ["Rev"]

    def test_cut_clips_come_in_as_files_of_their_own(self, tmp_path: Path) -> None:
        project = make_awkward_project(tmp_path)
        export_project(project, "audiofolder", tmp_path / "out")
        project.close()
        (row,) = (row for row in rows_of(tmp_path / "out") if row.clip.extra.get("source_start") == 0.25)
        assert (row.clip.file_name, row.clip.start) == ("train/audio/long_0.250-0.500.wav", None)
        assert row.clip.extra["source"] == "long.wav"

    def test_a_prediction_is_a_suggestion_and_no_answer(self, tmp_path: Path) -> None:
        line = {
            "file_name": "a.wav",
            "label": "sad",
            "source": "a.wav",
            "kind": "predicted",
            "prediction": json.dumps({"label": "sad", "score": 0.75, "origin": "earmark run 3"}),
        }
        (tmp_path / "metadata.jsonl").write_text(json.dumps(line))
        (row,) = rows_of(tmp_path)
        assert (row.answers, row.suggestions) == ((), (HandedSuggestion(label="sad", score=0.75, origin="earmark run 3"),))


class TestMetadata:
    def test_of_each_split_lists_its_clips(self, tmp_path: Path) -> None:
        for split in ("train", "val_2", "my test"):
            (tmp_path / split).mkdir()
            (tmp_path / split / "metadata.csv").write_text('file_name,label,room\na.wav,nan,"two\nlines"\n')
        rows = rows_of(tmp_path)
        assert [(row.clip.file_name, row.clip.split, label(row)) for row in rows] == [
            ("my test/a.wav", "test", "nan"),
            ("train/a.wav", "train", "nan"),
            ("val_2/a.wav", "validation", "nan"),
        ]
        assert rows[0].clip.path == str(tmp_path / "my test" / "a.wav")
        assert rows[0].clip.extra == {"room": "two\nlines"}

    def test_may_call_its_labels_otherwise_and_number_them(self, tmp_path: Path) -> None:
        (tmp_path / "metadata.jsonl").write_text(
            '{"file_name": "a.wav", "emotion": 3}\n{"file_name": "b.wav", "emotion": null}\n'
        )
        first, second = rows_of(tmp_path, label_column="emotion")
        assert (label(first), second.answers) == ("3", ())

    @pytest.mark.parametrize(
        "answers",
        [
            '"x"',
            '"[{]"',
            '"[1]"',
            '"[{}]"',
            '"[{\\"answer\\": \\"undo\\"}]"',
            '"[{\\"answer\\": \\"label\\"}]"',
            "[1]",
            "{}",
            "7",
        ],
    )
    def test_that_holds_other_answers_keeps_them_as_a_column(self, tmp_path: Path, answers: str) -> None:
        (tmp_path / "metadata.jsonl").write_text(f'{{"file_name": "a.wav", "label": "sad", "answers": {answers}}}')
        (row,) = rows_of(tmp_path)
        assert row.answers == (HandedAnswer(answer=Answer.LABEL, label="sad"),)
        assert row.clip.extra == {"answers": json.loads(answers)}

    def test_that_is_damaged_costs_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "metadata.jsonl").write_text(
            '{"file_name": "a.wav"\n{"file_name": "b.wav", "label": true}\n{"file_name": "c.wav"}'
        )
        bad, worse, good = read_audiofolder(tmp_path)
        assert isinstance(bad, BadRow)
        assert isinstance(worse, BadRow)
        assert worse.reason == "Line 2 has 'True' as label; give a text."
        assert isinstance(good, HandedOverRow)

    def test_as_csv_beside_jsonl_is_remarked_on(self, tmp_path: Path) -> None:
        (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.wav"}')
        (tmp_path / "metadata.csv").write_text("file_name\nb.wav\n")
        remarks = Remarks()
        assert len(list(read_audiofolder(tmp_path, remarks=remarks))) == 1
        assert remarks.sentences() == ["Beside 1 metadata.jsonl lies a metadata.csv, which is not read."]

    def test_as_parquet_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "metadata.parquet").touch()
        with pytest.raises(FormatError, match=r"metadata\.parquet cannot be read; save it as metadata\.jsonl"):
            list(read_audiofolder(tmp_path))

    def test_in_hidden_folders_is_skipped(self, tmp_path: Path) -> None:
        (tmp_path / ".cache").mkdir()
        (tmp_path / ".cache" / "metadata.jsonl").write_text("{")
        assert rows_of(tmp_path) == []


class TestFolders:
    def test_are_labels_below_splits(self, tmp_path: Path) -> None:
        touched(tmp_path, "train/sad/a.wav", "train/nan/train_01.wav", "test/sad/b.wav", "train/readme.txt")
        assert [(row.clip.file_name, row.clip.split, label(row)) for row in rows_of(tmp_path)] == [
            ("test/sad/b.wav", "test", "sad"),
            ("train/nan/train_01.wav", "train", "nan"),
            ("train/sad/a.wav", "train", "sad"),
        ]

    def test_are_labels_without_splits(self, tmp_path: Path) -> None:
        touched(tmp_path, "sad/a.wav", "angry/train_01.wav")
        assert [(row.clip.split, label(row)) for row in rows_of(tmp_path)] == [(None, "angry"), (None, "sad")]

    @pytest.mark.parametrize(
        "names",
        [("sad/a.wav", "sad/b.wav"), ("sad/a.wav", "x/angry/b.wav"), ("a.wav", "sad/b.wav"), ("train/a.wav", "test/b.wav")],
        ids=["one folder", "several depths", "files beside folders", "splits"],
    )
    def test_are_no_labels_where_datasets_sees_none(self, tmp_path: Path, names: tuple[str, str]) -> None:
        touched(tmp_path, *names)
        assert [row.answers for row in rows_of(tmp_path)] == [(), ()]

    def test_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match="none is no folder; name the folder that holds the data set"):
            read_audiofolder(tmp_path / "none")
