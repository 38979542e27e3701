"""The wheel holds all that is needed: installed alone in an environment, it does the main job from another folder."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from db.project import open_project
from db.records.people.annotators import annotator_named
from labeler.app.sign_in.tokens import Tokens
from tests.no_network import OFFLINE
from tests.supervised_processes import answers, free_port, post, wait_for

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("db", "learner", "labeler")
CLIPS = 8
LABELED = 6


def tracked_files() -> list[str]:
    """What the repository holds, as it is on the disk now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tracked files: what lies about in a working folder must not get in, nor hide what is missing."""
    copy, output = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in tracked_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, copy / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(output), str(copy))
    (built,) = output.iterdir()
    return built


def pip(*arguments: str) -> None:
    """Run pip without an index."""
    quiet = ["--disable-pip-version-check", "--quiet"]
    environment = {**clean_environment(), "PIP_NO_INDEX": "1"}
    subprocess.run([sys.executable, "-m", "pip", *quiet, *arguments], env=environment, check=True, cwd=REPOSITORY.anchor)


def clean_environment() -> dict[str, str]:
    """No folder of the repository's packages is on the path; the network stays refused."""
    return {**os.environ, "PYTHONPATH": str(OFFLINE), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@dataclass(frozen=True)
class Installed:
    """An environment of its own that holds the wheel, and a project made with it."""

    environment: Path
    project: Path

    def run(self, *command: str) -> str:
        """Run a program of the environment in a folder that holds nothing; what it printed."""
        done = subprocess.run(
            [str(self.environment / "bin" / command[0]), *command[1:]],
            cwd=self.project.parent,
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def earmark(self, *arguments: str) -> Any:
        """Run a command with --json; what it printed, as data."""
        return json.loads(self.run("earmark", *self._command(arguments)))

    def together(self, *commands: Sequence[str]) -> list[Any]:
        """What `earmark` does for each of these, in one process, which loads torch once."""
        given = json.dumps([self._command(command) for command in commands])
        return [json.loads(printed) for printed in json.loads(self.run("python", "-c", TOGETHER, given))]

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return ["--project", str(self.project), *arguments, "--json"]


TOGETHER = """
import contextlib, io, json, sys
from labeler.cli.main import main
printed = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as output:
        main(command, standalone_mode=False)
    printed.append(output.getvalue())
print(json.dumps(printed))
"""


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel alone in a new environment; what it depends on comes from the environment of the tests."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    pip("--python", str(environment / "bin" / "python"), "install", "--no-deps", str(wheel))
    (site_packages,) = environment.glob("lib/python*/site-packages")
    # Python reads no .pth file of a folder that a .pth file names: an editable install of the repository stays out of sight.
    paths = dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (site_packages / "dependencies.pth").write_text("\n".join(paths), encoding="utf-8")
    return Installed(environment, tmp_path_factory.mktemp("elsewhere") / "project")


def test_it_holds_the_packages_as_they_are_tracked_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {name for name in tracked_files() if name.startswith(tuple(f"{package}/" for package in PACKAGES))}
    assert held == expected


def test_the_main_job_is_done_with_it(installed: Installed, tmp_path: Path) -> None:
    assert_from_the_wheel(installed, installed.run("python", "-c", WHERE))
    labels = sample_manifest(tmp_path / "clips.csv")
    first = write_answers(tmp_path / "first.csv", dict(list(labels.items())[:LABELED]))
    rest = write_answers(tmp_path / "rest.csv", dict(list(labels.items())[LABELED:]))
    sample_manifest(tmp_path / "one-more.csv", clips=CLIPS + 1)
    installed.earmark("init", "--labels", "angry,happy,neutral,sad")
    imported, embedded, annotated, learned, status, more, _, whole, one_more = installed.together(
        ["import", str(tmp_path / "clips.csv")],
        ["embed", "--encoder", "bundled"],
        ["annotate", str(tmp_path / "first.csv"), "--annotator", "ann"],
        ["learn", "--once"],
        ["status"],
        ["annotate", str(tmp_path / "rest.csv"), "--annotator", "ann"],
        ["learn", "--once"],
        ["status"],
        ["import", str(tmp_path / "one-more.csv")],
    )
    assert (imported["added"], embedded["embedded"], annotated["recorded"]) == (CLIPS, CLIPS, LABELED)
    assert (status["clips"], status["embedded"], status["rejected"]) == (CLIPS, CLIPS, 0)
    assert (status["decisions"], status["labeled"], status["per_annotator"]) == (LABELED, LABELED, {"ann": LABELED})
    assert status["per_label"] == {label: first.count(label) for label in ("angry", "happy", "neutral", "sad")}
    assert status["encoder"] == "bundled"
    assert (status["run"]["id"], status["run"]["decisions"]) == (learned["run"], LABELED)
    assert status["queue"] == CLIPS - LABELED
    assert more["recorded"] == len(rest)
    run = whole["run"]
    assert 0 <= run["ua_low"] <= run["ua"] <= run["ua_high"] <= 1, "with every clip answered, the random slice has clips"
    assert one_more["added"] == 1, "somebody has to have something to label"
    check_serving(installed)


WHERE = "import db, learner, labeler; print('\\n'.join(package.__file__ for package in (db, learner, labeler)))"


def assert_from_the_wheel(installed: Installed, files: str) -> None:
    """That these files, one a line, lie in the new environment."""
    assert [Path(file).is_relative_to(installed.environment) for file in files.split()] == [True] * 3, files


def sample_manifest(path: Path, *, clips: int = CLIPS) -> dict[str, str]:
    """Write a manifest of the first sample clips, without labels; the labels by file name."""
    with (REPOSITORY / "sample_data" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:clips]
    labels = {str(REPOSITORY / "sample_data" / row["file_name"]): row["label"] for row in rows}
    path.write_text("\n".join(["file_name", *labels]), encoding="utf-8")
    return labels


def write_answers(path: Path, labels: dict[str, str]) -> list[str]:
    """Write these labels by file name as answers to clips; the labels."""
    path.write_text("\n".join(["file_name,label", *(f"{name},{label}" for name, label in labels.items())]), encoding="utf-8")
    return list(labels.values())


@contextmanager
def served(installed: Installed, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The project served from the environment; whatever is left of it is killed at the end."""
    command = [str(installed.environment / "bin" / "earmark"), "--project", str(installed.project), "serve", "--port", str(port)]
    with (installed.project.parent / "serve.log").open("wb") as log:
        serving = subprocess.Popen(
            command,
            cwd=installed.project.parent,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield serving
    finally:
        if serving.poll() is None:
            os.killpg(serving.pid, signal.SIGKILL)
            serving.wait()


def check_serving(installed: Installed) -> None:
    """Page, clip and stop of `earmark serve`."""
    port, log = free_port(), installed.project.parent / "serve.log"
    with served(installed, port) as serving:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: f"open {address} in a browser" in log.read_text(), what="the address")
        wait_for(lambda: answers(port), what="the app")
        children = psutil.Process(serving.pid).children()
        assert {child.cmdline()[2] for child in children} == {"labeler.app.server", "labeler.cli"}
        for child in children:
            resolved = subprocess.run(
                [child.cmdline()[0], "-c", WHERE],
                cwd=child.cwd(),
                env=child.environ(),
                capture_output=True,
                text=True,
                check=True,
            )
            assert_from_the_wheel(installed, resolved.stdout)
        assert b"<title>Streamlit</title>" in fetched(address)
        (clip, *_) = post(port, "/earmark/api/next", {"session": session_token(installed), "want": 1})["clips"]
        assert fetched(address + clip["audio"])[:4] == b"fLaC"
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(30) == 0
        wait_for(lambda: not any(child.is_running() for child in children), what="the children to end")
    assert "Traceback" not in log.read_text(), log.read_text()


def fetched(address: str) -> bytes:
    """What lies at the address."""
    with urllib.request.urlopen(address, timeout=10) as response:
        content: bytes = response.read()
    return content


def session_token(installed: Installed) -> str:
    """As the page gives it to an annotator's browser."""
    project = open_project(installed.project)
    with project.write() as session:
        annotator = annotator_named(session, "ann").id
    token = Tokens(project.info().secret).for_session(annotator)
    project.close()
    return token
