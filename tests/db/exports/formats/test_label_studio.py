"""What is exported for Label Studio fits the config beside it, judged by Label Studio's own library."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf
from db.exports.contents import Contents, ProjectFacts
from db.exports.formats.label_studio import labelling_config, write_label_studio
from db.exports.rows import ClipRow
from db.models import Suggestion
from db.project import OpenProject
from db.records.labels import label_by_name
from learner.handover.export import export_project
from tests.db.exports.formats.awkward_texts import LABELS, awkward_project
from tests.filled_projects import add_clips, answer

EVERYTHING = frozenset(LabelKind)


@pytest.fixture
def awkward(tmp_path: Path) -> Iterator[OpenProject]:
    project = awkward_project(tmp_path)
    yield project
    project.close()


def interface_of(config: Path) -> Any:
    """What Label Studio makes of a labelling config."""
    with warnings.catch_warnings():
        # The library of Label Studio warns of its own use of pydantic.
        warnings.simplefilter("ignore")
        from label_studio_sdk.label_interface.interface import LabelInterface

        interface: Any = LabelInterface(config.read_text(encoding="utf-8"))
        interface.validate()
    return interface


def exported(project: OpenProject, folder: Path, choice: ExportChoice) -> list[dict[str, Any]]:
    export_project(project, "label-studio", folder, choice=choice)
    tasks: list[dict[str, Any]] = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    return tasks


def suggest(project: OpenProject, clip_id: int, label: str, score: float | None) -> None:
    with project.write() as session:
        label_id = label_by_name(session, label).id
        session.add(Suggestion(clip_id=clip_id, label_id=label_id, score=score, origin="model 1", created_at=1.0))


def chosen(annotation: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(result["from_name"], result["value"]["choices"]) for result in annotation["result"]]


@pytest.mark.parametrize("rows", list(RowsOf))
def test_every_task_fits_the_config(awkward: OpenProject, tmp_path: Path, rows: RowsOf) -> None:
    for clip_id, label in enumerate(LABELS, start=1):
        suggest(awkward, clip_id, label, None if clip_id == 1 else 0.25)
    tasks = exported(awkward, tmp_path / "out", ExportChoice(rows=rows, kinds=EVERYTHING))
    interface = interface_of(tmp_path / "out" / "config.xml")
    assert interface.get_control("label").labels == list(LABELS)
    assert len(tasks) == len(LABELS) + 2
    for task in tasks:
        assert interface.validate_task({"data": task["data"]})
        assert all(interface.validate_annotation(annotation) for annotation in task["annotations"])
        assert [interface.validate_prediction(each, return_errors=True) for each in task["predictions"]] in ([], [[]])
    assert sum(len(task["annotations"]) for task in tasks) == (len(LABELS) if rows == RowsOf.CONSENSUS else len(LABELS) + 6)


def test_a_clip_has_one_annotation_with_its_label(project: OpenProject, tmp_path: Path) -> None:
    clip, gold, unlabelled = add_clips(project, 3)
    for annotator, label in (("Ann", "angry"), ("Bob", "sad"), ("Cem", "sad")):
        answer(project, clip, label, annotator=annotator)
    answer(project, gold, "happy", gold=True)
    suggest(project, unlabelled, "angry", 0.75)
    tasks = exported(project, tmp_path / "out", ExportChoice(kinds=EVERYTHING))
    ((consensus,), (fixed,), none) = (task["annotations"] for task in tasks)
    assert (chosen(consensus), consensus["ground_truth"], consensus["was_cancelled"]) == ([("label", ["sad"])], False, False)
    assert "completed_by" not in consensus, "it becomes an annotation of the user who imports"
    assert consensus["earmark"]["by_annotator"] == {"Ann": "angry", "Bob": "sad", "Cem": "sad"}
    assert (chosen(fixed), fixed["ground_truth"]) == ([("label", ["happy"])], True)
    assert none == []
    (prediction,) = tasks[2]["predictions"]
    assert (prediction["model_version"], prediction["score"], chosen(prediction)) == ("model 1", 0.75, [("label", ["angry"])])


def test_decisions_name_who_answered_when(awkward: OpenProject, tmp_path: Path) -> None:
    tasks = exported(awkward, tmp_path / "out", ExportChoice(rows=RowsOf.DECISIONS))
    first, second = tasks[0]["annotations"]
    assert first["completed_by"] == {"id": 1, "email": "ann@example.org", "first_name": "ann@example.org", "last_name": ""}
    assert second["completed_by"]["email"] == "Bö <b>"
    assert first["created_at"] == first["updated_at"] < second["created_at"]
    (skipped,), (unsure,) = (task["annotations"] for task in tasks[-2:])
    assert (skipped["was_cancelled"], skipped["result"]) == (True, [])
    assert (unsure["was_cancelled"], chosen(unsure)) == (False, [("earmark_answer", ["unsure"])])


def test_decisions_are_only_those_that_were_chosen(awkward: OpenProject, tmp_path: Path) -> None:
    choice = ExportChoice(rows=RowsOf.DECISIONS, labels=frozenset({"007"}))
    tasks = exported(awkward, tmp_path / "out", choice)
    assert [chosen(each) for task in tasks for each in task["annotations"]] == [[("label", ["007"])]]
    sheet = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert [row for row in ("| 007 | 1 |", "| ann@example.org | 1 |") if row not in sheet] == []


def test_addresses_name_files_from_the_root_of_the_disk(awkward: OpenProject, tmp_path: Path) -> None:
    tasks = exported(awkward, tmp_path / "out", ExportChoice())
    address = tasks[1]["data"]["audio"]
    assert address == "/data/local-files/?d=audio/1/%2541.wav"
    assert [unquote(task["data"]["audio"].partition("?d=")[2]) for task in tasks] == [
        task["data"]["path"].removeprefix("/") for task in tasks
    ]
    sheet = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT` set to `/`" in sheet
    assert "plays whole files" in sheet


def test_audio_of_the_export_is_named_from_its_folder(project: OpenProject, tmp_path: Path) -> None:
    for clip in add_clips(project, 2):
        answer(project, clip)

    def place(row: ClipRow, folder: Path, *, flat: bool = False) -> str:
        return f"audio/{row.clip_id} #.wav"

    (tmp_path / "out").mkdir()
    with project.read() as session:
        contents = Contents(
            session=session,
            choice=ExportChoice(audio=AudioAs.CUT),
            facts=ProjectFacts(name="p"),
            time=1.0,
            audio_as=AudioAs.CUT,
            folder=tmp_path / "out",
            place=place,
        )
        assert write_label_studio(contents, tmp_path / "out") == 2
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    assert [task["data"]["audio"] for task in tasks] == [f"/data/local-files/?d=audio/{n}%20%23.wav" for n in (1, 2)]
    assert "cut" not in tasks[0]["data"], "the clip is the whole file"
    assert "plays whole files" not in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_the_same_project_gives_the_same_bytes(awkward: OpenProject, tmp_path: Path) -> None:
    for name in ("first", "second"):
        exported(awkward, tmp_path / name, ExportChoice(rows=RowsOf.DECISIONS, as_of=2e9))
    for file in ("tasks.json", "config.xml", "README.md"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_an_empty_project_is_an_empty_list(project: OpenProject, tmp_path: Path) -> None:
    assert exported(project, tmp_path / "out", ExportChoice()) == []


def test_keys_are_the_first_ten_digits() -> None:
    config = labelling_config([f"label {number}" for number in range(11)])
    assert '<Choice value="label 0" hotkey="1"/>' in config
    assert '<Choice value="label 9" hotkey="0"/>' in config
    assert '<Choice value="label 10"/>' in config
