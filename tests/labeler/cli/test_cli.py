"""The commands as a person types them: what they print, and how they fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from db.models import Source
from db.project import OpenProject
from db.records.clips import record_rejection
from labeler.cli.main import main
from labeler.cli.output import printable
from learner.loop.run import learn_once
from tests.filled_projects import add_clips, answer
from tests.learner.audio_files import noise, written
from tests.learner.synthetic_projects import embedded_project, label_slice, label_truly

COMMANDS = {
    "agreement", "annotate", "backup", "corpora", "curve", "doctor", "embed", "export", "export-head", "finetune", "import",
    "init", "labels", "learn", "likely", "modalities", "predict", "pretrain", "probe", "queue", "restore", "serve", "similar",
    "simulate", "status", "suspects", "upgrade", "validate", "withdraw",
}  # fmt: skip


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *arguments])


def test_every_command_is_there_and_explains_itself() -> None:
    assert set(main.commands) == COMMANDS
    for command in COMMANDS:
        result = CliRunner().invoke(main, [command, "--help"])
        assert result.exit_code == 0
        assert "Usage:" in result.stdout


def test_init_creates_a_project_and_shows_the_next_command(tmp_path: Path) -> None:
    result = run(tmp_path / "new", "init", "--labels", "a, b,c")
    assert result.exit_code == 0
    assert "3 labels" in result.stdout
    assert "earmark import" in result.stdout
    assert "earmark embed --encoder whisper" in result.stdout
    status = json.loads(run(tmp_path / "new", "status", "--json").stdout)
    assert status == {
        "clips": 0,
        "rejected": 0,
        "aliases": 0,
        "embedded": 0,
        "words": None,
        "decisions": 0,
        "labeled": 0,
        "annotators": 0,
        "per_annotator": {},
        "per_label": {"a": 0, "b": 0, "c": 0},
        "encoder": None,
        "run": None,
        "queue": 0,
        "outlook": None,
        "encoder_knows": None,
        "better_features": [],
        "finetuned": None,
    }


@pytest.mark.parametrize(
    "command", [["status"], ["queue"], ["curve"], ["learn", "--once"], ["embed"], ["export", "csv", "x.csv"]]
)
def test_without_a_project_every_command_fails_in_one_sentence(tmp_path: Path, command: list[str]) -> None:
    result = run(tmp_path, *command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no project in ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.output


def test_the_project_may_come_from_the_environment(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_PROJECT", str(project.directory))
    assert CliRunner().invoke(main, ["status"]).exit_code == 0


def test_status_counts_what_stands(project: OpenProject) -> None:
    clips = add_clips(project, 4)
    answer(project, clips[0], "sad", annotator="a")
    answer(project, clips[0], "happy", annotator="a")
    answer(project, clips[1], "sad", annotator="b")
    status = json.loads(run(project.directory, "status", "--json").stdout)
    assert (status["clips"], status["decisions"], status["labeled"], status["annotators"]) == (4, 2, 2, 2)
    assert status["per_label"] == {"angry": 0, "happy": 1, "sad": 1}


def test_queue_lists_clips_with_their_reason(project: OpenProject) -> None:
    add_clips(project, 3)
    document = json.loads(run(project.directory, "queue", "--limit", "2", "--json").stdout)
    assert len(document) == 2
    assert set(document[0]) == {"clip", "file_name", "source", "score", "predicted"}
    assert document[0]["source"] == Source.RANDOM
    assert document[0]["file_name"] in run(project.directory, "queue").stdout


def test_curve_without_points_explains_how_it_starts(project: OpenProject) -> None:
    document = json.loads(run(project.directory, "curve", "--json").stdout)
    assert document == {"points": [], "random": [], "logmel": [], "slice_clips": 0, "speakers": 0, "outlook": None}
    assert "starts with the first labels" in run(project.directory, "curve").stdout


def test_the_outlook_is_printed_as_json_and_in_words(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 80)
    for first in range(0, 60, 10):
        label_truly(project, clips[first : first + 10])
        label_slice(project, 3)
        learn_once(project)
    document = json.loads(run(project.directory, "curve", "--json").stdout)
    assert document["random"] == document["outlook"]["curves"]["random"]
    assert [set(point) for point in document["random"]] == [
        {"labels", "examples_per_class", "smallest_class", "ua", "ua_low", "ua_high"}
    ] * len(document["random"])
    assert len(document["random"]) >= 2
    status = json.loads(run(project.directory, "status", "--json").stdout)
    assert status["outlook"] == document["outlook"]
    for command in ("status", "curve"):
        assert document["outlook"]["stop"]["why"] in run(project.directory, command).stdout
    new = status["run"]["new_speakers"]
    assert (
        f"On a group of 2 new speakers: UA {new['ua_low']:.2f}–{new['ua_high']:.2f} (95%)"
        in run(project.directory, "status").stdout
    )
    picture = tmp_path / "curve.svg"
    assert run(project.directory, "curve", "--output", str(picture)).exit_code == 0
    assert "random order" in picture.read_text()


def test_an_export_for_spreadsheets_holds_no_formula(project: OpenProject, tmp_path: Path) -> None:
    answer(project, add_clips(project, 1)[0], annotator="=1+1")
    output = tmp_path / "out.csv"
    assert run(project.directory, "export", "csv", str(output), "--rows", "decisions", "--safe-for-spreadsheets").exit_code == 0
    assert '"\'=1+1"' in output.read_text()
    result = run(project.directory, "export", "jsonl", str(output), "--safe-for-spreadsheets")
    assert result.exit_code == 1
    assert result.stderr == "Error: jsonl has no form that is safe for spreadsheets; use one of: csv.\n"


def test_an_up_to_date_database_is_not_copied(project: OpenProject) -> None:
    document = json.loads(run(project.directory, "upgrade", "--json").stdout)
    assert document["from"] == document["to"]
    assert document["backup"] is None


def test_file_names_cannot_control_the_terminal() -> None:
    assert printable("a\x1b[2Jb\nc\u202e") == "a\\x1b[2Jb\\nc\\u202e"


@pytest.mark.parametrize("command", [["status"], ["init", "--labels", "a"], ["serve"]])
def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    result = run(tmp_path / ("x" * 300), *command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "File name too long" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("digits", [15, 25, 5000])
def test_a_number_too_large_for_any_clip_is_an_unknown_clip(project: OpenProject, digits: int) -> None:
    result = run(project.directory, "similar", "9" * digits)
    assert result.exit_code == 1
    assert "There is no clip" in result.stderr


def test_only_files_that_are_no_clips_are_called_rejected(project: OpenProject, tmp_path: Path) -> None:
    """Neither those whose label is not in the label set, nor those with the audio of another."""
    for name in ("a.wav", "b.wav"):
        written(tmp_path / name, noise(0.3, seed=ord(name[0])))
    shutil.copy(tmp_path / "a.wav", tmp_path / "copy.wav")
    (tmp_path / "m.csv").write_text("file_name,label\na.wav,glad\ncopy.wav,glad\nb.wav,sad\ngone.wav,sad\n")
    result = run(project.directory, "import", str(tmp_path / "m.csv"), "--labels-as", "ann")
    assert "2 added, 1 known (1 of them the same audio under another name), 1 rejected." in result.stdout
    assert "'glad' is not in the label set: 2 clips imported, label not taken (first 'a.wav')." in result.stderr
    lines = run(project.directory, "status").stdout.splitlines()
    assert lines[0] == "2 clips, 0 embedded"
    assert lines[1] == "1 more file with the same audio as another, 1 file rejected."
    assert lines[2].startswith("1 decision by 1 annotator; 1 clip labelled")


def test_rejections_that_an_earlier_version_noted_of_clips_are_not_counted(project: OpenProject) -> None:
    add_clips(project, 1)
    with project.write() as session:
        for name, reason in (("0.wav", "Imported without its label: 'x' is not in the label set."), ("1.wav", "It is no audio.")):
            record_rejection(session, path=f"/audio/{name}", file_name=name, reason=reason)
    assert json.loads(run(project.directory, "status", "--json").stdout)["rejected"] == 1
    assert run(project.directory, "status").stdout.splitlines()[:2] == ["1 clip, 0 embedded", "1 file rejected."]


def test_one_pass_makes_no_features(project: OpenProject) -> None:
    result = run(project.directory, "learn", "--once", "--embed")
    assert result.exit_code == 2
    assert "--once makes no features; run `earmark embed` first, and leave --embed out." in result.output
