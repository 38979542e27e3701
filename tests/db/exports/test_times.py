"""Times that no calendar has: older versions took any from a file, and an answer stays in the log for ever."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from db.decisions.taking import GivenAnswer, take
from db.exports.choice import AudioAs, ExportChoice, RowsOf
from db.exports.decision_rows import in_iso
from db.exports.registry import EXPORTERS
from db.models import Answer, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from learner.handover.export import export_project
from tests.filled_projects import add_clips, answer


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000000+00:00"),
        (1e300, "9999-12-31T23:59:59.000000+00:00"),
        (-1e300, "0001-01-01T00:00:00.000000+00:00"),
    ],
)
def test_any_number_is_written_as_a_time(time: float, text: str) -> None:
    assert in_iso(time) == text


def test_the_time_that_a_row_shows_is_its_border(project: OpenProject, tmp_path: Path) -> None:
    """A time is stored more finely than it is written; some are rounded up and some down."""
    for clip in add_clips(project, 12):
        answer(project, clip)
    export_project(project, "jsonl", tmp_path / "all", choice=ExportChoice(rows=RowsOf.DECISIONS))
    shown = [json.loads(line)["created_at"] for line in (tmp_path / "all").read_text().splitlines()]
    for place, time in enumerate(datetime.fromisoformat(text).timestamp() for text in shown):
        for rows in RowsOf:
            for choice, wanted in (
                (ExportChoice(rows=rows, since=time), 12 - place),
                (ExportChoice(rows=rows, until=time), place),
                (ExportChoice(rows=rows, as_of=time), place + 1),
            ):
                assert export_project(project, "csv", tmp_path / "some", choice=choice).rows == wanted


@pytest.mark.parametrize("time", [253402351199.0, -62135647200.0])
def test_an_answer_of_no_year_stops_no_export(project: OpenProject, tmp_path: Path, time: float) -> None:
    (clip,) = add_clips(project, 1)
    with project.write() as session:
        ann = annotator_named(session, "Ann").id
        given = GivenAnswer(
            uuid=str(uuid.uuid4()),
            clip_id=clip,
            annotator_id=ann,
            answer=Answer.LABEL,
            label="sad",
            source=Source.IMPORTED,
            answered_at=time,
        )
        take(session, given)
    for name in ("csv", "jsonl", "log", "parquet", "label-studio", "prodigy", "audformat", "audacity"):
        for rows in EXPORTERS[name].rows:
            choice = ExportChoice(rows=rows, audio=AudioAs.NONE)
            assert export_project(project, name, tmp_path / f"{name}-{rows}", choice=choice).rows == 1, name
