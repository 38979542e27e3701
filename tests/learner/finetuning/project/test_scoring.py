"""Fine-tuning on a project: what it learns from and is scored on, how it goes on, and what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import EncoderError, FeatureError, LabelError
from db.finetuned.document import read_finetuned
from db.project import OpenProject
from db.records.runs import latest_evaluated_run
from learner.finetuning.project.comparison import ProjectResult
from learner.finetuning.project.decisions import labelled_by_decisions
from learner.finetuning.project.scoring import ProjectSettings, finetune_project
from learner.finetuning.recipe import Recipe, Supervised
from learner.finetuning.runs import tuned_runs
from learner.finetuning.training import steps
from learner.finetuning.training.supervised import SupervisedJob
from learner.loop.run import learn_once
from learner.withdrawal.withdraw import withdraw
from tests.filled_projects import answer
from tests.learner.finetuning.project.tones import CHOSEN, IN_SLICE, project_of_tones, truth

QUICK = Recipe(Supervised(epochs=2, batch=8, rate=1e-3, head_rate=1e-2))
Tuned = Callable[..., ProjectResult]


@contextmanager
def unwatched(_what: str, _unit: str) -> Iterator[Callable[[int, int], None]]:
    """Nobody watches."""
    yield lambda _done, _total: None


@pytest.fixture
def of_tones(any_project: OpenProject, tmp_path: Path) -> OpenProject:
    """Twenty-four clips of four speakers, sixteen of them labelled, on each database."""
    return project_of_tones(any_project, tmp_path)


@pytest.fixture
def tuned(tiny: Path) -> Tuned:
    """Fine-tune the small checkpoint on a project."""

    def run(project: OpenProject, *, method: str = "v-ft", **settings: Any) -> ProjectResult:
        asked = {"encoder": None if method == "frozen" else str(tiny), "recipe": QUICK, **settings}
        return finetune_project(project, settings=ProjectSettings(method=method, **asked), device="cpu", watch=unwatched)

    return run


def test_it_is_scored_on_the_random_slice_in_the_folds_of_the_live_head(of_tones: OpenProject, tuned: Tuned) -> None:
    learn_once(of_tones)
    with of_tones.read() as session:
        run = latest_evaluated_run(session)
        assert run is not None
        live = (run.ua, run.ua_low, run.ua_high)
        assert run.slice_clips == IN_SLICE
    decisions = labelled_by_decisions(of_tones)
    found = tuned(of_tones, runs=2)
    document = found.document
    assert document is not None
    assert (document.labels, document.slice_clips, document.runs) == (IN_SLICE + CHOSEN, IN_SLICE, 2)
    assert found.result.y.tolist() == decisions.tested.y.tolist()
    assert sorted(np.concatenate([fold.test for fold in found.result.folds]).tolist()) == list(range(IN_SLICE))
    assert [fold.held_out for fold in found.result.folds] == [("s0",), ("s1",), ("s2",), ("s3",)]
    # The frozen side is the accuracy that the Dashboard shows.
    of_head = document.frozen
    assert live == pytest.approx((of_head.ua, of_head.ua_low, of_head.ua_high))
    assert document.difference == pytest.approx(document.tuned.ua - of_head.ua, abs=1e-5)
    assert document.difference_low <= document.difference <= document.difference_high
    significance = found.to_json()["significance"]
    assert (significance["p"] < 0.05) == (document.difference_low > 0 or document.difference_high < 0)
    counts = significance["mcnemar"]
    correct = document.tuned.wa - of_head.wa
    assert counts["only_finetuned"] - counts["only_frozen"] == pytest.approx(correct * IN_SLICE, abs=1e-3)
    assert 0 < counts["p"] <= 1
    assert tuned(of_tones, method="frozen").result.to_json()["ua"] == pytest.approx(of_head.ua, abs=1e-4)
    kept = read_finetuned(of_tones.heads_dir)
    assert kept == document
    assert kept.line.startswith("Fine-tuned (v-ft, 16 labels): fine-tuned ")


def test_an_interrupted_one_goes_on_to_the_same_result_and_a_new_decision_starts_another(
    project: OpenProject, tmp_path: Path, tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_tones = project_of_tones(project, tmp_path)
    monkeypatch.setattr(steps, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(steps, "_WRITING", 0.0)
    trained, before = 0, SupervisedJob.before

    def stops(self: SupervisedJob, step: int) -> None:
        nonlocal trained
        trained += 1
        if trained == stop_at:
            raise KeyboardInterrupt
        before(self, step)

    monkeypatch.setattr(SupervisedJob, "before", stops)
    stop_at = -1
    whole = tuned(of_tones)
    steps_of_all = trained
    for kept in of_tones.finetune_dir.glob("*/fold-*"):
        kept.unlink()
    trained, stop_at = 0, steps_of_all // 2 + 1
    with pytest.raises(KeyboardInterrupt):
        tuned(of_tones)
    stop_at = -1
    again = tuned(of_tones)
    assert trained <= steps_of_all + 2, "what was finished, and what was saved, is not trained again"
    assert again.result.predicted(0).tolist() == whole.result.predicted(0).tolist()
    (folder,) = of_tones.finetune_dir.iterdir()
    free = next(clip for clip in range(1, 25) if clip not in labelled_by_decisions(of_tones).clips)
    answer(of_tones, free, truth(free))
    assert len(labelled_by_decisions(of_tones).clip_ids) == 17
    document = tuned(of_tones).document
    assert document is not None
    assert document.labels == 17
    assert [each for each in of_tones.finetune_dir.iterdir() if each == folder] == []


def test_withdrawn_clips_leave_nothing_behind(
    project: OpenProject, tmp_path: Path, tuned: Tuned, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_tones = project_of_tones(project, tmp_path)
    tuned(of_tones)
    first = labelled_by_decisions(of_tones).clip_ids[0]
    withdraw(of_tones, [first])
    assert list(of_tones.finetune_dir.iterdir()) == []
    second = labelled_by_decisions(of_tones).clip_ids[0]
    train = tuned_runs.train

    def withdrawn_meanwhile(self: Any, *arguments: Any, **options: Any) -> Any:
        withdraw(of_tones, [second])
        return train(self, *arguments, **options)

    monkeypatch.setattr(tuned_runs, "train", withdrawn_meanwhile)
    with pytest.raises(LabelError, match=r"A clip that the network learns from was withdrawn meanwhile"):
        tuned(of_tones)
    assert list(of_tones.finetune_dir.iterdir()) == []


def test_what_is_too_little_is_one_sentence(project: OpenProject, tmp_path: Path, tuned: Tuned) -> None:
    with pytest.raises(FeatureError, match=r"no features yet.*run `earmark embed` first\."):
        tuned(project)
    of_tones = project_of_tones(project, tmp_path, labelled=False)
    with pytest.raises(LabelError, match=r"There is no labelled clip to fine-tune on yet; label some first"):
        tuned(of_tones)
    for clip in range(1, 13):
        answer(of_tones, clip, truth(clip))
    with pytest.raises(EncoderError, match=r"On a project, frozen is its own classifier.*leave --encoder out"):
        tuned(of_tones, method="frozen", encoder="bundled")
