"""`earmark probe` as a person types it: a table, a plot, JSON, and the `embed` command for the best candidate."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from db.project import OpenProject
from db.records.features import newest_feature_set
from db.records.labels import active_labels, add_labels
from labeler.charts.probe import candidate_name, probe_chart
from labeler.cli.learning.probe import embed_command
from labeler.cli.main import main
from tests.learner.audio_files import import_files, noise, tone, written
from tests.learner.probing.test_probing import tones


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's own cache."""
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_manifest_needs_no_project_and_ends_with_the_command_to_run(tmp_path: Path) -> None:
    result = run("--project", tmp_path / "none", "probe", tones(tmp_path / "audio"), "--encoder", "logmel")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "24 clips with 2 labels from 4 speakers, each held out in turn."
    assert lines[2].split() == ["encoder", "layers", "pooling", "per", "speaker", "UA", "values"]
    assert lines[-2].startswith("Best of 4: logmel, mean, UA 1.000; nested score 1.000 (")
    assert lines[-1] == "To use it: earmark embed --encoder logmel --pooling mean"


def test_json_is_one_document_and_nothing_else(tmp_path: Path) -> None:
    manifest = tones(tmp_path / "audio", extra=["gone.wav,low,s0"])
    result = run("probe", manifest, "--encoder", "logmel", "--encoder", "logmel", "--json")
    document = json.loads(result.stdout)
    assert len(document["results"]) == 4
    assert document["best"]["nested_ua"] == 1.0
    assert "left out gone.wav: " in result.stderr


def test_a_project_is_probed_on_its_own_labels(project: OpenProject, tmp_path: Path) -> None:
    source, directory = tones(tmp_path / "audio"), project.directory
    names = tones_labels(source)
    with project.write() as session:
        add_labels(session, sorted(set(names) - {label.name for label in active_labels(session)}))
    for arguments in (("import", source, "--labels-as", "ann"), ("embed", "--encoder", "logmel")):
        done = run("--project", directory, *arguments)
        assert done.exit_code == 0, done.output
    result = run("--project", directory, "probe", "--encoder", "logmel", "--json")
    assert result.exit_code == 0, result.output
    assert (json.loads(result.stdout)["clips"], json.loads(result.stdout)["best"]["ua"]) == (24, 1.0)


def tones_labels(manifest: Path) -> list[str]:
    """The labels of a manifest that `tones` wrote."""
    return [line.split(",")[1] for line in manifest.read_text().splitlines()[1:]]


def test_without_speakers_a_note_explains_the_consequence(tmp_path: Path) -> None:
    manifest = tones(tmp_path / "audio", speakers=1)
    for number in range(6, 30):
        written(tmp_path / "audio" / f"{number}.wav", noise(0.2, seed=number))
    lines = manifest.read_text().splitlines() + [f"{number}.wav,{'low' if number % 3 else 'high'},s0" for number in range(6, 30)]
    manifest.write_text("\n".join(lines) + "\n")
    result = run("probe", manifest, "--encoder", "logmel")
    assert "no two speakers to hold out" in result.stderr
    assert "The encoder whisper may need far fewer labels." in result.stderr
    assert result.stdout.startswith("30 clips with 2 labels; 6 folds of clips, speakers not known.")


def test_two_speakers_leave_the_nested_score_out(tmp_path: Path) -> None:
    manifest = tones(tmp_path / "audio", speakers=2)
    rows = [line.rsplit(",", 1)[0] + f",s{number // 2 % 2}" for number, line in enumerate(manifest.read_text().splitlines()[1:])]
    manifest.write_text("\n".join(["file_name,label,speaker", *rows]) + "\n")
    result = run("probe", manifest, "--encoder", "logmel", "--json")
    assert json.loads(result.stdout)["best"]["nested_ua"] is None
    assert "three speakers or more" in run("probe", manifest, "--encoder", "logmel").stdout


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
def test_it_is_drawn(tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"probe{suffix}"
    assert run("probe", tones(tmp_path / "audio"), "--encoder", "logmel", "--output", output).exit_code == 0
    assert output.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["none.csv"], "none.csv"),
        (["labels.csv", "--encoder", "nonsense"], "nonsense"),
        (["labels.csv", "--output", "plot.pdf"], ".pdf is not one of .png, .svg, .html"),
        ([], "There is no project in"),
    ],
)
def test_what_cannot_be_done_fails_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    tones(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = run("probe", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def test_embed_takes_the_best_candidate_and_keeps_it(project: OpenProject, tmp_path: Path) -> None:
    best = {"encoder": "bundled", "layers": "0,3", "pooling": "mean"}
    import_files(project, [written(tmp_path / "a.wav", noise(0.4)), written(tmp_path / "b.wav", tone(300, 0.4))])
    words = shlex.split(embed_command(best))
    assert words[0] == "earmark"
    assert run("--project", project.directory, *words[1:]).exit_code == 0
    import_files(project, [written(tmp_path / "c.wav", noise(0.4, seed=9))])
    again = run("--project", project.directory, "embed", "--json")
    assert json.loads(again.stdout)["embedded"] == 1
    with project.read() as session:
        used = newest_feature_set(session)
        assert used is not None
        assert (used.settings["layers"], used.settings["pooling"], used.dim) == ("0,3", "mean", 768)


@pytest.mark.parametrize(("layers", "complaint"), [("9", "from 0 to 3"), ("last", "or mean, or all")])
def test_layers_that_are_not_there_are_refused(project: OpenProject, layers: str, complaint: str) -> None:
    result = run("--project", project.directory, "embed", "--layers", layers)
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


def result_of(**values: Any) -> dict[str, Any]:
    usual = {"encoder": "bundled", "layers": "3", "pooling": "mean", "speaker_norm": False, "ua": 0.5, "ua_low": 0.4}
    return {**usual, "ua_high": 0.6, "dim": 192, **values}


def test_names_and_commands_leave_out_what_an_encoder_lacks() -> None:
    assert candidate_name(result_of()) == "bundled, layer 3, mean"
    assert candidate_name(result_of(layers="all", speaker_norm=True)) == "bundled, layers all, mean, per speaker"
    assert candidate_name(result_of(encoder="egemaps", layers=None, pooling=None)) == "egemaps"
    assert embed_command(result_of(encoder="egemaps", layers=None, pooling=None)) == "earmark embed --encoder egemaps"
    assert embed_command(result_of(encoder="/my models/a")) == "earmark embed --encoder '/my models/a' --layers 3 --pooling mean"


def test_a_chart_of_many_shows_the_best() -> None:
    chart = probe_chart([result_of(layers=str(layer)) for layer in range(200)], labels=4).to_dict()
    assert "layer 59" in json.dumps(chart)
    assert "layer 60" not in json.dumps(chart)
