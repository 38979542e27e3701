"""The interval for new speakers: it holds where they differ, widens with what is unknown, and is missing without speakers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from db.project import OpenProject
from db.reports import NewSpeakers
from db.status import project_status
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.corpora.corpus import Corpus
from learner.dataset.tested_slice import Slice
from learner.evaluation.intervals import SpeakerResamples, recall_interval
from learner.evaluation.new_speakers import Group, group_interval, new_speakers
from learner.loop.run import learn_once
from learner.simulation.simulated_project import simulated_project
from tests.learner.synthetic_projects import embedded_project, label_slice

LABELS = 4
Clips = tuple[Int64Array, BoolArray, Int64Array]
"""Label, whether it is predicted correctly, and speaker, of each clip."""


def clips_of(speakers: int, each: int, *, spread: float, seed: int, recall: float = 0.7) -> Clips:
    """Clips of speakers whose recalls differ."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(speakers), each)
    right = np.clip(recall + rng.normal(0, spread, speakers), 0, 1)
    return rng.integers(0, LABELS, len(groups)), rng.random(len(groups)) < right[groups], groups


def ua(y: Int64Array, hit: BoolArray) -> float:
    return float(np.mean([hit[y == label].mean() for label in np.unique(y)]))


def interval(clips: Clips, group: Group) -> tuple[float, float, float]:
    """Its bounds, and the spread between speakers."""
    y, hit, groups = clips
    found, spread = group_interval(y, hit, groups, np.ones(len(y), dtype=np.bool_), group, labels=LABELS)
    return found.low, found.high, spread


@pytest.mark.parametrize(("speakers", "each", "spread"), [(8, 20, 0.1), (20, 8, 0.1), (60, 2, 0.05)])
def test_it_holds_the_accuracy_of_a_new_group_where_the_other_interval_does_not(speakers: int, each: int, spread: float) -> None:
    new, usual = [], []
    for seed in range(80):
        y, hit, groups = clips_of(speakers, each, spread=spread, seed=seed)
        others = clips_of(speakers // 4, each, spread=spread, seed=1000 + seed)
        low, high, _ = interval((y, hit, groups), Group(speakers // 4, clips=len(others[0])))
        right, clips = np.bincount(y[hit], minlength=LABELS), np.bincount(y, minlength=LABELS)
        known = recall_interval(right, clips, half_width=SpeakerResamples(groups).half_width(y, hit, labels=LABELS))
        new.append(low <= ua(*others[:2]) <= high)
        usual.append(known.low <= ua(*others[:2]) <= known.high)
    assert float(np.mean(new)) >= 0.9
    assert float(np.mean(usual)) < 0.85


def test_the_more_speakers_differ_the_wider_it_is_and_the_spread_is_found() -> None:
    group = Group(5, clips=200)
    alike, apart = (interval(clips_of(20, 20, spread=spread, seed=2), group) for spread in (0.0, 0.15))
    assert apart[1] - apart[0] > 1.5 * (alike[1] - alike[0])
    assert alike[2] < 0.05
    assert apart[2] == pytest.approx(0.15, abs=0.04)


def test_few_speakers_widen_it() -> None:
    y, hit, widths = np.arange(120) % LABELS, np.arange(120) % 3 > 0, []
    for speakers in (2, 3, 5, 10):
        low, high, _ = interval((y, hit, np.repeat(np.arange(speakers), 120 // speakers)), Group(2, clips=100))
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)


def test_single_clips_say_nothing_about_the_spread() -> None:
    y, groups = np.zeros(60, dtype=np.int64), np.arange(60)
    for right in (20, 30, 50):
        _, spread = group_interval(y, groups < right, groups, groups >= 0, Group(15, clips=15), labels=1)
        assert spread == pytest.approx(0.117, abs=0.005), "the mean of what is likely beforehand"


@pytest.mark.parametrize("right", [0, 40])
def test_all_right_and_all_wrong_have_an_interval_too(right: int) -> None:
    y, groups = np.arange(40) % LABELS, np.arange(40) % 8
    low, high, _ = interval((y, np.arange(40) < right, groups), Group(2, clips=20))
    assert 0 <= low < high <= 1


def reported_for(speakers: Sequence[str | None], *, tested: int) -> NewSpeakers:
    """A project with a clip of each of these speakers, whose first ones are tested and predicted correctly."""
    vectors: Float64Array = np.random.default_rng(0).normal(size=(len(speakers), 4))
    names = [f"label {row % 2}" for row in range(len(speakers))]
    project = simulated_project(Corpus.of(vectors.astype(np.float16), names, list(speakers)), seed=0, held_out=0.0)
    some = Slice.of(project.pool, sorted(project.truth)[:tested], project.truth, project.label_ids)
    return new_speakers(some, np.ones(len(some.y), dtype=np.bool_), project.pool, labels=2)


def test_the_group_is_a_quarter_as_many_speakers_as_the_project_has() -> None:
    found = reported_for([f"s{row % 10}" for row in range(40)], tested=16)
    assert (found.known, found.speakers, found.tested, found.ua) == (True, 3, 10, 1.0)
    assert found.ua_low is not None
    assert found.ua_low < 1.0


@pytest.mark.parametrize(
    ("speakers", "tested", "why"),
    [
        (["ada"] * 20, 20, "most clips have no known speaker, or there is only one speaker"),
        ([None] * 20, 20, "most clips have no known speaker, or there is only one speaker"),
        ([*["ada"] * 10, *["ben"] * 10], 6, "the random slice has clips of one speaker only"),
        ([*[None] * 10, *["ada"] * 5, *["ben"] * 5], 6, "the random slice has no clip of a known speaker"),
        ([*["ada"] * 10, *["ben"] * 10], 0, "the random slice has no labels yet"),
    ],
)
def test_without_two_known_speakers_there_is_none_and_this_is_reported(speakers: list[str | None], tested: int, why: str) -> None:
    assert reported_for(speakers, tested=tested) == NewSpeakers(known=False, why=why)


def test_clips_of_unknown_speakers_are_no_speakers() -> None:
    found = reported_for([*[None] * 9, *["ada"] * 10, *["ben"] * 10], tested=29)
    assert (found.speakers, found.tested) == (1, 2)


def test_a_run_reports_it_and_so_does_the_status(project: OpenProject) -> None:
    embedded_project(project, 60, speakers=6)
    learn_once(project)
    label_slice(project, 24)
    learn_once(project)
    with project.read() as session:
        run = project_status(session)["run"]
    found = run["new_speakers"]
    assert found["known"]
    assert (found["speakers"], found["tested"]) == (2, 6)
    assert found["ua"] == pytest.approx(run["ua"], abs=1e-5)
    assert found["ua_low"] < run["ua_low"] + 0.05
    assert found["ua_high"] >= found["ua"]
