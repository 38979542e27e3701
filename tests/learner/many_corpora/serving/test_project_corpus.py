"""A project as a corpus of a model: scored beside its own classifier, added again, and its network as what predicts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import select

from db.errors import EncoderError, LabelError, LearnerError
from db.finetuned.document import read_finetuned
from db.models import Clip
from db.project import OpenProject, open_project
from db.serving.random_slice import known_from, project_uuid
from learner.corpora.clips import ProbeClip
from learner.finetuning.model.adopting import give_up
from learner.many_corpora.backbones.resnet import ResNetBackbone
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.model_folder import open_model
from learner.many_corpora.modes.trainer import Trainer
from learner.many_corpora.serving.project_corpus import KNOWS_SPEAKERS, AddedProject, _Adding, add_project
from learner.many_corpora.spectrograms.spectrogram_cache import SpectrogramCache
from learner.many_corpora.training.batches import probabilities
from learner.prediction.adopted import adopted_classifier, predict_clips
from learner.prediction.predictions import PredictReport
from learner.progress import unseen
from learner.withdrawal.withdraw import withdraw
from tests.filled_projects import answer
from tests.learner.finetuning.project.tones import CHOSEN, IN_SLICE, project_of_tones, truth
from tests.learner.many_corpora.tiny_corpora import unwatched


@pytest.fixture
def model(adapters: Path, tmp_path: Path) -> Path:
    """One that may be changed."""
    shutil.copytree(adapters, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def of_tones(project: OpenProject, tmp_path: Path) -> OpenProject:
    """Twenty-four clips of four speakers, sixteen of them labelled."""
    (tmp_path / "audio").mkdir()
    return project_of_tones(project, tmp_path / "audio")


def added(model: Path, project: OpenProject) -> AddedProject:
    return add_project(model, project, device="cpu", watch=unwatched)


def files_of(model: Path) -> dict[str, bytes]:
    """Everything but `model.json` and what a training leaves."""
    found = {str(path.relative_to(model)): path.read_bytes() for path in model.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name != "model.json" and "/training/" not in name}


def test_it_is_scored_on_the_random_slice_and_served(model: Path, of_tones: OpenProject, tmp_path: Path) -> None:
    before, sentences = files_of(model), list[str]()
    found = add_project(model, of_tones, adopt=True, device="cpu", watch=unwatched, note=sentences.append)
    assert sentences[0].startswith("6 networks are trained: one for each fold of the random slice")
    name, document = found.corpus, found.result.document
    assert document is not None
    assert (document.method, document.encoder, document.labels, document.slice_clips) == ("adapters", "model", 16, IN_SLICE)
    assert [fold.held_out for fold in found.result.result.folds] == [("s0",), ("s1",), ("s2",), ("s3",)]
    assert read_finetuned(of_tones.heads_dir) == document
    assert document.line.startswith(f"Model for many corpora (adapters, {IN_SLICE + CHOSEN} labels): adapter of model 0.")
    assert ", linear head on logmel 0." in document.line

    # Nothing of other corpora has changed, and each run has parts of the project.
    after = files_of(model)
    assert before.items() <= after.items()
    assert sorted(set(after) - set(before)) == [f"run-1/corpora/{name}.safetensors", f"run-2/corpora/{name}.safetensors"]
    assert open_model(model).corpora[name] == ["happy", "sad"]

    # What predicts is the network of run 1, also without the model.
    network = open_model(model).network(1, name)
    clip = ProbeClip("1.wav", str(tmp_path / "audio" / "1.wav"), 0.0, None, "", None)
    spectrograms = SpectrogramCache(tmp_path / "cache").of([clip], progress=unseen)
    expected = probabilities(network, spectrograms, np.array([0]), device="cpu")[0]
    shutil.rmtree(model)
    classifier = adopted_classifier(of_tones)
    assert classifier is not None
    predicted = {each.file_name: each for each in predict_clips(of_tones, classifier, report=PredictReport(), progress=None)}
    assert predicted["1.wav"].probabilities == pytest.approx(expected.tolist(), abs=1e-5)
    assert len(predicted) == 24
    facts = json.loads((classifier.folder / "earmark.json").read_text())
    for change, sentence in (
        ({"clip_seconds": 3600.0}, "crops have 3600 seconds"),
        ({"sha256": {}}, "has no SHA-256 of network"),
    ):
        (classifier.folder / "earmark.json").write_text(json.dumps(facts | change))
        with pytest.raises(LearnerError, match=sentence):
            adopted_classifier(of_tones)
    assert give_up(of_tones)["classifier"]
    assert adopted_classifier(of_tones) is None


def test_added_again_it_learns_from_newer_labels_wherever_it_lies_now(
    model: Path, of_tones: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops_at, trainings, train = 3, list[int](), Trainer.corpus

    def counted(trainer: Trainer, run: int, corpus: ReadCorpus, *, others: Sequence[str] = ()) -> None:
        if len(trainings) == stops_at:
            raise KeyboardInterrupt
        trainings.append(run)
        train(trainer, run, corpus, others=others)

    monkeypatch.setattr(Trainer, "corpus", counted)
    with pytest.raises(KeyboardInterrupt):
        added(model, of_tones)
    trainings.clear()
    stops_at = 100
    first = added(model, of_tones)
    # The last fold, and both runs on all labels.
    assert trainings == [1, 1, 2]

    of_tones.close()
    shutil.move(of_tones.directory, tmp_path / "moved")
    moved = open_project(tmp_path / "moved")
    answer(moved, 1, truth(1))
    before = files_of(model)
    # Of a training that was stopped, on labels of before; and that of another corpus.
    left, others = (model / "run-1" / "training" / f"corpus-{name}-0123abcd.safetensors" for name in (first.corpus, "other"))
    left.touch()
    others.touch()
    second = added(model, moved)
    assert (left.exists(), others.exists()) == (False, True)
    # As a kill leaves it between the new parts and the labels that they predict.
    document = json.loads((model / "model.json").read_text())
    document["corpora"][first.corpus]["digest"] = "that of before"
    (model / "model.json").write_text(json.dumps(document))
    with pytest.raises(EncoderError, match="belongs to a training that has not ended"):
        open_model(model).network(1, first.corpus)
    assert second.corpus == first.corpus
    changed = {name for name, content in files_of(model).items() if before[name] != content}
    assert changed == {f"run-{run}/corpora/{first.corpus}.safetensors" for run in (1, 2)}
    withdraw(moved, [1])
    assert not [*moved.finetune_dir.glob("*")]
    moved.close()


@pytest.mark.parametrize("known", ["some", "all", "of another project"])
def test_what_an_adopted_encoder_knows_is_not_tested(
    model: Path, of_tones: OpenProject, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with of_tones.read() as session:
        uuid, first = project_uuid(session), select(Clip.id, Clip.slice_key).order_by(Clip.slice_key).limit(IN_SLICE)
        in_key_order, keys = zip(*session.execute(first).all(), strict=True)
    mark = known_from(keys[0 if known == "all" else 6], of_project="another" if known == "of another project" else uuid)
    monkeypatch.setattr(ResNetBackbone, "knows_labels_from", mark)
    monkeypatch.setattr(_Adding, "through", lambda _self, decisions, _cache, **options: (decisions, options["notes"]))
    if known == "all":
        with pytest.raises(LabelError, match="has learned from the labels of the project's random slice"):
            added(model, of_tones)
        return
    decisions, notes = cast(Any, added(model, of_tones))
    tested = in_key_order[:6] if known == "some" else in_key_order
    assert sorted(decisions.tested.clip_ids) == sorted(tested)
    assert notes == ((KNOWS_SPEAKERS,) if known == "some" else ())


def test_what_cannot_be_added(model: Path, project: OpenProject, tmp_path: Path) -> None:
    project_of_tones(project, tmp_path, labelled=False)
    with pytest.raises(LabelError, match="There is no labelled clip to fine-tune on yet"):
        added(model, project)
    for clip in range(1, 24, 2):
        answer(project, clip, "sad")
    with pytest.raises(LabelError, match="have the label 'sad'; label clips of a second label first"):
        added(model, project)
    with pytest.raises(EncoderError, match="holds no model"):
        added(tmp_path, project)
    document = json.loads((model / "model.json").read_text())
    for change in ({"split_seed": -1}, {"split": "\ud800"}):
        (model / "model.json").write_text(json.dumps(document | change))
        with pytest.raises(EncoderError, match="is damaged; train the model again"):
            added(model, project)
    (model / "model.json").write_text(json.dumps(document))
    (model / "learned_from.json").unlink()
    with pytest.raises(EncoderError, match="does not say which clips it learned from"):
        added(model, project)
    assert document == json.loads((model / "model.json").read_text())
