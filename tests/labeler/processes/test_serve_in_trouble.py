"""`earmark serve` in trouble: a learner that fails, a damaged database, a full disk, and a second one on the same project."""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from db.errors import ProjectError
from db.project import OpenProject
from db.records.learner_state import report_state
from labeler.cli.main import main
from labeler.processes import supervisor
from labeler.processes.one_server import serve_lock
from labeler.processes.supervisor import Alarm, Child, keep_running
from tests.labeler.processes.watched import WAITING, state
from tests.learner.synthetic_projects import embedded_project, label_truly
from tests.supervised_processes import free_port, wait_for

ALREADY = "import sys; sys.exit('Error: A learner is running already.')"
FAILS = "import sys; sys.exit('Error: it is damaged.')"


@contextmanager
def supervised(project: OpenProject, *command: str) -> Iterator[tuple[Child, Child]]:
    """An app that only waits, and this program as the learner, kept running by a thread."""
    alarm = Alarm()
    app, learner = Child("app", WAITING, ended=alarm.ring), Child("learner", command, ended=alarm.ring)
    running = threading.Thread(target=keep_running, args=(project, [app, learner]), kwargs={"alarm": alarm})
    running.start()
    try:
        yield app, learner
        assert running.is_alive(), "nothing ends the supervisor"
        assert app.process is not None
        assert app.process.poll() is None, "the app goes on"
    finally:
        alarm.ring_last()
        running.join(20)
    assert not running.is_alive()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What the supervisor has logged so far; it tries again at once."""
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    parts: list[str] = []

    def logged() -> str:
        parts.append(capsys.readouterr().err)
        return "".join(parts)

    return logged


def test_the_sentence_that_ends_the_learner_is_recorded_for_the_page(project: OpenProject, log: Callable[[], str]) -> None:
    label_truly(project, embedded_project(project, 40)[:25])
    with (project.directory / "earmark.toml").open("a", encoding="utf-8") as settings:
        settings.write('strategy = "nowhere:best"\n')
    with supervised(project, sys.executable, "-m", "labeler.cli", "--project", str(project.directory), "learn"):
        wait_for(lambda: (found := state(project)) is not None and found.restarts > 0, what="a restart of the learner")
    found = state(project)
    assert found is not None
    assert found.error is not None
    assert found.error.startswith("exit status 1: The strategy 'nowhere:best' cannot be imported (")
    assert "Fatal Python error" not in log()


def test_a_second_serve_is_refused_in_one_sentence(project: OpenProject) -> None:
    with serve_lock(project):
        result = CliRunner().invoke(main, ["--project", str(project.directory), "serve", "--port", str(free_port())])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: `earmark serve` is running for {project.directory} already (process {os.getpid()}); "
        "open its page, or stop it first.\n"
    )
    assert state(project) is None, "it started no learner"


@pytest.mark.postgres
def test_several_apps_without_a_learner_may_serve_a_project_on_postgresql(postgres_project: OpenProject) -> None:
    with (
        serve_lock(postgres_project, beside_others=True),
        serve_lock(postgres_project, beside_others=True),
        pytest.raises(ProjectError, match="is running for"),
        serve_lock(postgres_project),
    ):
        pass


def test_one_app_serves_a_project_on_sqlite(project: OpenProject) -> None:
    with (
        serve_lock(project, beside_others=True),
        pytest.raises(ProjectError, match="is running for"),
        serve_lock(project, beside_others=True),
    ):
        pass


def test_a_learner_that_runs_beside_serve_keeps_its_state(project: OpenProject, log: Callable[[], str]) -> None:
    """The learner of `serve` is refused until `earmark learn` is over."""
    with project.write() as session:
        report_state(session, state="waiting")
    with supervised(project, sys.executable, "-c", ALREADY):
        wait_for(lambda: log().count("A learner is running already.); it starts again") > 1, what="a second try")
    found = state(project)
    assert found is not None
    assert (found.pid, found.restarts, found.state, found.error) == (os.getpid(), 0, "waiting", None)


def damage(project: OpenProject) -> None:
    """Overwrite the database under open connections, which have to read it again."""
    file = project.directory / "earmark.sqlite"
    with closing(sqlite3.connect(file)) as other:
        other.execute("UPDATE project SET created_at = 1")
        other.commit()
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file.write_bytes(b"no database" * 1000)


def test_a_damaged_database_does_not_end_the_supervisor(project: OpenProject, log: Callable[[], str]) -> None:
    assert state(project) is None
    damage(project)
    with supervised(project, sys.executable, "-c", FAILS):
        wait_for(lambda: log().count("could not be recorded") > 1, what="a second try")
    assert "The learner ended (exit status 1: it is damaged.); it starts again in 0 s." in log()
    assert f"The restart could not be recorded: The database of {project.directory} is damaged (file is not a database);" in log()


def test_a_program_that_the_system_does_not_start_is_tried_again(
    project: OpenProject, log: Callable[[], str], tmp_path: Path
) -> None:
    program = tmp_path / "program"
    with supervised(project, str(program)) as (_, learner):
        wait_for(
            lambda: (
                "The learner ended (the system did not start it: No such file or directory); it starts again in 0 s." in log()
            ),
            what="a try",
        )
        program.symlink_to("/bin/cat")
        wait_for(lambda: learner.process is not None, what="the start")


class FullDisk(io.StringIO):
    """A log on a full disk."""

    def write(self, _text: str) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_cannot_be_written_ends_nothing(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(sys, "stderr", FullDisk())
    with supervised(project, sys.executable, "-c", f"import sys; print('x' * 100_000, file=sys.stderr); {FAILS}"):
        wait_for(lambda: (found := state(project)) is not None and found.restarts > 1, what="a second try")
    found = state(project)
    assert found is not None
    assert found.error == "exit status 1: it is damaged."
