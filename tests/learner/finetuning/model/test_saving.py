"""A network that learned from all labels, as a folder: transformers loads it and gives its scores, and so does its card."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from db.errors import EncoderError, FormatError
from learner.audio.decoding import decode
from learner.corpora.clips import LabelledClips, ProbeClip
from learner.finetuning.experiment import FinetuneSettings
from learner.finetuning.model.saving import finetune_and_save
from learner.finetuning.recipe import MEAN, PLAIN, SHIPPED, Recipe
from learner.finetuning.training import steps
from learner.finetuning.training.supervised import SupervisedJob
from learner.prediction.models.document import ModelDocument
from learner.prediction.models.reading import load_saved_model
from learner.prediction.new_audio import audio_files, predict_files
from learner.prediction.predictions import PredictReport
from tests.learner.audio_files import RATE
from tests.learner.finetuning.test_experiment import QUICK, RECIPE, unwatched


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what several tests look at."""
    return tmp_path_factory.mktemp("saved")


def save(labelled: LabelledClips, tiny: Path, folder: Path, *, head: str, **changed: Any) -> ModelDocument:
    """Train and save, with everything else beside the folder."""
    recipe = Recipe(replace(QUICK, head=head, voices=int(head == SHIPPED)), RECIPE.contrastive, RECIPE.pseudo_labels)
    settings = FinetuneSettings(method="v-ft", encoder=str(tiny), recipe=recipe, **changed)
    beside = folder.parent / f"{folder.name}-work"
    return finetune_and_save(
        labelled, folder, settings=settings, output=beside, cache=beside / "vectors", device="cpu", watch=unwatched
    )[1]


@pytest.fixture
def saved(labelled: LabelledClips, tiny: Path, once: Path) -> Callable[[str], Path]:
    """A folder with a network that has a head of this kind; each is trained once."""

    def made(head: str) -> Path:
        if not (once / head).exists():
            save(labelled, tiny, once / head, head=head)
        return once / head

    return made


def predicted(folder: Path, clip: ProbeClip) -> list[float]:
    """Probabilities by Earmark."""
    model = load_saved_model(folder, device="cpu")
    found = predict_files(model.head, model.encoder, audio_files(clip.path), report=PredictReport(), rounded=False)
    return next(found).probabilities


@pytest.mark.parametrize("head", [PLAIN, MEAN, SHIPPED])
def test_the_code_of_the_card_gives_the_scores_of_earmark(
    saved: Callable[[str], Path], clips: list[ProbeClip], monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    folder = saved(head)
    monkeypatch.chdir(folder.parent)
    shutil.copy(clips[0].path, "clip.wav")
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), flags=re.DOTALL)
    assert len(code.splitlines()) <= 18
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    values = [float(line.split(": ")[1]) for line in printed.getvalue().splitlines()]
    assert values == pytest.approx(predicted(folder, clips[0]), abs=6e-4)


def test_the_class_of_transformers_gives_the_scores_of_the_network(
    saved: Callable[[str], Path], clips: list[ProbeClip], tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    folder = saved(PLAIN)
    model: Any = AutoModelForAudioClassification.from_pretrained(folder).eval()
    extractor: Any = AutoFeatureExtractor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    assert model.config.id2label == {0: "high", 1: "low"}
    for clip in clips[:4]:
        samples = decode(clip.path, sampling_rate=RATE)
        with torch.inference_mode():
            logits = model(extractor(samples, sampling_rate=RATE, return_tensors="pt").input_values).logits[0]
        assert logits.softmax(0).tolist() == pytest.approx(predicted(folder, clip), abs=1e-5)


@pytest.mark.parametrize("head", [PLAIN, MEAN, SHIPPED])
def test_what_is_saved_is_what_was_trained(
    labelled: LabelledClips, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    scores: list[torch.Tensor] = []
    linear_head = SupervisedJob.linear_head

    def noted(self: SupervisedJob) -> Any:
        found = linear_head(self)
        vectors = torch.from_numpy(self.pooled(np.arange(12)))
        scores.append(self.network.scores(vectors, torch.zeros(12, dtype=torch.long)).softmax(1))
        return found

    monkeypatch.setattr(SupervisedJob, "linear_head", noted)
    save(labelled, tiny, tmp_path / "saved", head=head)
    for row in (0, 3, 7):
        # Frames are kept in float16 while a network is trained.
        wanted = scores[0][row].tolist()
        assert predicted(tmp_path / "saved", labelled.clips[row]) == pytest.approx(wanted, abs=5e-3)


def test_the_folder_says_what_it_was_trained_on_and_how_good_it_is(saved: Callable[[str], Path]) -> None:
    folder = saved(SHIPPED)
    facts, card = json.loads((folder / "earmark.json").read_text()), (folder / "README.md").read_text()
    assert facts["trained_on"] == {"clips": 12, "speakers": 2, "per_label": {"high": 6, "low": 6}}
    assert set(facts["scores"]["tuned"]) == {"ua", "ua_low", "ua_high"}
    assert facts["recipe"]["supervised"]["head"] == "anyone"
    assert "| high | 6 |" in card
    assert f"**{facts['scores']['tuned']['ua']:.3f}**" in card
    assert "Not chosen yet." in card


def test_an_older_network_is_replaced_and_nothing_else_is(
    saved: Callable[[str], Path], labelled: LabelledClips, tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(saved(PLAIN), tmp_path / "network")
    before = (tmp_path / "network" / "model.safetensors").read_bytes()
    save(labelled, tiny, tmp_path / "network", head=PLAIN, seed=1)
    assert (tmp_path / "network" / "model.safetensors").read_bytes() != before
    assert not list(tmp_path.glob(".*"))
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").touch()
    with pytest.raises(FormatError, match="holds something else than a network"):
        save(labelled, tiny, tmp_path / "holiday", head=PLAIN)
    assert [path.name for path in (tmp_path / "holiday").iterdir()] == ["photo.jpg"]


def test_where_it_fails_the_older_network_stays(
    saved: Callable[[str], Path], labelled: LabelledClips, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(saved(PLAIN), tmp_path / "network")
    monkeypatch.setattr("learner.finetuning.model.saving.model_card", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(labelled, tiny, tmp_path / "network", head=PLAIN)
    assert load_saved_model(tmp_path / "network", device="cpu").head.label_names == ["high", "low"]
    assert not list(tmp_path.glob(".*"))


def test_frozen_trains_no_network(labelled: LabelledClips, tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="trains no network"):
        finetune_and_save(
            labelled, tmp_path / "x", settings=FinetuneSettings("frozen", str(tiny)), cache=tmp_path, watch=unwatched
        )


def test_a_training_on_all_labels_goes_on_to_the_same_network(
    saved: Callable[[str], Path], labelled: LabelledClips, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = SupervisedJob.before

    def interrupted(self: SupervisedJob, step: int) -> None:
        if step == 3 and len(self._labelled) == 12:
            raise KeyboardInterrupt
        before(self, step)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "SAVE_SECONDS", 0.0)
        patched.setattr(steps, "_WRITING", 0.0)
        patched.setattr(SupervisedJob, "before", interrupted)
        with pytest.raises(KeyboardInterrupt):
            save(labelled, tiny, tmp_path / "network", head=PLAIN)
    assert not (tmp_path / "network").exists()
    seen: list[int] = []

    def noted(self: SupervisedJob, step: int) -> None:
        seen.append(step)
        before(self, step)

    monkeypatch.setattr(SupervisedJob, "before", noted)
    save(labelled, tiny, tmp_path / "network", head=PLAIN)
    assert min(seen) > 0
    whole, again = (folder / "model.safetensors" for folder in (saved(PLAIN), tmp_path / "network"))
    assert whole.read_bytes() == again.read_bytes()
    assert not list((tmp_path / "network-work").glob("all-*"))
