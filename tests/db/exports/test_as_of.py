"""An export as of an earlier time is the export of then, byte for byte, whatever was answered, renamed or withdrawn since."""

from __future__ import annotations

import threading
import time
import uuid
from pathlib import Path

import pytest

import learner.handover.export
from db.decisions.taking import GivenAnswer, take
from db.exports.choice import ExportChoice, RowsOf, SplitShares
from db.exports.registry import EXPORTERS, Written
from db.models import Answer, Clip, ClipChange, ClipState, LabelChange, LabelChangeKind, Withdrawal
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from learner.handover.export import export_project
from tests.filled_projects import add_clips, answer, undo


def bytes_of(place: Path) -> dict[str, bytes]:
    """Every file of an export by its path in it."""
    if place.is_file():
        beside = place.with_name(f"{place.name}.README.md")
        return {"": place.read_bytes(), "sheet": beside.read_bytes()}
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def export_all(project: OpenProject, folder: Path, *, as_of: float | None = None) -> tuple[dict[str, dict[str, bytes]], Written]:
    """Each format that needs no audio, as consensus and as decisions where it can."""
    folder.mkdir()
    found, written = {}, None
    for name, exporter in sorted(EXPORTERS.items()):
        for rows in sorted(exporter.rows):
            if exporter.audio == "none":
                output = folder / f"{name}-{rows.value}"
                choice = ExportChoice(rows=rows, as_of=as_of, splits=SplitShares.parse("50/25/25"))
                written = export_project(project, name, output, choice=choice, with_data_sheet=True)
                found[output.name] = bytes_of(output)
    assert written is not None
    return found, written


def test_it_is_the_export_of_then_byte_for_byte(
    any_project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = add_clips(any_project, 8)
    for clip in clips[:4]:
        answer(any_project, clip, "angry", annotator="Ann")
    answer(any_project, clips[3], "sad", annotator="Ann")
    answer(any_project, clips[4], "happy")
    undo(any_project)
    # All exports of then are made at one moment, so that the time in their data sheets is the same.
    then = time.time()
    with monkeypatch.context() as frozen:
        frozen.setattr("learner.handover.export.time.time", lambda: then)
        before, written = export_all(any_project, tmp_path / "then")
    assert written.time >= then

    while time.time() <= written.time:
        pass  # What follows must be stored later: the time of an export is rounded up to a millisecond.
    change_everything(any_project, clips)

    again, _ = export_all(any_project, tmp_path / "again", as_of=written.time)
    assert again == before
    now, _ = export_all(any_project, tmp_path / "now")
    assert all(now[name] != before[name] for name in before)


def change_everything(project: OpenProject, clips: list[int]) -> None:
    answer(project, clips[0], "sad", annotator="Bob")
    answer(project, clips[1], "sad", annotator="Rev", gold=True)
    answer(project, clips[4], "happy")
    undo(project, annotator="Ann")
    with project.write() as session:
        label = label_by_name(session, "angry")
        now = time.time()
        session.add(
            LabelChange(label_id=label.id, kind=LabelChangeKind.RENAME, name_before="angry", name_after="furious", created_at=now)
        )
        label.name = "furious"
        clip = session.get_one(Clip, clips[2])
        session.add(ClipChange(clip_id=clip.id, before={"speaker": clip.speaker, "extra": {}}, created_at=now))
        clip.speaker, clip.extra = "somebody else", {"room": "9"}
    add_clips_later(project)


def add_clips_later(project: OpenProject) -> None:
    with project.write() as session:
        old = session.get_one(Clip, 1)
        session.add(
            Clip(file_id=old.file_id, content_hash="later", file_name="later.wav", end=1.0, slice_key=1, created_at=time.time())
        )


def test_what_was_withdrawn_since_is_named(project: OpenProject, tmp_path: Path) -> None:
    kept, gone = add_clips(project, 2)
    for clip in (kept, gone):
        answer(project, clip)
    then = export_project(project, "csv", tmp_path / "then.csv").time
    with project.write() as session:
        session.get_one(Clip, gone).state = ClipState.WITHDRAWN
        session.add(Withdrawal(clip_id=gone, created_at=time.time() + 1))
    written = export_project(project, "csv", tmp_path / "again.csv", choice=ExportChoice(as_of=then), with_data_sheet=True)
    assert (written.rows, written.withdrawn) == (1, (gone,))
    assert f"withdrawn since, so they are missing here: {gone}." in (tmp_path / "again.csv.README.md").read_text()
    assert export_project(project, "csv", tmp_path / "now.csv").withdrawn == ()


def test_before_the_first_answer_it_is_empty(any_project: OpenProject, tmp_path: Path) -> None:
    answer(any_project, add_clips(any_project, 1)[0])
    for rows in RowsOf:
        assert export_project(any_project, "csv", tmp_path / rows, choice=ExportChoice(rows=rows, as_of=1000.0)).rows == 0


def test_an_answer_that_is_being_stored_is_in_both_or_in_neither(
    any_project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its time already, and is committed while the export begins."""
    clip = add_clips(any_project, 1)[0]
    has_its_time, export_begins = threading.Event(), threading.Event()
    real_wait = learner.handover.export._wait_for_writers

    def note_and_wait(project: OpenProject, moment: float) -> None:
        export_begins.set()
        real_wait(project, moment)

    def store() -> None:
        with any_project.write() as session:
            ann = annotator_named(session, "Ann").id
            given = GivenAnswer(uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=ann, answer=Answer.LABEL, label="sad")
            take(session, given)
            has_its_time.set()
            assert export_begins.wait(20)

    monkeypatch.setattr("learner.handover.export._wait_for_writers", note_and_wait)
    writer = threading.Thread(target=store)
    writer.start()
    assert has_its_time.wait(20)
    written = export_project(any_project, "log", tmp_path / "then")
    writer.join()
    export_project(any_project, "log", tmp_path / "again", choice=ExportChoice(as_of=written.time))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "then").read_bytes()
    assert written.rows == 1


def test_what_a_clock_dated_ahead_is_exported_and_found_again(project: OpenProject, tmp_path: Path) -> None:
    """The clock was set back since: the answer is from tomorrow, and must be in no way lost."""
    clip = add_clips(project, 1)[0]
    with pytest.MonkeyPatch.context() as tomorrow:
        ahead = time.time() + 86_400
        tomorrow.setattr("db.decisions.log.time.time", lambda: ahead)
        answer(project, clip)
    written = export_project(project, "csv", tmp_path / "then")
    assert written.rows == 1
    assert export_project(project, "csv", tmp_path / "again", choice=ExportChoice(as_of=written.time)).rows == 1
