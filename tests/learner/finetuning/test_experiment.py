"""A method on all folds and runs: its result, what a kill leaves, and what is refused."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from db.errors import EncoderError, LabelError
from learner.corpora.clips import LabelledClips, ProbeClip
from learner.encoder_training.frames import portions
from learner.finetuning.experiment import FinetuneSettings, finetune
from learner.finetuning.recipe import SHIPPED, Pretraining, PseudoLabels, Recipe, Supervised
from learner.finetuning.result import FinetuneResult, paired_difference
from learner.finetuning.training import steps
from learner.finetuning.training.contrastive import ContrastiveJob
from learner.finetuning.training.crops import MaskedCrops
from learner.finetuning.training.masked_prediction import MaskedPredictionJob
from learner.finetuning.training.network import ClipClassifier
from learner.finetuning.training.supervised import SupervisedJob

QUICK = Supervised(epochs=2, batch=4, rate=1e-3, head_rate=1e-2)
PRETRAINED = Pretraining(steps=3, batch=4, crop_seconds=0.2, fresh_rate=1e-3)
RECIPE = Recipe(QUICK, PRETRAINED, PseudoLabels((2, 5), QUICK, PRETRAINED))

IN_VOICES = replace(RECIPE, supervised=replace(QUICK, head=SHIPPED, voices=1, epochs=3))


@contextmanager
def unwatched(_what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    """Nobody watches."""
    yield lambda _done, _total: None


@pytest.fixture
def tuned(labelled: LabelledClips, tiny: Path, tmp_path: Path) -> Callable[..., FinetuneResult]:
    """Run a method of the small checkpoint."""

    def run(
        method: str, *, recipe: Recipe = RECIPE, output: str = "out", clips: LabelledClips = labelled, **settings: Any
    ) -> Any:
        asked = FinetuneSettings(method=method, encoder=str(tiny), recipe=recipe, **settings)
        return finetune(
            clips, settings=asked, output=tmp_path / output, cache=tmp_path / "vectors", device="cpu", watch=unwatched
        )

    return run


@pytest.mark.parametrize("method", ["frozen", "v-ft", "tapt", "p-tapt"])
def test_every_method_scores_held_out_speakers(tuned: Callable[..., FinetuneResult], method: str) -> None:
    found = tuned(method, runs=2).to_json()
    assert found["method"] == method
    assert bool(found["variant"]) == (method == "p-tapt")
    assert [fold["held_out"] for fold in found["folds"]] == [["anna"], ["bert"]]
    assert [set(fold["runs"][1]) for fold in found["folds"]] == [{"ua", "wa", "f1", "recall", "seconds"}] * 2
    assert found["ua_low"] <= found["ua"] <= found["ua_high"]
    assert found["confusion"]["labels"] == ["high", "low"]
    # Each of the twelve clips once a run.
    assert np.sum(found["confusion"]["counts"]) == 24


def test_a_network_learns_high_from_low(tuned: Callable[..., FinetuneResult]) -> None:
    longer = replace(RECIPE, supervised=replace(QUICK, epochs=12))
    assert tuned("v-ft", recipe=longer).to_json()["ua"] > 0.9


def test_the_shipped_head_is_where_a_network_starts(tuned: Callable[..., FinetuneResult]) -> None:
    still = replace(RECIPE, supervised=replace(QUICK, head=SHIPPED, rate=0.0, head_rate=0.0))
    frozen, started = tuned("frozen", output="frozen"), tuned("v-ft", recipe=still)
    assert started.predicted(0).tolist() == frozen.predicted(0).tolist()


@pytest.mark.parametrize(
    ("method", "recipe"),
    [("v-ft", IN_VOICES), ("tapt", RECIPE), ("p-tapt", RECIPE)],
    ids=["v-ft in two voices", "tapt", "p-tapt"],
)
def test_a_killed_run_goes_on_to_the_same_result(
    tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch, method: str, recipe: Recipe
) -> None:
    monkeypatch.setattr(steps, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(steps, "_WRITING", 0.0)
    whole = weights_of(monkeypatch, lambda: tuned(method, recipe=recipe, output="whole"))
    child = os.fork()
    if child == 0:
        killed_after(method)
        tuned(method, recipe=recipe)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    again = weights_of(monkeypatch, lambda: tuned(method, recipe=recipe))
    assert torch.equal(whole[-1], again[-1])


def killed_after(method: str) -> None:
    """Kill this process in the second step of V-FT, or of what comes before it."""
    jobs: dict[str, Any] = {"v-ft": SupervisedJob, "tapt": ContrastiveJob, "p-tapt": MaskedPredictionJob}
    job = jobs[method]
    before = job.before

    def dies(self: Any, step: int) -> None:
        if step == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        before(self, step)

    job.before = dies


def weights_of(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> list[torch.Tensor]:
    """The weights of the linear layer of each network that predicts while this runs."""
    found: list[torch.Tensor] = []
    predictions = SupervisedJob.predictions

    def kept(self: SupervisedJob, rows: Any) -> Any:
        found.append(self.network.linear.weight.detach().clone())
        return predictions(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(SupervisedJob, "predictions", kept)
        run()
    return found


def test_finished_folds_are_not_trained_again(tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch) -> None:
    first = tuned("v-ft")
    monkeypatch.setattr(SupervisedJob, "losses", None)
    assert tuned("v-ft").predicted(0).tolist() == first.predicted(0).tolist()


def test_pre_training_sees_only_the_clips_of_its_fold(
    tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[int]] = []
    of_step = MaskedCrops.of_step

    def noted(self: MaskedCrops, step: int) -> Any:
        found = of_step(self, step)
        seen.append({row for each in found[0] for row in each.portion.rows.tolist()})
        return found

    monkeypatch.setattr(MaskedCrops, "of_step", noted)
    tuned("tapt")
    # Anna's clips are the first six, and she is held out first.
    assert len(seen) == 6
    assert all(min(rows) >= 6 for rows in seen[:3])
    assert all(max(rows) < 6 for rows in seen[3:])


def test_a_step_without_a_number_is_skipped(tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch) -> None:
    losses = SupervisedJob.losses
    monkeypatch.setattr(
        SupervisedJob, "losses", lambda self, step: (loss * (float("nan") if step == 1 else 1) for loss in losses(self, step))
    )
    found = tuned("v-ft").to_json()
    assert found["remarks"][0] == "Fold 1, run 1: v-ft: 1 of 4 steps were skipped, their loss was not a number."


def test_a_training_that_diverges_ends_with_its_last_good_weights(
    tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(steps, "_WRITING", 0.0)
    losses = SupervisedJob.losses
    monkeypatch.setattr(
        SupervisedJob, "losses", lambda self, step: (loss * (float("inf") if step > 1 else 1) for loss in losses(self, step))
    )
    longer = replace(RECIPE, supervised=replace(QUICK, epochs=4))
    found = tuned("v-ft", recipe=longer).to_json()
    assert "several times in a row; the weights are those of step 1 of 8." in found["remarks"][0]


def test_a_small_portion_gives_the_gradient_of_the_batch(
    tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    unmasked = replace(RECIPE, supervised=replace(QUICK, epochs=1, time_mask=(0.0, 1), feature_mask=(0.0, 1)))
    # Without dropout, which draws otherwise for other portions.
    monkeypatch.setattr(ClipClassifier, "train", lambda self, _mode=True: torch.nn.Module.train(self, False))
    whole = weights_of(monkeypatch, lambda: tuned("v-ft", recipe=unmasked, output="whole"))
    monkeypatch.setattr(portions, "MICRO_SECONDS_CPU", 0.1)
    parts = weights_of(monkeypatch, lambda: tuned("v-ft", recipe=unmasked))
    assert torch.allclose(whole[0], parts[0], atol=1e-4)


def test_labels_are_drawn_by_class_and_the_same_for_every_method(tuned: Callable[..., FinetuneResult], tmp_path: Path) -> None:
    assert tuned("frozen", per_class=2, output="frozen").to_json()["labels_per_fold"] == 4
    tuned("v-ft", per_class=2)
    frozen, tuned_on = (json.loads((tmp_path / out / "labels-fold-1-run-1.json").read_text()) for out in ("frozen", "out"))
    assert sorted(frozen["Train"].values()) == ["high", "high", "low", "low"]
    assert frozen == tuned_on


def one_of(labelled: LabelledClips, **of_all: Any) -> LabelledClips:
    """The clips with one value in common."""
    return LabelledClips(clips=[replace(clip, **of_all) for clip in labelled.clips])


def test_one_speaker_one_class_and_no_speaker_are_refused(tuned: Callable[..., FinetuneResult], labelled: LabelledClips) -> None:
    with pytest.raises(LabelError, match=r"All 12 clips are of one speaker.*name another column with --folds\."):
        tuned("v-ft", clips=one_of(labelled, speaker="anna"))
    with pytest.raises(LabelError, match=r"12 labelled clips of 1 labels; give clips of at least two labels\."):
        tuned("v-ft", clips=one_of(labelled, label="high"))
    with pytest.raises(LabelError, match=r"12 of 12 clips have no speaker"):
        tuned("v-ft", clips=one_of(labelled, speaker=None))
    with pytest.raises(LabelError, match=r"2 speakers cannot be dealt into 3 folds; choose --folds from 2 to 2\."):
        tuned("v-ft", folds="3")


def test_a_full_disk_is_one_sentence(tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors import SafetensorError

    def full(*_: Any, **__: Any) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(steps, "save_state", full)
    with pytest.raises(EncoderError, match=r"cannot be written \(I/O error: No space left.*make room and give the same command"):
        tuned("v-ft")


def test_an_output_of_other_settings_and_an_encoder_of_another_kind_are_refused(
    tuned: Callable[..., FinetuneResult], labelled: LabelledClips, tmp_path: Path
) -> None:
    tuned("frozen")
    with pytest.raises(EncoderError, match=r"other settings \(method\); continue with those, or choose another --output\."):
        tuned("v-ft")
    settings = FinetuneSettings(method="v-ft", encoder="logmel")
    with pytest.raises(EncoderError, match=r"'logmel' cannot be fine-tuned.*or --method frozen\."):
        finetune(labelled, settings=settings, output=tmp_path / "new", cache=tmp_path, watch=unwatched)


def test_a_clip_that_cannot_be_read_is_left_out(
    tuned: Callable[..., FinetuneResult], labelled: LabelledClips, tmp_path: Path
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    broken = ProbeClip("broken.wav", str(tmp_path / "broken.wav"), 0.0, None, "high", "anna")
    found = tuned("v-ft", clips=LabelledClips(clips=[broken, *labelled.clips]))
    assert len(found.y) == 12
    assert [clip.file_name for clip in found.left_out] == ["broken.wav"]


def test_the_same_predictions_differ_by_nothing(tuned: Callable[..., FinetuneResult]) -> None:
    found = tuned("frozen")
    assert paired_difference(found, found)[0] == 0.0


def test_an_encoder_that_would_not_fit_is_refused_before_it_is_loaded(
    tuned: Callable[..., FinetuneResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("learner.finetuning.training.memory_need._free", lambda _device: 1000)
    with pytest.raises(EncoderError, match=r"needs about 0\.\d GB of memory, and 0\.0 GB are free \(cpu\); close other programs"):
        tuned("v-ft")
