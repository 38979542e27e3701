"""Every command in a real terminal: long ones show their progress, and Ctrl-C is one line, status 130, nothing half-written."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from db.backups.backing_up import back_up
from db.project import create_project
from labeler.cli.main import main
from learner.features.embed import embed
from learner.imports.source import import_source
from learner.loop.run import learn_once
from tests.labeler.cli.terminals import COLUMNS, Command, Terminal, WarmPython
from tests.learner.audio_files import noise, tone, written
from tests.learner.run_comparison.run_folders import written_run_folder
from tests.supervised_processes import free_port, wait_for

STOPPED = "Stopped by Ctrl-C."
CLIPS = 24


@dataclass(frozen=True)
class Case:
    """A command as a person types it in the project, with `IN` for the folder of the inputs and `OUT` for an empty folder."""

    arguments: str
    held_at: str
    """A function in the middle of its work."""
    bar: str = ""
    """What its progress bar is called; none if the command is quick."""
    steps: str = ""
    """What the bar shows at the end."""
    shows: str = ""
    """What is printed in the end."""
    status: int = 0


OF_LOGMEL = "encode with logmel"
CASES = {
    "agreement": Case(
        "", "learner.label_quality.agreement:_alphas", "agreement", "1000/1000 samples", "Krippendorff's alpha: 1.000"
    ),
    "annotate": Case(
        "IN/answers.csv --annotator bob", "learner.imports.answers:take", "annotate", "2/2 lines", "2 decisions of bob recorded."
    ),
    "backup": Case("OUT/backup.zip", "db.backups.backing_up:_add", "backup", "100%|", "24 clips, 48 decisions"),
    "corpora train": Case(
        "IN/labels.csv --quiet --mode scratch --width 2 --blocks 1 --epoch-steps 2 --most-epochs 1 --rates 0.1 --batch 4 "
        "--crop-seconds 0.2 --output OUT/model",
        "learner.many_corpora.corpora.reading:made_corpus",
        "run 1: inputs0",
        "2/2 steps",
        "Next: earmark corpora report",
    ),
    "corpora compare": Case(
        "IN/model-a IN/model-b",
        "learner.run_comparison.compare:_comparison",
        "compare",
        "1/1 comparisons",
        "McNemar's test: significantly better on 0, worse on 0, no difference on 1.",
    ),
    "curve": Case("--output OUT/curve.svg", "labeler.scripting.learning:latest_curve", shows="per class"),
    "doctor": Case("--audio 3", "learner.doctor.audio:trouble_of", "decode", "3/3 clips", "All is well. 3 clips decoded."),
    "embed": Case(
        "--encoder logmel --pooling mean",
        "learner.encoders.handmade.logmel:LogMelEncoder.encode",
        "embed",
        f"{CLIPS}/{CLIPS} clips",
        f"{CLIPS} clips embedded",
    ),
    "export": Case("csv OUT/out.csv", "db.exports.formats.csv_file:_cell", "export", "24/24 clips", "24 rows written to"),
    "export-head": Case("OUT/head", "learner.prediction.head_export:save", shows="Next: earmark predict predictions.csv"),
    "finetune": Case(
        "IN/labels.csv --encoder bundled --method frozen --folds 2",
        "learner.finetuning.runs:fitted",
        "finetune frozen",
        "2/2 steps",
        "UA 1.000 (",
    ),
    "import": Case("IN/more", "learner.imports.source:register_clip", "import", "6/6 clips", "6 added, 0 known"),
    "init": Case("--labels a,b", "db.project:create_schema", shows="Created a project with 2 labels"),
    "labels": Case("list", "labeler.cli.data.labels:answers_by_label", shows="low  (24 answers)"),
    "learn": Case("--once", "learner.loop.publishing:trained", "learn", " heads [", "Run 2 is published."),
    "likely": Case("low", "labeler.cli.learning.finding:free_clips", shows="There is no clip to list"),
    "predict": Case(
        "OUT/out.csv --folder IN/more",
        "learner.prediction.new_audio:_encoded",
        "predict",
        "6/6 clips",
        "6 predictions written to",
    ),
    "pretrain": Case(
        "IN/more --output OUT/encoder --steps 2 --batch 2 --pool 4 --crop-seconds 0.5",
        "learner.encoder_training.pretraining.pretrain:Trainer.step",
        "pretrain",
        "2/2 steps",
        "Trained for 2 steps",
    ),
    "probe": Case(
        "IN/labels.csv --encoder logmel --output OUT/probe.svg",
        "learner.probing.probe_report:all_predictions",
        OF_LOGMEL,
        f"{CLIPS}/{CLIPS} clips",
        "To use it: earmark embed --encoder logmel",
    ),
    # Behind probe, which is to encode what this one needs, too.
    "modalities": Case(
        "IN/labels.csv --encoder logmel --runs 1 --budget 12",
        "learner.modalities.compare:predicted",
        "linear heads",
        "8/8 fits",
        "UA with its 95% interval",
    ),
    "queue": Case("", "labeler.scripting.answering:upcoming", shows=""),
    "restore": Case("IN/backup.zip", "db.backups.restoring:_Restore._extract", "restore", "100%|", "24 clips, 48 decisions"),
    "similar": Case("1", "labeler.cli.learning.finding:free_clips", shows="There is no clip to list"),
    "simulate": Case(
        "IN/labels.csv --encoder logmel --seeds 1 --budget 10 --strategy random",
        "learner.simulation.cells:replay",
        "simulate",
        "2/2 cells",
        "AULC: mean UA along the curve.",
    ),
    "status": Case("", "labeler.scripting.learning:project_status", shows="48 decisions by 2 annotators"),
    "suspects": Case("", "learner.label_quality.out_of_fold:fitted_head", "suspects", " heads [", "no reviewer fixed"),
    "validate": Case("IN/more", "learner.imports.inspection:Inspector.inspect", "validate", "6/6 clips", "6 added, 0 known"),
    "withdraw": Case(
        "--clip 1 --reason consent --yes", "learner.withdrawal.withdraw:withdraw", shows="1 clip withdrawn; 1 vector overwritten"
    ),
    "upgrade": Case("", "labeler.cli.data.set_up:upgradable_revision", shows="The database is up to date"),
}
"""By name. Commands that run until Ctrl-C (`serve`, and `learn` without --once) have tests of their own."""
WRITING = ("annotate", "embed", "export", "import", "init", "learn", "predict")
"""What these began is undone by Ctrl-C, or kept in such a way that the same command goes on with it."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 24 clips, high and low tones that an annotator has labelled, embedded and learned from; and inputs."""
    folder = tmp_path_factory.mktemp("inputs")
    lines = ["file_name,label,speaker"]
    for number in range(CLIPS):
        high = number % 2
        signal_ = tone(1500 if high else 200, 0.3) * 0.2 + noise(0.3, seed=number, level=0.01)
        lines.append(f"{written(folder / f'{number}.wav', signal_).name},{('low', 'high')[high]},s{number // 6}")
    for number in range(6):
        (folder / "more").mkdir(exist_ok=True)
        written(folder / "more" / f"{number}.wav", noise(0.6, seed=100 + number))
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder / "answers.csv").write_text("clip,label\n1,low\n2,high\n")
    for model in "ab":
        written_run_folder(folder / f"model-{model}", accuracy={"c": 0.5}, clips=12)
    project = create_project(folder / "project", labels=["low", "high"])
    for annotator in ("ann", "eve"):
        import_source(project, folder / "labels.csv", labels_as=annotator)
    embed(project, encoder="logmel")
    learn_once(project)
    back_up(project, folder / "backup.zip")
    project.close()
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPython]:
    """A process in which commands start quickly."""
    warm = WarmPython(tmp_path_factory.mktemp("cache"))
    yield warm
    warm.close()


class Desk:
    """A person's place at the terminal: a copy of the project, and an empty folder for what commands write."""

    def __init__(self, python: WarmPython, inputs: Path, folder: Path) -> None:
        self._python, self._inputs = python, inputs
        self.project, self.output = folder / "project", folder / "output"
        shutil.copytree(inputs / "project", self.project)
        self.output.mkdir()

    def type(self, name: str, *, held: bool = False, more: Sequence[str] = (), stdout: int | None = None) -> Command:
        """Run a command of `CASES`, to its end or into the middle of its work."""
        case = CASES[name]
        project = self.output / "new" if name in ("init", "restore") else self.project
        if name == "simulate" and held:
            # A seed that no other test has left in the cache.
            more = ["--seeds", "2"]
        if name == "finetune" and held:
            # The first run is finished, and kept.
            more = ["--runs", "2"]
        if name == "learn":
            # Else there would be nothing to learn.
            shutil.rmtree(self.project / "heads", ignore_errors=True)
        words = [word.replace("IN/", f"{self._inputs}/").replace("OUT/", f"{self.output}/") for word in case.arguments.split()]
        return self._python.run(
            "--project", project, *name.split(), *words, *more, held_at=case.held_at if held else "", stdout=stdout
        )

    @property
    def written(self) -> list[str]:
        """Files that commands wrote for the person, and parts of files that are left anywhere."""
        parts = [path.name for path in self.project.rglob("*.part")]
        return parts + sorted(path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file())


@pytest.fixture
def desk(python: WarmPython, inputs: Path, tmp_path: Path) -> Desk:
    """A place at the terminal."""
    return Desk(python, inputs, tmp_path)


def bars(terminal: Terminal, case: Case) -> list[str]:
    """The lines of progress bars, each of which fits."""
    found = [line for line in terminal.lines if re.match(r".+: +\d+%\|", line)]
    # The terminal itself writes ^C, wherever the cursor stands.
    assert all(len(line.replace("^C", "")) <= COLUMNS for line in found), found
    return found


def test_every_command_is_tried() -> None:
    assert {*(name.split()[0] for name in CASES), "serve"} == set(main.commands)


@pytest.mark.parametrize("name", CASES)
def test_to_its_end(desk: Desk, name: str) -> None:
    case = CASES[name]
    command = desk.type(name)
    assert command.ended() == case.status, command.terminal.text
    assert case.shows in command.terminal.text
    assert "Traceback" not in command.terminal.text
    drawn = bars(command.terminal, case)
    assert [case.steps in bar for bar in drawn if bar.startswith(f"{case.bar}:")] == ([True] if case.bar else [])
    # Above what is printed, and gone on since it was first drawn.
    assert command.terminal.lines[: len(drawn)] == drawn
    assert not drawn or f"{case.bar}:   0%|" in command.terminal.text


@pytest.mark.parametrize("name", ["embed", "export", "predict"])
def test_progress_is_never_on_standard_output(desk: Desk, name: str) -> None:
    ours, theirs = os.pipe()
    command = desk.type(name, more=["--json"], stdout=theirs)
    os.close(theirs)
    assert command.ended() == 0, command.terminal.text
    with open(ours, "rb") as output:
        assert isinstance(json.load(output), dict)
    (bar,) = command.terminal.lines
    assert CASES[name].steps in bar


def test_where_there_is_no_terminal_nothing_is_drawn(desk: Desk) -> None:
    result = CliRunner().invoke(main, ["--project", str(desk.project), "embed", "--encoder", "logmel", "--pooling", "mean"])
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("name", CASES)
def test_ctrl_c_in_the_middle_of_its_work(desk: Desk, name: str) -> None:
    command = desk.type(name, held=True)
    command.terminal.until("(held)")
    command.terminal.press_ctrl_c()
    assert command.ended() == 130, command.terminal.text
    said = [line for line in command.terminal.lines if line not in bars(command.terminal, CASES[name])]
    assert [line for line in said if line not in ("(held)", "^C")] == [STOPPED]
    kept = ("encoder/training/", "encoder/loss.csv") if name == "pretrain" else ()
    assert [file for file in desk.written if not file.startswith(kept)] == []
    if name in WRITING:
        again = desk.type(name)
        assert again.ended() == 0, again.terminal.text
        assert CASES[name].shows in again.terminal.text


@pytest.mark.parametrize(
    ("arguments", "begun", "end"),
    [
        (["learn"], "The learner is running; Ctrl-C stops it.", "The learner has stopped."),
        (["serve", "--no-learner"], "Ctrl-C stops it.", "Earmark has stopped."),
    ],
    ids=["learn", "serve"],
)
def test_what_runs_until_ctrl_c_ends_well(python: WarmPython, desk: Desk, arguments: list[str], begun: str, end: str) -> None:
    port = ["--port", str(free_port())] if arguments[0] == "serve" else []
    command = python.run("--project", desk.project, *arguments, *port)
    command.terminal.until(begun)
    if arguments[0] == "serve":
        # By then it answers signals itself.
        wait_for(lambda: bool(psutil.Process(command.pid).children()), what="the app")
    command.terminal.press_ctrl_c()
    assert command.ended() == 0, command.terminal.text
    lines = [line.removeprefix("^C") for line in command.terminal.lines]
    assert [line for line in lines if line and begun not in line] == [end]


IN_ITS_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


def pressed_while_it_starts(*arguments: str | Path, after: str, pause: float = 0.0) -> tuple[int, list[str]]:
    """Press Ctrl-C once a module has been imported; the exit status, and what is printed beside the list of imports."""
    terminal = Terminal()
    command = [sys.executable, "-X", "importtime", "-m", "labeler.cli", *arguments]
    process = subprocess.Popen(
        [sys.executable, "-c", IN_ITS_TERMINAL, *command],
        stdin=terminal.theirs,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        start_new_session=True,
    )
    os.close(terminal.theirs)
    terminal.until(f" {after}\r\n")
    time.sleep(pause)
    terminal.press_ctrl_c()
    terminal.until_closed()
    os.close(terminal.ours)
    lines = [line.removeprefix("^C") for line in terminal.lines]
    return process.wait(), [line for line in lines if line and not line.startswith("import time:")]


def test_ctrl_c_while_modules_are_loaded(desk: Desk) -> None:
    assert pressed_while_it_starts("--project", desk.project, "status", after="sqlalchemy.exc") == (130, [STOPPED])


@pytest.mark.soak
def test_ctrl_c_at_any_moment(desk: Desk) -> None:
    in_soak = bool(os.environ.get("EARMARK_SOAK"))
    rng = random.Random(7)
    embed_again: list[str | Path] = ["--project", desk.project, "embed", "--encoder", "logmel", "--pooling", "mean+std"]
    for _ in range(60 if in_soak else 2):
        status, lines = pressed_while_it_starts(*embed_again, after="labeler.cli.ctrl_c", pause=rng.uniform(0, 2.5))
        assert status in (0, 130), lines
        assert "Traceback" not in "\n".join(lines)
        assert lines[-1] == STOPPED or status == 0
