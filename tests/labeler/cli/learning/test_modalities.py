"""`earmark modalities` as a person types it: JSON, a chart, a table, and what is missing in a corpus."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from db.errors import FeatureError
from labeler.charts.modalities import MODALITY_NAMES
from labeler.cli.main import main
from learner.modalities import attention, sequences
from learner.modalities.attention import Training
from tests.learner.audio_files import noise, tone, written
from tests.learner.text_encoders.small_bert import small_bert

CLIPS, SPEAKERS = 24, 4
HOSTILE = ["<script>alert(1)</script>", "x" * 100_000, "😀", "\x07\x08", "", "good, =1+1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of two heights by four speakers, a checkpoint, and a cache that all tests share."""
    made = tmp_path_factory.mktemp("corpus")
    for number in range(CLIPS):
        signal = tone(1500 if number % 2 else 200, 0.3) * 0.2 + noise(0.3, seed=number, level=0.05)
        written(made / f"{number}.wav", signal)
    small_bert(made / "bert")
    return made


@pytest.fixture(autouse=True)
def quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(folder / "cache"))
    few = Training(epochs=1, fewest_steps=2, hidden=4)
    monkeypatch.setattr(attention.AttentionClassifier.__init__, "__kwdefaults__", {"training": few, "device": "cpu"})


def manifest(folder: Path, name: str, *, words: str | None = "own", speakers: int = SPEAKERS, labels: int = 2) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["file_name", "label", "speaker", "transcript"])
        for number in range(CLIPS):
            text = "" if words is None else HOSTILE[number // 2 % 6] if words == "hostile" else ("bad", "good")[number % 2]
            lines.writerow([f"{number}.wav", ("low", "high")[number % labels], f"s{number // 2 % speakers}", text])
    return path


def run(folder: Path, source: Path, *arguments: str) -> Result:
    words = ["modalities", str(source), "--encoder", "logmel", "--text-encoder", str(folder / "bert"), "--runs", "1", *arguments]
    return CliRunner().invoke(main, ["--project", str(folder / "none"), *words])


def test_the_json_has_a_curve_for_each_modality_and_the_plot_is_drawn(folder: Path, tmp_path: Path) -> None:
    result = run(folder, manifest(folder, "whole.csv"), "--json", "--plot", str(tmp_path / "chart.svg"))
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert [each["modality"] for each in document["results"]] == ["audio", "text", "both", "attention"]
    for each in [*document["results"], document["handmade"]]:
        assert [point["labels"] for point in each["points"]] == [9, 18]
        for point in each["points"]:
            assert 0 <= point["ua_low"] <= point["ua"] <= point["ua_high"] <= 1
    # Words and tones both show the label.
    assert [each["points"][-1]["ua"] for each in document["results"][:3]] == [1.0, 1.0, 1.0]
    assert (document["without_words"], document["speakers"], document["folds"]) == (0, 4, 4)
    assert {(each["first"], each["second"]) for each in document["saved"]} >= {("audio", "handmade")}
    drawn = (tmp_path / "chart.svg").read_text()
    assert all(f">{name}<" in drawn for name in MODALITY_NAMES.values())


def test_hostile_transcripts_are_encoded_or_masked_and_counted(folder: Path) -> None:
    result = run(folder, manifest(folder, "hostile.csv", words="hostile"), "--budget", "6", "--budget", "12")
    assert result.exit_code == 0, result.output
    assert "24 clips with 2 labels from 4 speakers; 4 folds of speakers, 1 run." in result.stdout
    assert "8 clips without a transcript: the words of these are masked." in result.stderr
    assert "both, attention network" in result.stdout


def test_without_any_transcript_the_sound_is_measured_alone(folder: Path) -> None:
    result = run(folder, manifest(folder, "silent.csv", words=None), "--json", "--text-encoder", "minilm")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [each["modality"] for each in document["results"]] == ["audio"]
    assert (document["without_words"], document["text_encoder"]) == (CLIPS, None)
    assert "No clip has a transcript, so only the sound is measured" in result.stderr


def test_with_one_speaker_clips_are_held_out_and_a_note_says_so(folder: Path) -> None:
    result = run(folder, manifest(folder, "alone.csv", speakers=1), "--without-attention")
    assert result.exit_code == 0, result.output
    assert "from 1 speaker; 5 folds of clips" in result.stdout
    assert "There are no two speakers to hold out" in result.stderr
    assert "attention" not in result.stdout


def test_one_label_is_refused_in_a_sentence(folder: Path) -> None:
    result = run(folder, manifest(folder, "single.csv", labels=1))
    assert result.exit_code == 1
    assert result.stderr == "Error: There are 24 labelled clips of 1 label; give clips of at least two labels.\n"


def test_a_comparison_that_was_stopped_goes_on_with_the_network_that_comes_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = manifest(folder, "stopped.csv", speakers=3)
    whole = json.loads(run(folder, source, "--json", "--budget", "12").stdout)
    shutil.rmtree(folder / "cache" / "probe" / "modalities")
    trained: list[int] = []
    fit = attention.AttentionClassifier.fit_and_predict

    def stopping(self: Any, *arguments: Any, **options: Any) -> Any:
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(options["seed"])
        return fit(self, *arguments, **options)

    monkeypatch.setattr(attention.AttentionClassifier, "fit_and_predict", stopping)
    assert run(folder, source, "--json", "--budget", "12").exit_code == 130
    trained.pop()
    assert json.loads(run(folder, source, "--json", "--budget", "12").stdout) == whole
    assert len(set(trained)) == 2


def test_frames_for_which_there_is_no_room_end_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(folder / "cache" / "probe" / "modalities", ignore_errors=True)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sequences, "_write_frames", full)
    result = run(folder, manifest(folder, "full.csv"))
    assert result.exit_code == 1
    assert "There is no room for the frames of 24 clips" in result.stderr
    assert "--without-attention" in result.stderr


def test_the_frames_of_many_clips_are_averaged_more_to_stay_within_the_bound() -> None:
    assert sequences.frames_of_a_clip(100, width=768) == 125
    assert sequences.frames_of_a_clip(100, width=768, most_bytes=2 * 768 * 100 * 20) == 20
    with pytest.raises(FeatureError, match="give fewer clips, or use --without-attention"):
        sequences.frames_of_a_clip(100, width=768, most_bytes=2 * 768 * 100)


def test_without_a_manifest_the_labels_and_transcripts_of_the_project_are_taken(folder: Path, tmp_path: Path) -> None:
    source = manifest(folder, "project.csv")
    for words in (["init", "--labels", "low,high"], ["import", str(source), "--labels-as", "ann"]):
        assert CliRunner().invoke(main, ["--project", str(tmp_path / "project"), *words]).exit_code == 0
    arguments = [
        "modalities",
        "--encoder",
        "logmel",
        "--text-encoder",
        str(folder / "bert"),
        "--runs",
        "1",
        "--without-attention",
    ]
    result = CliRunner().invoke(main, ["--project", str(tmp_path / "project"), *arguments, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["clips"], document["speakers"], document["without_words"]) == (CLIPS, SPEAKERS, 0)
    assert [each["modality"] for each in document["results"]] == ["audio", "text", "both"]
