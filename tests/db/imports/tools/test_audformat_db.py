"""A database of audformat comes in as it went out, and one that audformat itself wrote as it means it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from db.errors import FormatError
from db.exports.choice import ExportChoice, RowsOf
from db.imports.handed_over import HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow
from db.imports.tools.audformat_db import read_audformat
from db.models import Answer, Suggestion
from db.records.labels import label_by_name
from learner.handover.export import export_project
from tests.db.exports.formats.awkward import CLIPS, LABEL_OF, make_awkward_project

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
audformat = pytest.importorskip("audformat")


def rows_of(folder: Path, **options: str) -> list[HandedOverRow]:
    rows = list(read_audformat(folder, **options))  # type: ignore[arg-type]
    assert [row for row in rows if isinstance(row, BadRow)] == []
    return [row for row in rows if isinstance(row, HandedOverRow)]


def given_to(row: HandedOverRow) -> dict[str | None, str | None]:
    return {answer.annotator: answer.label for answer in row.answers}


class TestWhatEarmarkExported:
    @pytest.mark.parametrize("rows", list(RowsOf))
    def test_comes_in_as_it_went_out(self, tmp_path: Path, rows: RowsOf) -> None:
        project = make_awkward_project(tmp_path)
        export_project(project, "audformat", tmp_path / "out", choice=ExportChoice(rows=rows))
        project.close()
        found = {(row.clip.file_name, row.clip.start): row for row in rows_of(tmp_path / "out")}
        assert len(found) == len(CLIPS)
        for number, given in enumerate(CLIPS, start=1):
            row = found[given.name, given.span[0] if given.span else 0.0]
            split = "dev" if given.split == "validation" else given.split
            assert (row.clip.speaker, row.clip.split, row.clip.extra) == (given.speaker, split, {"room": "1e3"})
            assert row.clip.transcript == f"Line {given.content}\nof text"
            assert Path(row.clip.path).read_bytes() == (tmp_path / f"{given.content}.wav").read_bytes()
            if rows == RowsOf.CONSENSUS:
                assert given_to(row) == {None: LABEL_OF[number]}
            else:
                assert given_to(row).items() >= {"file": LABEL_OF[number], "Ann": LABEL_OF[number]}.items()
        if rows == RowsOf.DECISIONS:
            first, second = found["#.wav", 0.0], found["%41.wav", 0.0]
            assert given_to(first) == {"Ann": "nan", "Bob": None, "file": "nan", "nan": "007"}
            assert {each.annotator: each.answer for each in first.answers}["Bob"] == Answer.SKIP
            assert {each.annotator: each.answer for each in second.answers}["Bob"] == Answer.UNSURE
            assert [each.annotator for each in second.answers if each.gold] == ["Rev"]
            assert all(each.given_at for each in first.answers)

    def test_predictions_are_suggestions_and_no_answers(self, tmp_path: Path) -> None:
        project = make_awkward_project(tmp_path)
        with project.write() as session:
            suggested = label_by_name(session, "007").id
            session.add(Suggestion(clip_id=1, label_id=suggested, score=0.5, origin="other", created_at=1.0))
        export_project(project, "audformat", tmp_path / "out")
        project.close()
        (row,) = (row for row in rows_of(tmp_path / "out") if row.clip.file_name == "#.wav")
        assert row.suggestions == (HandedSuggestion(label="007", score=0.5, origin="other"),)
        assert given_to(row) == {None: "nan"}


def emodb(folder: Path, *, storage: str, labels: Any = ("anger", "nan")) -> None:
    """A database as audformat's documentation makes one: labels by a rater and a machine, speakers in another table."""
    database = audformat.Database("emodb", "https://example.org", audformat.define.Usage.OTHER)
    database.raters["ann"] = audformat.Rater()
    database.raters["net"] = audformat.Rater("machine")
    database.schemes["emotion"] = audformat.Scheme(labels=list(labels))
    database.schemes["gender"] = audformat.Scheme(labels=["female", "male"])
    database.schemes["speaker"] = audformat.Scheme("int")
    database.splits["test"] = audformat.Split("test")
    files = ["wav/a.wav", "wav/b.wav"]
    database["emotion"] = audformat.Table(audformat.segmented_index(files, ["0.5s", "1s"], ["1.25s", None]), split_id="test")
    database["emotion"]["emotion"] = audformat.Column(scheme_id="emotion", rater_id="ann")
    database["emotion"]["emotion"].set(["anger", None])
    database["emotion"]["predicted by net"] = audformat.Column(scheme_id="emotion", rater_id="net")
    database["emotion"]["predicted by net"].set(["nan", "anger"])
    database["files"] = audformat.Table(audformat.filewise_index(files))
    for name, values in (("speaker", [7, 8]), ("gender", ["female", "male"])):
        database["files"][name] = audformat.Column(scheme_id=name)
        database["files"][name].set(values)
    database.save(str(folder), storage_format=storage)


class TestOthers:
    @pytest.mark.parametrize("storage", ["csv", "parquet"])
    def test_hold_labels_of_raters_and_speakers_of_files(self, tmp_path: Path, storage: str) -> None:
        emodb(tmp_path, storage=storage)
        first, second = rows_of(tmp_path)
        clip = first.clip
        assert (clip.file_name, clip.start, clip.end, clip.speaker, clip.split) == ("wav/a.wav", 0.5, 1.25, "7", "test")
        assert clip.path == str(tmp_path / "wav" / "a.wav")
        assert (given_to(first), first.suggestions) == ({"ann": "anger"}, (HandedSuggestion(label="nan", origin="net"),))
        assert (second.clip.start, second.clip.end, second.answers) == (1.0, None, ())

    def test_may_have_other_labels(self, tmp_path: Path) -> None:
        emodb(tmp_path, storage="csv")
        assert [given_to(row) for row in rows_of(tmp_path, label="gender")] == [{None: "female"}, {None: "male"}]
        with pytest.raises(FormatError, match=r"No table of .*db\.yaml has a column with 'mood'; name another scheme or column"):
            read_audformat(tmp_path, label="mood")

    def test_are_never_unpickled(self, tmp_path: Path) -> None:
        class Harm:
            def __reduce__(self) -> Any:
                return os.mkdir, (str(tmp_path / "harm"),)

        emodb(tmp_path, storage="csv")
        (tmp_path / "db.emotion.csv").unlink()
        (tmp_path / "db.emotion.pkl").write_bytes(pickle.dumps(Harm()))
        with pytest.raises(FormatError, match=r"db\.emotion\.pkl is pickled, and reading it could run a program"):
            list(read_audformat(tmp_path))
        assert not (tmp_path / "harm").exists()

    def test_lines_that_are_no_clips_are_named(self, tmp_path: Path) -> None:
        emodb(tmp_path, storage="csv")
        table = tmp_path / "db.emotion.csv"
        table.write_text(table.read_text() + "wav/c.wav,soon,,anger,\n,,,anger,\n")
        *_, bad, nameless = read_audformat(tmp_path)
        assert isinstance(bad, BadRow)
        assert bad.reason == "Row 4 of table emotion has 'soon' as start; give seconds as a number."
        assert isinstance(nameless, BadRow)
        assert nameless.reason.startswith("Row 5 of table emotion has no file name")


TABLES = "tables: {t: {type: filewise, columns: {c: {scheme_id: s}}}}\n"


class TestHostileHeaders:
    @pytest.mark.parametrize(
        ("header", "problem"),
        [
            ("{", "is no YAML"),
            ("a: !!python/object/apply:os.system [id]", "is no YAML"),
            ("a: 2000-99-99", "is no YAML"),
            ("- 1", "lists no tables"),
            ("tables: 7", "lists no tables"),
            ("[" * 100_000, r"is no YAML \(nested more than 32 levels deep\)"),
            ("a: &a {x: 1}\nb: {<<: [*a, *a]}", r"is no YAML \(merged dictionaries\)"),
            ("tables: {'../../etc/x': {}}", "names no file"),
            (TABLES, "does not say which labels are meant; name the scheme or column that holds them"),
            (TABLES + "schemes: {s: {labels: [a]}, r: {labels: [b]}}", r"t\.csv does not exist, although .* lists the table"),
            ("x" * 4_000_001, "has more than 4000000 bytes"),
        ],
    )
    def test_are_one_sentence(self, tmp_path: Path, header: str, problem: str) -> None:
        (tmp_path / "db.yaml").write_text(header)
        with pytest.raises(FormatError, match=problem) as caught:
            list(read_audformat(tmp_path))
        assert "\n" not in str(caught.value)

    def test_that_are_missing_name_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(FormatError, match=r"db\.yaml cannot be read \(No such file.*\); name the folder of the database"):
            read_audformat(tmp_path)

    def test_damaged_parquet_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "db.yaml").write_text(TABLES + "schemes: {s: {labels: [a]}}")
        (tmp_path / "db.t.parquet").write_bytes(b"PAR1 and no more PAR1")
        with pytest.raises(FormatError, match=r"db\.t\.parquet cannot be read after row 0 \("):
            list(read_audformat(tmp_path))
