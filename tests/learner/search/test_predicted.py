"""What each run predicts is kept in a file of its own, found again by time, and bounded."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.errors import LearnerError
from db.exports.choice import ExportChoice, LabelKind
from db.project import OpenProject
from learner.handover.export import export_project
from learner.loop.run import learn_once
from learner.search.predicted import PredictionsKept, delete_old_predictions, read_predictions
from tests.filled_projects import answer
from tests.learner.synthetic_projects import embedded_project, truth

LABELED = frozenset({LabelKind.GOLD, LabelKind.CONSENSUS})


def keep(folder: Path, run: int, *, clips: list[int], labels: list[int]) -> None:
    """Predictions of a run: each label with a probability of 0.75, from chunks of two clips."""
    kept = PredictionsKept([10, 20, 30])
    chances = np.full((len(clips), 3), 0.125, dtype=np.float32)
    chances[np.arange(len(clips)), [[10, 20, 30].index(label) for label in labels]] = 0.75
    ids = np.array(clips, dtype=np.int64)
    chunks = [(ids[at : at + 2], chances[at : at + 2]) for at in range(0, len(clips), 2)]
    passed = list(kept.noted(chunks))
    assert [chunk is given for (chunk, _), (given, _) in zip(passed, chunks, strict=True)] == [True] * len(chunks)
    kept.write(folder, run)


def test_clips_find_their_label_and_probability(tmp_path: Path) -> None:
    keep(tmp_path, 1, clips=[7, 3, 5], labels=[10, 30, 20])
    stored = read_predictions(tmp_path)
    assert stored is not None
    assert stored.run == 1
    assert stored.of([5, 4, 7, 99, 3]) == {5: (20, 0.75), 7: (10, 0.75), 3: (30, 0.75)}
    assert stored.of([]) == {}


def test_a_time_finds_the_newest_that_were_there_then(tmp_path: Path) -> None:
    assert read_predictions(tmp_path) is None
    for run in (1, 2, 3):
        keep(tmp_path, run, clips=[run], labels=[10])
    times = [json.loads(str(np.load(tmp_path / f"predicted_{run}.npz")["facts"]))["written_at"] for run in (1, 2, 3)]
    found = [read_predictions(tmp_path, as_of=time) for time in (*times, None)]
    assert [each and each.run for each in found] == [1, 2, 3, 3]
    assert read_predictions(tmp_path, as_of=times[0] - 1) is None


def test_a_run_that_is_scored_again_keeps_what_exports_were_made_with(tmp_path: Path) -> None:
    keep(tmp_path, 1, clips=[1, 2], labels=[10, 20])
    before = (tmp_path / "predicted_1.npz").read_bytes()
    keep(tmp_path, 1, clips=[1], labels=[30])
    assert (tmp_path / "predicted_1.npz").read_bytes() == before
    (tmp_path / "predicted_1.npz").write_bytes(b"damaged")
    keep(tmp_path, 1, clips=[1], labels=[30])
    stored = read_predictions(tmp_path)
    assert stored is not None
    assert stored.of([1]) == {1: (30, 0.75)}


def test_the_oldest_go_when_there_is_no_room_and_an_export_of_then_is_refused(tmp_path: Path) -> None:
    for run in (1, 2, 3):
        keep(tmp_path, run, clips=[1], labels=[10])
    size = (tmp_path / "predicted_3.npz").stat().st_size
    delete_old_predictions(tmp_path, most_bytes=int(2.5 * size))
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == ["predicted_2.npz", "predicted_3.npz"]
    with pytest.raises(LearnerError, match="not kept any more; the oldest predictions that are kept are those of run 2"):
        read_predictions(tmp_path, as_of=1.0)
    delete_old_predictions(tmp_path, most_bytes=0)
    assert [path.name for path in tmp_path.glob("*.npz")] == ["predicted_3.npz"], "the newest always stays"


@pytest.mark.parametrize("damage", ["cut", "shapes", "order", "chance"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "predicted_1.npz"
    keep(tmp_path, 1, clips=[1, 2], labels=[10, 20])
    with np.load(path) as stored:
        arrays = dict(stored)
    if damage == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        wrong: dict[str, dict[str, Any]] = {
            "shapes": {"label_ids": np.zeros(3, np.int32)},
            "order": {"clip_ids": np.array([2, 1], np.int32)},
            "chance": {"chances": np.array([0.5, np.nan], np.float32)},
        }
        arrays |= wrong[damage]
        np.savez(path, allow_pickle=False, **arrays)
    with pytest.raises(LearnerError, match=r"predicted_1\.npz is damaged; delete it, and run `earmark learn --once`"):
        read_predictions(tmp_path)


def test_an_export_holds_what_the_run_of_then_predicted(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 60)
    for clip in clips[:12]:
        answer(project, clip, truth(clip))
    learn_once(project)
    wanted = LABELED | {LabelKind.PREDICTED}
    then = export_project(project, "csv", tmp_path / "then.csv", choice=ExportChoice(kinds=wanted))
    assert then.rows == 60
    for clip in clips[12:30]:
        answer(project, clip, truth(clip))
    learn_once(project)
    export_project(project, "csv", tmp_path / "again.csv", choice=ExportChoice(kinds=wanted, as_of=then.time))
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "then.csv").read_bytes()
    export_project(project, "csv", tmp_path / "now.csv", choice=ExportChoice(kinds=frozenset({LabelKind.PREDICTED})))
    lines = (tmp_path / "now.csv").read_text().splitlines()[1:]
    assert len(lines) == 30
    assert all(",predicted," in line and ",earmark run 2," in line for line in lines)
    right = sum(f",{truth(clip)},predicted," in line for clip, line in zip(clips[30:], lines, strict=True))
    assert right > 20, "a head predicts most of these clips correctly"
