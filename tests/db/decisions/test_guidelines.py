"""Versions of the guidelines: noted when they differ, and known of each decision."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from sqlalchemy import select

from db.decisions.conditions import first_id
from db.decisions.guidelines import guideline_versions, newest_guidelines, note_guidelines, version_at, version_column
from db.decisions.taking_back import newest_run, reinstate_answers, take_back_answers
from db.exports.choice import ExportChoice, RowsOf
from db.guidelines import GUIDELINES_FILE, read_guidelines
from db.imports.earmark_rows import with_answers
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import SourceRow
from db.models import Decision, Event, Label
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from learner.handover.export import export_project
from tests.filled_projects import add_clips, answer


def note(project: OpenProject, text: str | None = None, *, by: str | None = None) -> int:
    """Write guidelines.md, if a text is given, and note it; the number of versions."""
    if text is not None:
        (project.directory / GUIDELINES_FILE).write_text(text, encoding="utf-8")
    with project.write() as session:
        note_guidelines(session, read_guidelines(project.directory), by=by)
        return newest_guidelines(session)


def in_force(project: OpenProject) -> list[int | None]:
    """The version of each decision by the function; that of the database is compared."""
    with project.read() as session:
        versions = guideline_versions(session)
        rows = session.execute(select(first_id(), version_column(first_id())).order_by(Decision.id)).all()
    found = [version_at(versions, row[0]) for row in rows]
    assert found == [row[1] for row in rows]
    return found


def test_a_version_is_added_only_when_something_differs(any_project: OpenProject) -> None:
    assert note(any_project) == 0, "a project without guidelines has no version"
    assert note(any_project, "Angry is loud.", by="lead") == 1
    assert note(any_project, "Angry is loud.") == 1
    with any_project.write() as session:
        session.scalars(select(Label).where(Label.name == "sad")).one().guideline = "Slow and low."
    assert note(any_project) == 2
    (any_project.directory / GUIDELINES_FILE).unlink()
    assert note(any_project) == 3, "guidelines that are gone are another version"
    with any_project.read() as session:
        assert [(one.number, one.changed_by) for one in guideline_versions(session)] == [(1, "lead"), (2, None), (3, None)]


def test_each_decision_is_under_the_version_that_was_in_force(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 4)
    answer(any_project, clips[0])
    note(any_project, "one")
    answer(any_project, clips[1])
    answer(any_project, clips[2])
    note(any_project, "two")
    answer(any_project, clips[3])
    assert in_force(any_project) == [None, 1, 1, 2]
    with any_project.write() as session:
        run = newest_run(session, annotator_id=annotator_named(session, "ann").id, count=3)
        assert run is not None
        take_back_answers(session, run, by=None)
    with any_project.write() as session:
        reinstate_answers(session, session.scalars(select(Event.id)).one(), by=None)
    assert in_force(any_project)[-3:] == [1, 1, 2], "an answer that came back was given under the guidelines of then"


def test_exports_of_decisions_name_the_version_and_imports_pass_over_it(any_project: OpenProject, tmp_path: Path) -> None:
    clips = add_clips(any_project, 2)
    answer(any_project, clips[0])
    note(any_project, "one")
    answer(any_project, clips[1])
    export_project(any_project, "csv", tmp_path / "rows.csv", choice=ExportChoice(rows=RowsOf.DECISIONS))
    text = (tmp_path / "rows.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["guidelines"] for row in rows] == ["", "1"]
    (read,) = with_answers([SourceRow(number=1, file_name="1.wav", path="/1.wav", label="angry", extra=dict(rows[1]), packed={})])
    assert isinstance(read, HandedOverRow)
    assert read.clip.extra == {}
