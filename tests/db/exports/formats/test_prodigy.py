"""Tasks for Prodigy: one line a clip, or an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from db.exports.choice import ExportChoice, LabelKind, RowsOf
from db.project import OpenProject
from learner.handover.export import export_project
from tests.db.exports.formats.awkward_texts import LABELS, awkward_project
from tests.filled_projects import add_clips, answer


def exported(project: OpenProject, path: Path, choice: ExportChoice) -> list[dict[str, Any]]:
    written = export_project(project, "prodigy", path, choice=choice)
    tasks = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert len(tasks) == written.rows
    return tasks


def test_a_clip_is_a_task_that_accepts_its_label(project: OpenProject, tmp_path: Path) -> None:
    clip, _ = add_clips(project, 2)
    for annotator, label in (("Ann", "angry"), ("Bob", "sad"), ("Cem", "sad")):
        answer(project, clip, label, annotator=annotator)
    first, second = exported(project, tmp_path / "out", ExportChoice(kinds=frozenset(LabelKind)))
    assert (first["audio"], first["accept"], first["answer"], first["_view_id"]) == ("/audio/0.wav", ["sad"], "accept", "choice")
    assert first["options"] == [{"id": name, "text": name} for name in ("angry", "happy", "sad")]
    assert not {"answer", "accept"} & set(second), "nobody answered it yet"
    assert first["_input_hash"] != second["_input_hash"]


def test_decisions_are_lines_with_who_and_what(tmp_path: Path) -> None:
    project = awkward_project(tmp_path)
    tasks = exported(project, tmp_path / "out", ExportChoice(rows=RowsOf.DECISIONS))
    assert [(task["accept"], task["answer"], task["_annotator_id"]) for task in tasks[:3]] == [
        (["nan"], "accept", "ann@example.org"),
        (["$audio"], "accept", "Bö <b>"),
        (["NA"], "accept", "ann@example.org"),
    ]
    assert tasks[0]["_task_hash"] == tasks[1]["_task_hash"]
    assert tasks[0]["_session_id"] == tasks[0]["_annotator_id"]
    assert tasks[2]["gold"]
    assert [(task["accept"], task["answer"]) for task in tasks[-2:]] == [([], "ignore"), ([], "reject")]
    assert len(tasks) == len(LABELS) + 6
    project.close()


def test_hashes_are_the_same_everywhere(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = add_clips(project, 1)
    answer(project, clip)
    (task,) = exported(project, tmp_path / "out", ExportChoice())
    assert (task["_input_hash"], task["_task_hash"]) == (1207852723, 519969044)
