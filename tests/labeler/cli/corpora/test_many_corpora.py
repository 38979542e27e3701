"""`earmark corpora` as a person types it: train, report, evaluate, add."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from tests.learner.encoders.small_checkpoints import untrained
from tests.learner.many_corpora.tiny_corpora import tones

TINY = ["--width", "2", "--blocks", "1", "--epoch-steps", "2", "--most-epochs", "1", "--rates", "0.1", "--batch", "4"]


def corpora(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["corpora", *map(str, arguments)])


def test_train_report_evaluate_and_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name, labels in (("pitch", {"low": 200.0, "high": 2000.0}), ("more", {"deep": 100.0, "shrill": 3000.0})):
        tones(tmp_path, name, labels)
    Path("bad.csv").write_text("file,label\n")

    result = corpora("train", "pitch.csv", "bad.csv", "--output", "model", *TINY)
    assert result.exit_code == 0, result.output
    assert " ".join(result.stdout.splitlines()[0].split()) == "corpus labels clips tested UA by run WA by run F1 by run"
    assert "run 1, shared filters, rate 0.1, epoch 1: loss" in result.stderr
    assert "bad is left out: bad has 0 labelled clips, at least 10 are needed" in result.stderr

    report = json.loads(corpora("report", "model", "--json").stdout)
    assert (report["mode"], report["shared"], list(report["corpora"])) == ("adapters", 9 * 506, ["pitch"])
    assert "times as many models as corpora" in corpora("report", "model").stdout

    evaluated = corpora("evaluate", "model", "pitch.csv", "out.csv")
    assert evaluated.stdout.startswith("20 clips of pitch predicted; written to out.csv.\n20 labelled clips: UA ")
    assert Path("out.csv").read_text().startswith("file,start,end,speaker,label,predicted,p:high,p:low")

    added = corpora("add", "model", "more.csv", "--json", "--quiet")
    assert list(json.loads(added.stdout)["corpora"]) == ["more"]
    assert "epoch" not in added.stderr
    assert list(json.loads(corpora("report", "model", "--json").stdout)["corpora"]) == ["pitch", "more"]


def test_an_encoder_as_the_shared_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    tones(tmp_path, "pitch", {"low": 200.0, "high": 2000.0})
    untrained(tmp_path / "small", "Wav2Vec2")
    values = ["--bottleneck", "2", "--layers", "1", "--epoch-steps", "1", "--most-epochs", "1", "--rates", "0.1", "--batch", "4"]
    result = corpora("train", "pitch.csv", "--backbone", "small", "--output", "model", "--head-rates", "0.1", *values)
    assert result.exit_code == 0, result.output
    assert "run 1, head, rate 0.1, epoch 1: loss 0.693" in result.stderr
    assert "run 1, own layers, rate 0.1, epoch 1: loss" in result.stderr
    assert corpora("report", "model").stdout.startswith(f"adapters, {tmp_path}/small, 1 run: ")
    assert corpora("evaluate", "model", "pitch.csv", "out.csv").stdout.startswith("20 clips of pitch predicted")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "pitch.csv", "--output", "x", "--rates", "fast"], "--rates 'fast' is no list of numbers"),
        (
            ["train", "pitch.csv", "--output", "x", "--backbone", "hubert"],
            "Backbone 'hubert' cannot be used; give resnet, bundled",
        ),
        (["train", "pitch.csv", "--output", "x", "--backbone", "bundled", "--width", "2"], "--width is an option of resnet"),
        (["train", "pitch.csv", "--output", "x", "--bottleneck", "2"], "--bottleneck is an option of an encoder; leave it out"),
        (["train", "pitch.csv", "--output", "x", "--pooling", "mean"], "choose average or attention"),
        (["train", "gone.csv", "--output", "x"], "gone.csv"),
        (["report", "x"], "x holds no model"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = corpora(*arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
