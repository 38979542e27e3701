"""`earmark serve` in trouble: a learner that fails, a damaged database, a full disk, and a second one on the same project."""

from __future__ import annotations

import errno
import io
import sys
import threading
from pathlib import Path

import pytest

from db.project import OpenProject
from labeler.processes import supervisor
from labeler.processes.supervisor import Child, keep_running
from tests.labeler.processes.watched import WAITING, CountedAlarm, kept_running, state, waiting_learner
from tests.learner.synthetic_projects import embedded_project
from tests.supervised_processes import answers, free_port, start_command, wait_for


def test_the_sentence_that_ends_the_learner_is_recorded_for_the_page(project: OpenProject, tmp_path: Path) -> None:
    embedded_project(project, 12)
    with (project.directory / "earmark.toml").open("a", encoding="utf-8") as settings:
        settings.write('strategy = "nowhere:best"\n')
    process = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "serve.log")
    try:
        wait_for(lambda: (found := state(project)) is not None and found.restarts > 0, what="a restart of the learner")
    finally:
        process.kill()
    found = state(project)
    assert found is not None
    assert found.error is not None
    assert found.error.startswith("exit status 1: The strategy 'nowhere:best' cannot be imported (")
    assert "Fatal Python error" not in process.log.read_text()


def test_a_second_serve_is_refused_and_the_first_goes_on(project: OpenProject, tmp_path: Path) -> None:
    port = free_port()
    process = start_command(project.directory, "serve", "--port", str(port), log=tmp_path / "serve.log")
    try:
        wait_for(lambda: answers(port), what="the app")
        learner = waiting_learner(project)
        second = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "second.log")
        assert second.process.wait(60) == 1
        assert answers(port)
    finally:
        process.kill()
    assert second.log.read_text() == (
        f"Error: `earmark serve` is running for {project.directory} already (process {process.process.pid}); "
        "open its page, or stop it first.\n"
    )
    found = state(project)
    assert found is not None
    assert (found.pid, found.restarts, found.state) == (learner, 0, "waiting")


def test_a_learner_beside_serve_keeps_its_state(project: OpenProject, tmp_path: Path) -> None:
    """`earmark learn` runs already; the learner of `serve` waits until it is over, and counts nothing meanwhile."""
    alone = start_command(project.directory, "learn", log=tmp_path / "learn.log")
    process = None
    try:
        first = waiting_learner(project)
        process = start_command(project.directory, "serve", "--port", str(free_port()), log=tmp_path / "serve.log")
        wait_for(lambda: f"already (process {first})" in process.log.read_text(), what="the learner of serve to be refused")
        wait_for(lambda: "starts again" in process.log.read_text(), what="the supervisor to notice")
        found = state(project)
        assert found is not None
        assert (found.pid, found.restarts, found.state) == (first, 0, "waiting")
        alone.process.terminate()
        alone.finish()
        assert waiting_learner(project, not_pid=first) != first
    finally:
        alone.kill()
        if process is not None:
            process.kill()


def damage(project: OpenProject) -> None:
    """Overwrite the database, as a disk that fails does."""
    project.close()
    for name in ("earmark.sqlite", "earmark.sqlite-wal", "earmark.sqlite-shm"):
        (project.directory / name).unlink(missing_ok=True)
    (project.directory / "earmark.sqlite").write_bytes(b"no database" * 1000)


def test_a_damaged_database_does_not_end_the_supervisor(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    alarm = CountedAlarm()
    app = Child("app", WAITING, ended=alarm.ring)
    learner = Child("learner", [sys.executable, "-c", "import sys; sys.exit('Error: it is damaged.')"], ended=alarm.ring)
    damage(project)
    running = threading.Thread(target=keep_running, args=(project, [app, learner]), kwargs={"alarm": alarm})
    running.start()
    log = ""

    def deaths() -> int:
        nonlocal log
        log += capsys.readouterr().err
        return log.count("it starts again")

    try:
        wait_for(lambda: deaths() > 1, what="the learner to be started again")
        assert app.process is not None
        assert app.process.poll() is None, "the app goes on"
    finally:
        alarm.ring_last()
        running.join(20)
    assert not running.is_alive()
    assert "The learner ended (exit status 1: it is damaged.); it starts again in 0 s." in log
    assert f"The restart could not be recorded: The database of {project.directory} is damaged (file is not a database);" in log


def test_a_program_that_the_system_does_not_start_is_tried_again(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    program = tmp_path / "program"
    with kept_running(project, str(program)) as (child, _):
        program.symlink_to("/bin/cat")
        wait_for(lambda: child.process is not None, what="the start")
        log = capsys.readouterr().err
    assert "The app ended (the system did not start it: No such file or directory); it starts again in 0 s." in log


class FullDisk(io.StringIO):
    """A log on a full disk."""

    def write(self, _text: str) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_ends_nothing(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(sys, "stderr", FullDisk())
    talks = "import sys; print('x' * 100_000, file=sys.stderr); sys.stderr.flush(); sys.stdin.read()"
    with kept_running(project, sys.executable, "-c", talks) as (child, _):
        first = child.process
        assert first is not None
        first.kill()
        wait_for(lambda: child.process not in {None, first}, what="the child to be started again")
