"""Files in the folder where a command is started, as somebody else's project may hold them, are never run and change nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from db.project import OpenProject
from labeler.cli.main import main
from labeler.processes.safe_path import safe_children
from tests.supervised_processes import answers, free_port, start_command, wait_for

REPOSITORY = Path(__file__).resolve().parents[3]
MODULES = ("random", "sitecustomize", "usercustomize", "streamlit", "click", "sqlite3", "tempfile", "numpy", "db")
"""What Python, Earmark and their libraries import."""
CONFIG = """
[server]
baseUrlPath = "elsewhere"
enableStaticServing = true
enableXsrfProtection = false
enableCORS = false
[client]
showErrorDetails = "full"
[browser]
gatherUsageStats = true
[theme]
base = "https://example.org/theme.toml"
"""
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "known"
client_id = "a"
client_secret = "b"
server_metadata_url = "https://example.org/.well-known/openid-configuration"
"""


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """The folder in which a file that is run leaves its name."""
    made = tmp_path / "marks"
    made.mkdir()
    return made


@pytest.fixture
def hostile(project: OpenProject, marks: Path) -> Path:
    """A project's folder that holds modules, a configuration of Streamlit, and an environment file."""
    folder = project.directory
    for name in MODULES:
        (folder / f"{name}.py").write_text(f"open({str(marks / name)!r}, 'w').close()\nraise SystemExit('{name} was run')\n")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(CONFIG)
    (folder / ".streamlit" / "secrets.toml").write_text(SECRETS)
    (folder / ".env").write_text("EARMARK_RANDOM_SHARE=nonsense\nSTREAMLIT_SERVER_PORT=1\n")
    return folder


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python there; Earmark is found as if it were installed."""
    searched = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(REPOSITORY)]))
    environment = {**os.environ, "PYTHONPATH": searched}
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_files_would_be_run_by_python_itself(hostile: Path, marks: Path) -> None:
    assert run_in(hostile, "-c", "import random").returncode == 1
    assert names(marks) == ["random"]


def test_a_command_runs_none_of_them(hostile: Path, marks: Path) -> None:
    done = run_in(hostile, "-m", "labeler.cli", "status")
    assert done.returncode == 0, done.stderr
    assert names(marks) == []


def test_a_process_started_by_a_command_runs_none_of_them(hostile: Path, marks: Path) -> None:
    spawned = (
        "from concurrent.futures import ProcessPoolExecutor as Pool; from multiprocessing import get_context\n"
        "import os\n"
        "from labeler.processes.safe_path import safe_children\n"
        "if __name__ == '__main__':\n"
        "    with safe_children(), Pool(1, mp_context=get_context('spawn')) as pool:\n"
        "        assert pool.submit(os.getpid).result() != os.getpid()\n"
    )
    script = marks.parent / "spawning.py"
    script.write_text(spawned)
    done = run_in(hostile, str(script))
    assert done.returncode == 0, done.stderr
    assert names(marks) == []


def test_every_command_starts_processes_that_way() -> None:
    @main.command("look")
    def look() -> None:
        click.echo(os.environ["PYTHONSAFEPATH"])

    try:
        assert CliRunner().invoke(main, ["look"]).stdout == "1\n"
    finally:
        del main.commands["look"]
    assert "PYTHONSAFEPATH" not in os.environ


def test_a_setting_from_before_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", "yes")
    with safe_children():
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert os.environ["PYTHONSAFEPATH"] == "yes"


def test_a_served_folder_neither_runs_its_files_nor_configures_the_server(
    hostile: Path, marks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(REPOSITORY)])))
    port, log = free_port(), tmp_path / "serve.log"
    process = start_command(hostile, "serve", "--port", str(port), log=log)
    try:
        # Under /elsewhere it would not answer here.
        wait_for(lambda: answers(port), what="the app")
        wait_for(lambda: "The learner is running" in log.read_text(), what="the learner")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as response:
            assert response.headers["Access-Control-Allow-Origin"] is None, "any page could read the answers"
        assert names(marks) == []
        process.process.terminate()
        process.finish()
    finally:
        process.kill()
    assert names(marks) == []


def test_a_clone_of_the_repository_needs_no_installation() -> None:
    """The working folder stays on the path where it is Earmark's own, also for child processes."""
    # -S: no installed package is in sight.
    child = "subprocess.run([sys.executable, '-S', '-c', 'import labeler; print(labeler.__file__)'], cwd='/')"
    as_module = (
        "import os, subprocess, sys; sys.argv[0], sys.path[0] = '-m', os.getcwd()\n"
        f"import labeler; os.environ['PYTHONSAFEPATH'] = '1'; {child}"
    )
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    done = subprocess.run(
        [sys.executable, "-S", "-c", as_module], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(REPOSITORY / "labeler" / "__init__.py")
