"""What Earmark exports for other tools and reads again is the same, with annotators who disagree and awkward texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.exports.choice import ExportChoice, LabelKind, RowsOf
from db.imports.handed_over import HandedAnswer, HandedOverRow, HandedSuggestion
from db.imports.manifest import BadRow, SourceRow
from db.imports.tools.label_studio_file import read_label_studio
from db.imports.tools.prodigy_file import read_prodigy
from db.models import Annotator, Clip, Label, Suggestion
from db.project import OpenProject
from db.records.labels import label_by_name
from learner.handover.export import export_project
from tests.db.exports.formats.awkward_texts import LABELS, awkward_project
from tests.filled_projects import standing

Reader = Callable[..., Iterator[HandedOverRow | BadRow]]
READERS: dict[str, Reader] = {"label-studio": read_label_studio, "prodigy": read_prodigy}


@pytest.fixture
def awkward(tmp_path: Path) -> Iterator[OpenProject]:
    project = awkward_project(tmp_path)
    with project.write() as session:
        label_id = label_by_name(session, "1e3").id
        session.add(Suggestion(clip_id=2, label_id=label_id, score=0.125, origin="model <1>", created_at=1.0))
    yield project
    project.close()


def read(reader: Reader, path: Path) -> list[HandedOverRow]:
    rows = [row for row in reader(path) if not isinstance(row, BadRow)]
    assert rows == list(reader(path)), "no bad row"
    return rows


def clips_in(project: OpenProject) -> list[tuple[Any, ...]]:
    with project.read() as session:
        clips = session.scalars(select(Clip).order_by(Clip.id)).all()
        return [_about(clip, clip.file.path) for clip in clips]


def _about(clip: Clip | SourceRow, path: str) -> tuple[Any, ...]:
    return clip.file_name, path, clip.start, clip.end, clip.speaker, clip.transcript, clip.split, clip.extra


def answers_in(project: OpenProject) -> dict[str, HandedAnswer]:
    with project.read() as session:
        labels = {label.id: label.name for label in session.scalars(select(Label))}
        names = {annotator.id: annotator.name for annotator in session.scalars(select(Annotator))}
    return {
        row.uuid: HandedAnswer(
            answer=row.answer,
            label=None if row.label_id is None else labels[row.label_id],
            annotator=names[row.annotator_id],
            gold=row.gold,
            given_at=round(row.created_at, 6),
            uuid=row.uuid,
        )
        for row in standing(project)
    }


@pytest.mark.parametrize("format", list(READERS))
def test_every_decision_comes_back(awkward: OpenProject, tmp_path: Path, format: str) -> None:
    choice = ExportChoice(rows=RowsOf.DECISIONS, kinds=frozenset(LabelKind))
    export_project(awkward, format, tmp_path / "out", choice=choice)
    rows = read(READERS[format], tmp_path / "out")
    assert {given.uuid: given for row in rows for given in row.answers} == answers_in(awkward)
    assert list(dict.fromkeys(repr(_about(row.clip, row.clip.path)) for row in rows)) == [repr(c) for c in clips_in(awkward)]
    assert {each for row in rows for each in row.suggestions} == {HandedSuggestion(label="1e3", origin="model <1>", score=0.125)}


@pytest.mark.parametrize("format", list(READERS))
def test_the_consensus_comes_back_as_one_answer_of_nobody_in_particular(
    awkward: OpenProject, tmp_path: Path, format: str
) -> None:
    export_project(awkward, format, tmp_path / "out", choice=ExportChoice())
    rows = read(READERS[format], tmp_path / "out")
    given = [(answer.annotator, answer.label) for row in rows for answer in row.answers]
    assert [label for _, label in given][1:3] == ["NA", "True"]
    assert {annotator for annotator, _ in given} == {None}
    assert len(given) == len(LABELS)
    assert [answer.gold for row in rows for answer in row.answers] == [place == 1 for place in range(len(LABELS))]


@pytest.mark.parametrize(("original", "span"), [(True, (0.25, 0.75)), (False, (None, None))])
def test_a_cut_clip_is_the_span_of_its_file_or_else_the_whole_cut_file(
    tmp_path: Path, original: bool, span: tuple[float | None, float | None]
) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "cut.wav").touch()
    if original:
        (tmp_path / "long.wav").touch()
    line = f'{{"audio": "audio/cut.wav", "path": "{tmp_path}/long.wav", "start": 0.25, "end": 0.75, "cut": true}}\n'
    (tmp_path / "clips.jsonl").write_text(line)
    (row,) = read(read_prodigy, tmp_path)
    assert row.clip.path == str(tmp_path / ("long.wav" if original else "audio/cut.wav"))
    assert (row.clip.start, row.clip.end) == span
