"""Known corpora on the command line: `init --labels-of`, and `--corpus` of `import`, `probe` and `simulate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from tests.learner.audio_files import noise, tone, written


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's own cache."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions of eight turns in the layout of IEMOCAP: sad turns are low tones, and happy or excited ones high."""
    root = tmp_path_factory.mktemp("iemocap")
    for session in (1, 2, 3):
        dialogue, folder = f"Ses0{session}F_impro01", root / f"Session{session}"
        (folder / f"sentences/wav/{dialogue}").mkdir(parents=True)
        (folder / "dialog/EmoEvaluation").mkdir(parents=True)
        lines = []
        for number in range(8):
            turn = f"{dialogue}_{'FM'[number // 4]}{number:03}"
            sound = tone(200 if number % 2 else 1500, 0.3) + noise(0.3, seed=10 * session + number)
            written(folder / f"sentences/wav/{dialogue}/{turn}.wav", sound)
            code = "sad" if number % 2 else ("hap", "exc")[number % 4 // 2]
            lines.append(f"[{number}.0000 - {number}.3000]\t{turn}\t{code}\t[2.5000, 2.5000, 2.5000]")
        (folder / f"dialog/EmoEvaluation/{dialogue}.txt").write_text("\n".join(lines))
    (root / "Session1/dialog/wav").mkdir()
    written(root / "Session1/dialog/wav/Ses01F_impro01.wav", noise(0.1))
    return root


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def test_a_project_of_a_corpus_needs_no_label_typed(tmp_path: Path, iemocap: Path) -> None:
    made = run("--project", tmp_path / "p", "init", "--labels-of", "iemocap")
    assert made.stdout.splitlines()[-1] == "Next: earmark import FOLDER --corpus iemocap"
    done = run("--project", tmp_path / "p", "import", iemocap, "--corpus", "iemocap", "--labels-as", "iemocap")
    assert done.stdout.splitlines()[-1] == "24 labels recorded for iemocap."
    status = json.loads(run("--project", tmp_path / "p", "status", "--json").stdout)
    assert status["per_label"] == {"anger": 0, "happiness": 12, "neutral": 0, "sadness": 12}


def test_labels_come_from_one_place(tmp_path: Path) -> None:
    for options in ([], ["--labels", "a,b", "--labels-of", "emodb"]):
        result = CliRunner().invoke(main, ["--project", str(tmp_path), "init", *options])
        assert (result.exit_code, "either --labels happy,sad,neutral or --labels-of CORPUS" in result.stderr) == (2, True)


def test_sessions_are_held_out_where_they_are_taken_as_speakers(iemocap: Path) -> None:
    options = ["--corpus", "iemocap", "--encoder", "logmel", "--json"]
    by_actor = json.loads(run("probe", iemocap, *options).stdout)
    by_session = json.loads(run("probe", iemocap, *options, "--speaker-from", "session").stdout)
    assert [(found["clips"], found["labels"], found["speakers"], found["folds"]) for found in (by_actor, by_session)] == [
        (24, 2, 6, 6), (24, 2, 3, 3),
    ]  # fmt: skip


def test_sessions_are_the_speakers_of_a_project(tmp_path: Path, iemocap: Path) -> None:
    run("--project", tmp_path / "p", "init", "--labels-of", "iemocap-five")
    options = ["--corpus", "iemocap-five", "--speaker-from", "session", "--labels-as", "iemocap"]
    run("--project", tmp_path / "p", "import", iemocap, *options)
    run("--project", tmp_path / "p", "export", "jsonl", tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {(row["speaker"], row["extra"]["speaker"]) for row in rows} == {
        (f"Ses0{session}", f"Ses0{session}{letter}") for session in (1, 2, 3) for letter in "FM"
    }
    assert {row["label"] for row in rows} == {"happiness", "excitement", "sadness"}


def test_a_corpus_is_simulated(iemocap: Path) -> None:
    options = ["--encoder", "logmel", "--strategy", "margin", "--seeds", "1", "--budget", "10", "--json"]
    document = json.loads(run("simulate", iemocap, "--corpus", "iemocap", *options).stdout)
    assert (document["labels"], document["speakers"], document["left_out"]) == (["happiness", "sadness"], 6, 0)


def test_what_a_corpus_leaves_out_is_stated(tmp_path: Path, iemocap: Path) -> None:
    stated = "1 file holds a whole dialogue and was left out; the turns of a dialogue are clips."
    assert stated in run("probe", iemocap, "--corpus", "iemocap", "--encoder", "logmel").stderr
    run("--project", tmp_path / "p", "init", "--labels-of", "iemocap")
    assert stated in run("--project", tmp_path / "p", "import", iemocap, "--corpus", "iemocap").stderr


def test_a_probe_of_a_project_takes_no_corpus(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--project", str(tmp_path), "probe", "--corpus", "emodb"])
    assert (result.exit_code, "name a MANIFEST or the folder of the corpus" in result.stderr) == (2, True)
