"""Labels and speakers that look like missing values or numbers stay texts, from a manifest through every command and back."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from labeler.cli.main import main
from tests.learner.audio_files import noise, tone, written

TEXTS = ["NA", "nan", "null", "None", "True", "007", "1e3"]
PLACES = len(TEXTS)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the test away from the user's own cache."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result


def rows() -> list[dict[str, str]]:
    """Each speaker has each label once, as a tone of its own."""
    return [{"file_name": f"{speaker}-{label}.wav", "label": label, "speaker": speaker} for speaker in TEXTS for label in TEXTS]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with the clips of `rows` and a manifest in each format."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for number, row in enumerate(rows()):
        label = TEXTS.index(row["label"])
        written(folder / row["file_name"], tone(200 * 1.5**label, 0.2) + noise(0.2, seed=number, level=0.01))
    for name, delimiter in (("m.csv", ","), ("m.tsv", "\t"), ("semicolon.csv", ";")):
        with open(folder / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["file_name", "label", "speaker"], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(rows())
    (folder / "m.jsonl").write_text("\n".join(map(json.dumps, rows())))
    return folder


def new_project(place: Path) -> Path:
    run("--project", place, "init", "--labels", ",".join(TEXTS))
    return place


def exported(project: Path, output: Path) -> list[dict[str, Any]]:
    run("--project", project, "export", output.suffix[1:], output, "--rows", "decisions")
    if output.suffix == ".jsonl":
        return [json.loads(line) for line in output.read_text().splitlines()]
    with open(output, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def labels_of(found: Sequence[dict[str, Any]]) -> list[tuple[Any, Any, Any]]:
    return sorted((row["file_name"], row["label"], row["speaker"]) for row in found)


@pytest.mark.parametrize(
    ("name", "suffix"), [("m.csv", "csv"), ("m.tsv", "jsonl"), ("semicolon.csv", "csv"), ("m.jsonl", "jsonl")]
)
def test_they_are_imported_exported_and_imported_again(tmp_path: Path, corpus: Path, name: str, suffix: str) -> None:
    # One clip of each speaker is enough here: of seven times seven lines the diagonal.
    lines = (corpus / name).read_text().splitlines()
    header = [] if name.endswith(".jsonl") else [lines.pop(0)]
    (corpus / name).write_text("\n".join([*header, *lines[:: PLACES + 1]]) + "\n")
    project = new_project(tmp_path / "one")
    run("--project", project, "import", corpus / name, "--labels-as", "NA")
    found = exported(project, tmp_path / f"out.{suffix}")
    assert labels_of(found) == sorted((f"{text}-{text}.wav", text, text) for text in TEXTS)
    assert {row["annotator"] for row in found} == {"NA"}
    back = new_project(tmp_path / "back")
    run("--project", back, "import", tmp_path / f"out.{suffix}", "--labels-as", "nan")
    assert labels_of(exported(back, tmp_path / f"again.{suffix}")) == labels_of(found)


def test_folders_and_answers_give_them_too(tmp_path: Path) -> None:
    for number, label in enumerate(TEXTS):
        (tmp_path / "audio" / label).mkdir(parents=True)
        written(tmp_path / "audio" / label / "a.wav", noise(0.1, seed=number))
    project = new_project(tmp_path / "project")
    run("--project", project, "import", tmp_path / "audio", "--labels-from-folders", "--labels-as", "folders")
    for suffix in ("csv", "jsonl"):
        answers = [{"file_name": f"{label}/a.wav", "label": label} for label in TEXTS]
        path = tmp_path / f"answers.{suffix}"
        header = "" if suffix == "jsonl" else "file_name,label\n"
        path.write_text(header + "\n".join(json.dumps(row) if suffix == "jsonl" else ",".join(row.values()) for row in answers))
        run("--project", project, "annotate", path, "--annotator", suffix)
    given = sorted((row["annotator"], row["label"]) for row in exported(project, tmp_path / "out.csv"))
    assert given == sorted((annotator, label) for annotator in ("csv", "folders", "jsonl") for label in TEXTS)


def test_they_are_learned_predicted_and_probed(tmp_path: Path, corpus: Path) -> None:
    project = new_project(tmp_path / "project")
    run("--project", project, "import", corpus / "m.csv", "--labels-as", "ann")
    run("--project", project, "embed", "--encoder", "logmel")
    run("--project", project, "learn", "--once")
    status = json.loads(run("--project", project, "status", "--json").stdout)
    assert status["per_label"] == dict.fromkeys(TEXTS, PLACES)
    run("--project", project, "predict", tmp_path / "predictions.csv")
    with open(tmp_path / "predictions.csv", newline="", encoding="utf-8") as file:
        predictions = list(csv.DictReader(file))
    assert [column for column in predictions[0] if column.startswith("p_")] == [f"p_{label}" for label in TEXTS]
    truth = {row["file_name"]: row["label"] for row in rows()}
    assert {row["file_name"]: row["predicted"] for row in predictions} == truth
    probe = json.loads(run("probe", corpus / "m.csv", "--encoder", "logmel", "--json").stdout)
    assert (probe["clips"], probe["labels"], probe["speakers"]) == (PLACES**2, PLACES, PLACES)


def test_they_are_simulated(corpus: Path) -> None:
    options = ["--encoder", "logmel", "--strategy", "margin", "--seeds", "1", "--budget", "20", "--json"]
    document = json.loads(run("simulate", corpus / "m.csv", *options).stdout)
    assert (document["labels"], document["speakers"], document["left_out"]) == (sorted(TEXTS), PLACES, 0)


def test_what_a_note_explains_is_printed_once(tmp_path: Path, corpus: Path) -> None:
    project = new_project(tmp_path / "project")
    lines = ["file,label", *(f"C:\\data\\{number}.wav,NA" for number in range(5)), "NA-NA.wav,NA", "gone.wav,NA"]
    (corpus / "windows.csv").write_text("\n".join(lines))
    result = run("--project", project, "import", corpus / "windows.csv")
    assert "1 added, 0 known" in result.stdout
    assert "6 rejected" in result.stdout
    printed = result.stderr.splitlines()
    assert [line.split(":")[0] for line in printed if line.startswith("rejected")] == ["rejected gone.wav"]
    assert len([line for line in printed if "5 lines name a Windows path" in line]) == 1
    assert any("1 clip has a label in the source, and none was recorded" in line for line in printed)
