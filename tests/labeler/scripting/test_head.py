"""A head without its project: exported, and used on new audio by scripts and by `earmark predict`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from db.errors import EncoderError, FormatError
from labeler import Head, Project
from labeler.cli.main import main


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project of twelve tones and noises, eight of them labelled, and its exported head."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "audio").mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        wave = rng.normal(size=12_000) * 0.1 if number % 2 else np.sin(np.arange(12_000) * 0.05 * (number + 1)) * 0.3
        soundfile.write(folder / "audio" / f"{number}.wav", wave, 16_000)
    with Project.create(folder / "project", labels=["tone", "noise", "neither"]) as project:
        project.import_clips(folder / "audio", seed=0)
        project.embed(encoder="logmel")
        names = [clip["file_name"] for clip in project.queue(limit=8)]
        project.annotate({name: "noise" if int(name[:-4]) % 2 else "tone" for name in names}, annotator="ana")
        project.learn()
        project.export_head(folder / "head")
    return folder


def earmark(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def changed(made: Path, target: Path, **facts: Any) -> Path:
    """A copy of the exported head in which the encoder's facts are others."""
    target.mkdir()
    for name in ("head.safetensors", "head.json"):
        (target / name).write_bytes((made / "head" / name).read_bytes())
    document = json.loads((target / "head.json").read_text())
    document["encoder"] |= facts
    (target / "head.json").write_text(json.dumps(document))
    return target


def test_the_folder_holds_weights_facts_and_a_card_and_nothing_else(made: Path) -> None:
    assert sorted(path.name for path in (made / "head").iterdir()) == ["README.md", "head.json", "head.safetensors"]
    facts = Head.load(made / "head").facts
    assert (facts["labels"], facts["run"], facts["normalisation"]) == (["tone", "noise", "neither"], 1, "none")
    with Project.open(made / "project") as project:
        counts = project.status()["per_label"]
    assert facts["trained_on"] == {"clips": 8, "speakers": 0, "per_label": counts}
    assert facts["encoder"]["name"] == "logmel"
    card = (made / "head" / "README.md").read_text(encoding="utf-8")
    assert f"| tone | {counts['tone']} |" in card
    assert re.search(r"UA .* \*\*[01]\.\d{3}\*\*, 95% interval [01]\.\d{3} to [01]\.\d{3}\.", card)
    assert "its speaker may have been known" in card
    assert str(made) not in card + (made / "head" / "head.json").read_text(encoding="utf-8")


def test_it_predicts_what_the_project_predicts(made: Path) -> None:
    new = [made / "audio" / "9.wav", made / "audio" / "10.wav"]
    with Project.open(made / "project") as project:
        of_project = project.predict(new)
        status = project.status()["run"]
    head = Head.load(made / "head")
    assert head.predict(new).to_dict() == of_project.to_dict()
    assert of_project["predicted"].tolist() == ["noise", "tone"]
    assert (of_project["p_neither"] == 0).all()
    assert head.accuracy is not None
    assert (head.accuracy["ua"], head.accuracy["ua_low"]) == (status["ua"], status["ua_low"])


def test_files_folders_and_lists_are_named_as_they_were_given(made: Path, tmp_path: Path) -> None:
    head = Head.load(made / "head")
    (tmp_path / "bad.wav").write_text("no audio")
    of_folder = head.predict(made / "audio")
    assert sorted(of_folder["file_name"]) == sorted(f"{number}.wav" for number in range(12))
    listed = head.predict([str(made / "audio" / "1.wav"), tmp_path, tmp_path / "none.wav", "nul\0.wav"])
    assert listed["file_name"].tolist() == [
        str(made / "audio" / "1.wav"), str(tmp_path / "bad.wav"), str(tmp_path / "none.wav"), "nul\\x00.wav",
    ]  # fmt: skip
    assert listed["problem"].notna().tolist() == [False, True, True, True]
    assert head.predict([]).empty
    assert head.predict(made / "audio" / "1.wav")["predicted"].tolist() == ["noise"]


def test_the_command_predicts_without_a_project(made: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    result = earmark("--project", tmp_path / "nowhere", "predict", output, "--head", made / "head", "--folder", made / "audio")
    assert result.exit_code == 0, result.output
    assert "12 predictions written" in result.stdout
    assert "Head of run 1, without normalisation by speaker: UA " in result.stdout
    with output.open(encoding="utf-8", newline="") as file:
        rows = {row["file_name"]: row for row in csv.DictReader(file)}
    predicted = Head.load(made / "head").predict(made / "audio").set_index("file_name")
    assert {name: row["predicted"] for name, row in rows.items()} == predicted["predicted"].to_dict()
    assert float(rows["3.wav"]["p_noise"]) == pytest.approx(predicted["p_noise"]["3.wav"], abs=1e-6)


def test_options_of_predict_that_do_not_go_together_are_refused(made: Path, tmp_path: Path) -> None:
    result = earmark("predict", tmp_path / "out.csv", "--head", made / "head")
    assert (result.exit_code, "give it in --folder" in result.stderr) == (2, True)
    result = earmark("--project", made / "project", "predict", tmp_path / "out.csv", "--encoder", "logmel")
    assert (result.exit_code, "--encoder goes with --head" in result.stderr) == (2, True)


def test_the_command_exports_the_head(made: Path, tmp_path: Path) -> None:
    result = earmark("--project", made / "project", "export-head", tmp_path / "head", "--json")
    document = json.loads(result.stdout)
    assert (document["run"], document["output"]) == (1, str(tmp_path / "head"))
    assert Head.load(tmp_path / "head").labels == ["tone", "noise", "neither"]
    again = earmark("--project", made / "project", "export-head", tmp_path / "head")
    assert (again.exit_code, again.stderr) == (
        1, f"Error: {tmp_path / 'head'} exists already; remove it, or give another name for the folder.\n",
    )  # fmt: skip
    assert "Next: earmark predict" in earmark("--project", made / "project", "export-head", tmp_path / "other").stdout


def test_a_folder_that_is_not_empty_is_kept(made: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with Project.open(made / "project") as project, pytest.raises(FormatError, match="exists already"):
        project.export_head(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"settings": {"encoder": "logmel", "revision": "0"}}, "differs in layers, pooling, precision, revision|differs in"),
        ({"name": "eGeMAPS"}, "The head names an encoder 'eGeMAPS' that Earmark does not have"),
        ({"name": "/etc", "origin": "bundled"}, "The head names an encoder '/etc' that Earmark does not have"),
        ({"name": "bundled", "origin": "bundled"}, r"trained with encoder 'bundled' .* and 'bundled' differs in "),
        ({"name": "somebody/never-fetched", "origin": "hub"}, "not in the local cache; name it as the encoder"),
        ({"name": "/etc", "origin": "hub"}, "'/etc' is a file or folder here"),
        ({"name": "my-wav2vec", "origin": "folder"}, r"a local folder \('my-wav2vec', .*\); name that folder as the encoder"),
    ],
)
def test_an_encoder_that_is_another_or_not_there_is_one_sentence(
    made: Path, tmp_path: Path, facts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(EncoderError, match=sentence):
        Head.load(changed(made, tmp_path / "head", **facts))


def test_an_encoder_that_the_user_names_must_be_the_same(made: Path, tmp_path: Path) -> None:
    assert Head.load(made / "head", encoder="logmel").labels
    with pytest.raises(EncoderError, match="trained with encoder 'logmel'"):
        Head.load(made / "head", encoder="bundled")


def test_an_encoder_in_a_local_folder_is_named_by_its_user_and_by_no_path(tmp_path: Path) -> None:
    import shutil
    from importlib.resources import files

    from learner.encoders.registry import encoder_named
    from learner.prediction.head_encoder import encoder_for, encoder_reference
    from learner.prediction.portable_head import HeadDocument

    for name in ("mine", "moved"):
        shutil.copytree(str(files("learner.encoders") / "bundled"), tmp_path / name)
    encoder = encoder_named(str(tmp_path / "mine"))
    reference = encoder_reference(encoder.settings, fingerprint="0")
    assert str(tmp_path) not in reference.model_dump_json()
    facts = HeadDocument.model_construct(encoder=reference, dim=encoder.dim)
    assert encoder_for(facts, given=str(tmp_path / "moved")).settings["revision"] == encoder.settings["revision"]
