"""Imports that pages start: processes of their own, watched and cancelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import FormatError
from db.project import OpenProject
from db.status import project_status
from labeler.app.commands.job import JobState
from labeler.app.incoming.job import ImportJob
from labeler.app.incoming.jobs import ImportJobs
from labeler.app.incoming.request import ImportRequest
from labeler.processes.progress_lines import progress_in, progress_writer
from tests.learner.audio_files import tone, written

PATIENCE = 60.0


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two clips with labels in an unusual column, and a line whose file is missing."""
    folder = tmp_path / "-- audio"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        written(folder / name, tone(300 + ord(name[0]), 0.3))
    path = folder / "list.csv"
    path.write_text("clip,mood\na.wav,angry\nb.wav,happy\nc.wav,sad\n", encoding="utf-8")
    return path


def clips(project: OpenProject) -> int:
    with project.read() as session:
        return int(project_status(session)["clips"])


def test_an_import_reports_what_it_took_and_what_it_refused(project: OpenProject, manifest: Path) -> None:
    request = ImportRequest(source=manifest, columns={"file": "clip", "label": "mood"}, labels_as="-x=y")
    job = ImportJob(project.directory, request)
    assert job.wait(PATIENCE)
    assert job.state == JobState.DONE, job.error
    assert job.document is not None
    assert (job.document["added"], job.document["labels"]) == (2, 2)
    assert [row["file_name"] for row in job.document["rejected"]] == ["c.wav"]
    assert job.done == job.total == 3
    assert clips(project) == 2


def test_a_trial_takes_nothing_and_one_import_runs_at_a_time(project: OpenProject, manifest: Path) -> None:
    jobs = ImportJobs(project.directory)
    job = jobs.start(ImportRequest(source=manifest, columns={"file": "clip"}, is_trial=True))
    with pytest.raises(FormatError, match="Another import is running"):
        jobs.start(ImportRequest(source=manifest))
    assert job.wait(PATIENCE)
    assert (job.document or {})["added"] == 2
    assert clips(project) == 0
    jobs.forget()
    assert jobs.newest is None


def test_a_source_that_cannot_be_read_is_one_sentence(project: OpenProject, tmp_path: Path) -> None:
    job = ImportJob(project.directory, ImportRequest(source=tmp_path / "nothing.csv"))
    job.cancel() if job.wait(PATIENCE) else None
    assert job.state == JobState.FAILED
    assert job.error == f"{tmp_path / 'nothing.csv'} does not exist; check the name."


def test_a_cancelled_import_ends(project: OpenProject, manifest: Path) -> None:
    job = ImportJob(project.directory, ImportRequest(source=manifest, columns={"file": "clip"}))
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.state == JobState.CANCELLED
    assert job.error == ""


def test_progress_goes_from_process_to_process(capsys: pytest.CaptureFixture[str]) -> None:
    moved = progress_writer()
    moved(1, 40)
    moved(2, 40)
    moved(40, 40)
    lines = capsys.readouterr().err.splitlines()
    assert [progress_in(line) for line in lines] == [(1, 40), (40, 40)]
    assert progress_in("rejected a.wav: [1, 2]") is None
