"""`earmark labels` and `earmark withdraw` as a person types them."""

from __future__ import annotations

import json

import click
import pytest
from sqlalchemy import select

from db.changes.withdrawing import ToWithdraw
from db.models import LabelChange, Withdrawal
from db.project import OpenProject
from labeler.cli.data import withdraw as withdraw_command
from tests.filled_projects import add_clips, answer
from tests.labeler.cli.test_cli import run


def test_labels_are_changed_and_listed_with_their_answers(project: OpenProject) -> None:
    happy, sad = add_clips(project, 2)
    answer(project, happy, "happy")
    answer(project, sad, "sad")
    added = json.loads(run(project.directory, "labels", "add", "bored", "--by", "Lee", "--json").stdout)
    assert added == {
        "id": 4,
        "name": "bored",
        "active": True,
        "merged_into": None,
        "labels": ["angry", "happy", "sad", "bored"],
    }
    for change in (["rename", "happy", "joyful"], ["merge", "sad", "joyful"], ["retire", "angry"]):
        assert run(project.directory, "labels", *change).exit_code == 0
    assert run(project.directory, "labels", "list").stdout.splitlines() == [
        "angry  (retired: 0 answers that count no longer)",
        "joyful  (1 answer)",
        "sad  (merged into joyful: 1 answer)",
        "bored  (0 answers)",
    ]
    restored = run(project.directory, "labels", "restore", "angry")
    assert restored.stdout.splitlines()[:2] == [
        "The label angry is offered again, and its answers count as its own.",
        "In use: angry, joyful, bored.",
    ]
    with project.read() as session:
        assert [change.changed_by for change in session.scalars(select(LabelChange))] == ["Lee", None, None, None, None]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["add", "sad"], "There is a label 'sad' already"),
        (["merge", "sad", "unknown"], "There is no label 'unknown'"),
        (["add", "new", "--by", " "], "cannot be an annotator's name"),
    ],
)
def test_a_change_that_cannot_be_made_is_one_sentence(project: OpenProject, arguments: list[str], why: str) -> None:
    result = run(project.directory, "labels", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_speaker_is_withdrawn_and_the_command_tells_what_stays(project: OpenProject) -> None:
    add_clips(project, 4, speakers=2)
    result = run(project.directory, "withdraw", "--speaker", "s1", "--reason", "consent", "--by", "Lee", "--yes")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "2 clips withdrawn; 0 vectors overwritten, 0 cached files deleted."
    assert "Not removed are: your own audio files" in result.stdout
    with project.read() as session:
        assert [(row.clip_id, row.reason, row.withdrawn_by) for row in session.scalars(select(Withdrawal))] == [
            (2, "consent", "Lee"),
            (4, "consent", "Lee"),
        ]


def test_the_document_names_clips_and_files_that_stay(project: OpenProject) -> None:
    add_clips(project, 2)
    result = run(project.directory, "withdraw", "--file", "1.wav", "--reason", "consent", "--yes", "--json")
    assert json.loads(result.stdout) == {
        "clips": [2],
        "vectors": 0,
        "cached_files": 0,
        "overlapping": 0,
        "log_emptied": True,
        "files_kept": ["/audio/1.wav"],
    }
    again = run(project.directory, "withdraw", "--clip", "2", "--reason", "consent", "--yes")
    assert again.stderr == "Error: The clip 2 was withdrawn already.\n"
    finished = run(project.directory, "withdraw", "--finish", "--json")
    assert json.loads(finished.stdout) == {"clips": [], "vectors": 0, "cached_files": 0}


def test_without_a_terminal_nothing_is_withdrawn_unless_yes_is_given(project: OpenProject) -> None:
    add_clips(project, 1)
    result = run(project.directory, "withdraw", "--clip", "1", "--reason", "consent")
    assert result.stderr == "Error: 1 clip would be withdrawn for good; repeat the command with --yes to do it.\n"
    with project.read() as session:
        assert session.scalars(select(Withdrawal)).all() == []


def test_a_person_is_asked_and_may_decline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda question, **_: print(question))
    clips = [ToWithdraw(number, f"{number}.wav", "/x") for number in range(12)]
    withdraw_command.ask(clips)
    asked = capsys.readouterr()
    assert asked.out == "Withdraw 12 clips for good?\n"
    assert "clip 9: 9.wav\n  and 2 more" in asked.err
    assert "Nothing brings them back." in asked.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--reason", "x"], "Give one of --clip, --file, --speaker and --finish."),
        (["--clip", "1", "--speaker", "s1", "--reason", "x"], "Give one of --clip, --file, --speaker and --finish."),
        (["--clip", "1"], "Give a --reason"),
    ],
)
def test_what_is_missing_is_named(project: OpenProject, arguments: list[str], why: str) -> None:
    result = run(project.directory, "withdraw", *arguments)
    assert result.exit_code == 2
    assert why in result.stderr
