"""A fine-tuned network as a project's encoder or classifier, what then tests it, and the way back."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from db.decisions.log import live_decisions
from db.errors import EncoderError, LabelError
from db.models import Source
from db.project import OpenProject
from db.records.features import newest_feature_set
from db.records.runs import latest_evaluated_run
from db.serving.random_slice import blind_answers, slice_clip_ids
from labeler.cli.main import main
from labeler.words.run import new_speakers_in_words
from learner.features.embed import embed
from learner.finetuning.model import adopting
from learner.finetuning.model.adopting import finetune_and_adopt, give_up, outside_of_slice
from learner.finetuning.project.decisions import labelled_by_decisions
from learner.finetuning.project.scoring import ProjectSettings, finetune_project
from learner.finetuning.runs import tuned_runs
from learner.loop.run import learn_once
from learner.prediction.adopted import classifier_folder
from learner.prediction.predict import write_predictions
from learner.withdrawal.withdraw import withdraw
from tests.filled_projects import answer
from tests.learner.finetuning.project.tones import CHOSEN, CLIPS, IN_SLICE, project_of_tones, truth
from tests.learner.finetuning.test_experiment import RECIPE, unwatched
from tests.owed_clips import owed_clips


@pytest.fixture
def of_tones(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenProject:
    """Twenty-four clips of four speakers: those of the slice are labelled, and the last six in its order."""
    monkeypatch.setattr(adopting, "LEAST_EACH", 1)
    project_of_tones(project, tmp_path, labelled=False)
    with project.read() as session:
        in_key_order = owed_clips(session, CLIPS)
    for clip in in_key_order[:IN_SLICE]:
        answer(project, clip, truth(clip), source=Source.RANDOM)
    for number, clip in enumerate(in_key_order[-CHOSEN:]):
        answer(project, clip, ("happy", "sad")[number % 2])
    return project


Adopted = Callable[..., dict[str, Any]]


@pytest.fixture
def adopted(tiny: Path) -> Adopted:
    """Fine-tune the small checkpoint on a project, and adopt it: folder and facts by what they are."""

    def run(project: OpenProject, adopt: Any, *, method: str = "v-ft", save: Path | None = None) -> dict[str, Any]:
        asked = ProjectSettings(method=method, encoder=str(tiny), recipe=RECIPE)
        return finetune_and_adopt(project, settings=asked, adopt=adopt, save=save, device="cpu", watch=unwatched)[1]

    return run


def in_slice(project: OpenProject) -> list[int]:
    """The random slice as it is now."""
    with project.read() as session:
        return slice_clip_ids(session, answered=blind_answers(live_decisions(session)))


def test_an_encoder_is_adopted_whose_labels_the_slice_never_holds(of_tones: OpenProject, adopted: Adopted) -> None:
    (of_tones.directory / "earmark.toml").write_text("# mine\n" + (of_tones.directory / "earmark.toml").read_text())
    before = in_slice(of_tones)
    folder, facts = adopted(of_tones, "encoder")["encoder"]
    learned_from = set(json.loads((folder / "decisions.json").read_text())["clips"])
    assert len(before) == IN_SLICE
    assert (len(learned_from), learned_from & set(before)) == (CHOSEN, set())
    assert (facts.trained_on.clips, facts.scores) == (CHOSEN, None)
    assert "from other clips of" in facts.remarks[0]
    text = (of_tones.directory / "earmark.toml").read_text()
    assert text.startswith("# mine\n")
    assert of_tones.settings.encoder == str(folder)

    assert embed(of_tones).embedded == CLIPS
    with of_tones.read() as session:
        used = newest_feature_set(session)
        assert used is not None
        assert used.settings["encoder"] == str(folder)
    # All others are answered: the slice grows as far as the encoder knows nothing, and no further.
    with of_tones.read() as session:
        owed = owed_clips(session, CLIPS)
    for clip in owed:
        answer(of_tones, clip, truth(clip))
    assert len(in_slice(of_tones)) == IN_SLICE + (CLIPS - IN_SLICE) // 2
    assert not learned_from & set(in_slice(of_tones))
    assert learn_once(of_tones) is not None
    with of_tones.read() as session:
        run = latest_evaluated_run(session)
        assert run is not None
        assert "the encoder was fine-tuned on labels of this project" in new_speakers_in_words(run.report.new_speakers)

    # Also where a withdrawn clip has taken the encoder with it.
    withdraw(of_tones, sorted(learned_from)[:1])
    assert not folder.exists()
    assert give_up(of_tones) == {"classifier": False, "encoder": "made-up"}
    assert of_tones.settings.encoder == "made-up"


def test_too_few_labels_behind_the_slice(of_tones: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "LEAST_EACH", 5)
    with pytest.raises(LabelError, match=r"Only 6 of 16 labelled clips lie outside .* or take --adopt classifier"):
        outside_of_slice(of_tones, labelled_by_decisions(of_tones))


def test_a_classifier_is_adopted_for_predict_and_given_up_again(of_tones: OpenProject, adopted: Adopted, tmp_path: Path) -> None:
    learn_once(of_tones)
    written = adopted(of_tones, "classifier", save=tmp_path / "network")
    (_, facts), (saved, _) = written["classifier"], written["saved"]
    assert facts.trained_on.clips == IN_SLICE + CHOSEN
    assert facts.scores is not None
    assert (saved / "model.safetensors").is_file()
    assert not (saved / "decisions.json").exists()

    report = write_predictions(of_tones, tmp_path / "by_network.csv")
    assert (report.predicted, report.head) == (CLIPS, None)
    assert report.network is not None
    assert report.network["accuracy"]["ua"] == facts.scores.tuned.ua
    with (tmp_path / "by_network.csv").open() as file:
        assert {row["predicted"] for row in csv.DictReader(file)} <= {"happy", "sad"}
    found = CliRunner().invoke(
        main, ["--project", str(of_tones.directory), "predict", str(tmp_path / "new.csv"), "--folder", str(tmp_path)]
    )
    assert f"{CLIPS} predictions written" in found.stdout
    assert "after v-ft, not normalised by speaker: UA " in found.stdout

    assert give_up(of_tones) == {"classifier": True, "encoder": None}
    assert write_predictions(of_tones, tmp_path / "by_head.csv").head is not None
    assert give_up(of_tones) == {"classifier": False, "encoder": None}

    # The saved network knows the labels of the slice, so nothing that is made with it is tested there.
    asked = ProjectSettings(method="v-ft", encoder=str(saved), recipe=RECIPE)
    with pytest.raises(LabelError, match="has learned from the labels of the random slice"):
        finetune_project(of_tones, settings=asked, device="cpu", watch=unwatched)
    embed(of_tones, encoder=str(saved))
    assert in_slice(of_tones) == []


def test_a_clip_that_is_withdrawn_before_the_last_training_ends_it(
    of_tones: OpenProject, adopted: Adopted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = SimpleNamespace(result=SimpleNamespace(kept_in=tmp_path / "gone", notes=()), document=None)
    monkeypatch.setattr(adopting, "finetune_project", lambda *_, **__: scored)
    first = labelled_by_decisions(of_tones).clip_ids[0]

    def read(*arguments: Any, **options: Any) -> Any:
        withdraw(of_tones, [first])
        return tuned_runs(*arguments, **options)

    monkeypatch.setattr(adopting, "tuned_runs", read)
    with pytest.raises(LabelError, match="Clips were withdrawn while the network learned from them"):
        adopted(of_tones, "classifier")
    assert not classifier_folder(of_tones).exists()


def test_a_withdrawn_clip_takes_the_network_with_it_that_learned_from_it(of_tones: OpenProject) -> None:
    folder = classifier_folder(of_tones)
    folder.mkdir(parents=True)
    (folder / "decisions.json").write_text('{"clips": [3, 4]}')
    withdraw(of_tones, [5])
    assert folder.is_dir()
    withdraw(of_tones, [4])
    assert not folder.exists()


def test_frozen_is_nothing_to_adopt(of_tones: OpenProject, adopted: Adopted) -> None:
    with pytest.raises(EncoderError, match="trains no network"):
        adopted(of_tones, "classifier", method="frozen")


def test_the_command_adopts_and_goes_back(of_tones: OpenProject, tiny: Path) -> None:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--project", str(of_tones.directory), *arguments])

    quick = ["--encoder", str(tiny), "--epochs", "1", "--device", "cpu"]
    found = run("finetune", *quick, "--adopt", "encoder")
    assert found.exit_code == 0, found.output
    assert f"The project's encoder is now a network that learned from {CHOSEN} labels; --adopt none goes back." in found.stdout
    assert json.loads(run("finetune", "--adopt", "none", "--json").stdout) == {
        "adopted": {"classifier": False, "encoder": "made-up"}
    }
    assert "Nothing was adopted, so nothing has changed." in run("finetune", "--adopt", "none").stdout
    assert "leave one of them out" in run("finetune", "--adopt", "none", "--save", "x").stderr
    assert "leave MANIFEST out" in run("finetune", "clips.csv", "--adopt", "encoder").stderr
