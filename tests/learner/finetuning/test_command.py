"""`earmark finetune`: what it prints, folds by a column, the figure, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from tests.learner.audio_files import tone, written


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve tones of three speakers in two sessions; one line names a file that is not there."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    lines = ["file_name,label,speaker,session", "lost.wav,high,anna,one"]
    for number in range(12):
        label, speaker = ("high", "low")[number % 2], ("anna", "bert", "cleo")[number // 4]
        written(tmp_path / f"{number}.wav", tone(900 if label == "high" else 120, 0.3 + 0.01 * number))
        lines.append(f"{number}.wav,{label},{speaker},{'one' if number < 6 else 'two'}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    return tmp_path / "clips.csv"


def finetune(*arguments: str) -> Result:
    """Run the command on features that need no network."""
    return CliRunner().invoke(main, ["finetune", *arguments, "--encoder", "logmel", "--method", "frozen"])


def test_json_is_one_document(manifest: Path) -> None:
    found = json.loads(finetune(str(manifest), "--runs", "2", "--json").stdout)
    assert (found["method"], found["encoder"]) == ("frozen", "logmel")
    assert [fold["held_out"] for fold in found["folds"]] == [["anna"], ["bert"], ["cleo"]]
    assert found["folds"][0]["runs"][0]["recall"] == {"high": 1.0, "low": 1.0}
    assert {"ua", "ua_fold_std", "ua_run_std", "ua_median", "ua_low", "ua_high", "seconds"} < set(found)
    assert found["confusion"] == {"labels": ["high", "low"], "counts": [[12, 0], [0, 12]]}


def test_a_table_for_a_person_and_a_figure(manifest: Path, tmp_path: Path) -> None:
    found = finetune(str(manifest), "--folds", "session", "--plot", str(tmp_path / "confusion.svg"))
    assert found.exit_code == 0
    lines = found.stdout.splitlines()
    assert lines[0] == "12 clips, 6 labels to learn from in a fold; frozen of logmel, 1 run per fold."
    assert lines[3].split() == ["one", "6", "1.000", "1.000", "1.000", "1.000", "1.000"]
    assert lines[-1].startswith("UA 1.000 (")
    assert "left out lost.wav" in found.stderr
    assert "predicted label" in (tmp_path / "confusion.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "There is no project in"),
        (["CLIPS", "--folds", "room"], "room"),
        (["CLIPS", "--folds", "7"], "3 speakers cannot be dealt into 7 folds; choose --folds from 2 to 3."),
        (["CLIPS", "--plot", "figure.gif"], "figure.gif cannot be drawn"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(manifest: Path, arguments: list[str], sentence: str) -> None:
    found = finetune(*[str(manifest) if word == "CLIPS" else word for word in arguments])
    assert found.exit_code == 1
    assert sentence in found.stderr
    assert found.stderr.startswith("Error: ") or "left out" in found.stderr


def test_a_saved_network_predicts_new_audio(manifest: Path, tiny: Path, tmp_path: Path) -> None:
    run, network = CliRunner(), tmp_path / "network"
    saving = ["finetune", str(manifest), "--encoder", str(tiny), "--epochs", "1", "--folds", "2", "--head", "plain"]
    found = run.invoke(main, [*saving, "--device", "cpu", "--save", str(network)])
    assert found.exit_code == 0, found.output
    assert "shown to be" in found.stdout
    assert f"saved in {network}; AutoModelForAudioClassification of transformers loads it." in found.stdout

    audio, output = tmp_path / "new", tmp_path / "predictions.csv"
    audio.mkdir()
    written(audio / "tone.wav", tone(900, 0.3))
    (audio / "torn.wav").write_bytes(b"RIFF")
    printed = json.loads(
        run.invoke(main, ["predict", str(output), "--model", str(network), "--folder", str(audio), "--json"]).stdout
    )
    assert (printed["predicted"], [failed["file_name"] for failed in printed["failed"]]) == (1, ["torn.wav"])
    assert (printed["model"]["labels"], printed["model"]["method"]) == (["high", "low"], "v-ft")
    header, row = output.read_text().splitlines()
    assert header == "file_name,start,end,predicted,p_high,p_low"
    assert row.startswith("tone.wav,0.0,0.3,")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["finetune", "CLIPS", "--save", "x", "--per-class", "2"], "leave --per-class out"),
        (["finetune", "CLIPS", "--save", "x", "--method", "frozen"], "The method frozen trains no network"),
        (["finetune", "CLIPS", "--save", "CLIPS"], "is no folder"),
        (["predict", "out.csv", "--model", "x"], "give it in --folder"),
        (["predict", "out.csv", "--model", "x", "--folder", ".", "--encoder", "bundled"], "leave --head and --encoder out"),
        (["predict", "out.csv", "--model", "nowhere", "--folder", "."], "There is no folder nowhere"),
    ],
)
def test_what_cannot_be_saved_or_used_is_one_sentence(manifest: Path, arguments: list[str], sentence: str) -> None:
    found = CliRunner().invoke(main, [str(manifest) if word == "CLIPS" else word for word in arguments])
    assert found.exit_code in (1, 2)
    assert sentence in found.stderr
