"""The curve: which past runs have a point, and that only what is new is trained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.decisions.log import live_decisions
from db.models import Answer
from db.project import OpenProject
from db.records.runs import LearningCurve, latest_curve
from learner.dataset.examples import Examples
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.cross_fitting import FoldHeads
from learner.evaluation.curve import distinct_prefixes, thinned, traced_curve
from learner.heads.linear import LinearHead
from learner.loop.run import learn_once
from tests.filled_projects import answer
from tests.learner.synthetic_projects import embedded_project, label_slice, label_truly, newest_decision, pool_of


def rising(counts: set[int]) -> list[tuple[int, int]]:
    """Prefixes with these numbers of decisions."""
    return [(10 * count, count) for count in sorted(counts)]


def test_forty_points_are_all_kept() -> None:
    prefixes = rising(set(range(1, 41)))
    assert thinned(prefixes) == [prefix for prefix, _ in prefixes]


@given(st.sets(st.integers(1, 3000), min_size=1, max_size=400))
def test_more_are_thinned_evenly_between_first_and_last(counts: set[int]) -> None:
    prefixes = rising(counts)
    kept = thinned(prefixes)
    assert len(kept) <= 40
    assert {kept[0], kept[-1]} == {prefixes[0][0], prefixes[-1][0]}
    assert set(kept) <= {prefix for prefix, _ in prefixes}


@given(st.integers(41, 400))
def test_points_that_are_kept_were_kept_before(count: int) -> None:
    now, before = thinned(rising(set(range(1, count + 1)))), thinned(rising(set(range(1, count))))
    assert len(set(now) - set(before)) <= 1


def test_a_project_without_decisions_has_no_curve() -> None:
    assert thinned([]) == []


def curve_of(project: OpenProject) -> LearningCurve:
    """The newest curve."""
    with project.read() as session:
        return latest_curve(session)


def test_every_round_has_its_point_scored_on_the_slice_of_today(project: OpenProject) -> None:
    clips = embedded_project(project, 120)
    learn_once(project)
    for round_number in range(4):
        label_slice(project, 2)
        label_truly(project, clips[8 * round_number : 8 * round_number + 8])
        learn_once(project)
    curve = curve_of(project)
    assert [point.decisions for point in curve.points] == [10, 20, 30, 40]
    assert curve.slice_clips >= 8
    assert curve.speakers == 5
    last = curve.points[-1]
    assert None not in (last.ua, last.ua_low, last.ua_high, last.wa)
    assert last.examples_per_class == pytest.approx(last.smallest_class, abs=6)
    first = curve.points[0]
    assert (first.ua or 0) <= (last.ua or 0), "40 labels are better than 10 on such easy clips"


def test_a_label_that_was_corrected_counts_as_corrected_in_every_point(project: OpenProject) -> None:
    embedded_project(project, 30)
    first = label_slice(project, 4)
    learn_once(project)
    label_slice(project, 4)
    learn_once(project)
    answer(project, first[0], "sad")
    learn_once(project)
    assert [point.decisions for point in curve_of(project).points] == [4, 8], "a relabel makes no point of its own"
    with project.read() as session:
        live = live_decisions(session)
    assert [decision.clip_id for decision in sorted(live, key=lambda decision: decision.since)][:4] == first
    assert trainable(pool_of(project), live, [1, 2, 3])[first[0]] == 3, "sad"


def test_clips_that_are_bad_or_of_a_label_out_of_use_are_set_aside(project: OpenProject) -> None:
    clips = embedded_project(project, 10)
    answer(project, clips[0], None, kind=Answer.SKIP)
    answer(project, clips[1], "angry")
    answer(project, clips[2], "sad")
    pool = pool_of(project)
    with project.read() as session:
        live = live_decisions(session)
    assert trainable(pool, live, [1, 2, 3]).set_aside == {clips[0]}
    assert trainable(pool, live, [1, 2]).set_aside == {clips[0], clips[2]}
    assert Examples.of(trainable(pool, live, [1, 2])).set_aside.tolist() == [clips[0], clips[2]]


def test_a_clip_that_was_unsure_counts_from_its_label_on(project: OpenProject) -> None:
    clips = embedded_project(project, 10)
    for clip in clips[:3]:
        answer(project, clip, None, kind=Answer.UNSURE)
    label_truly(project, clips[3:6])
    label_truly(project, clips[:3])
    with project.read() as session:
        live = live_decisions(session)
    assert [decision.clip_id for decision in sorted(live, key=lambda decision: decision.since)] == [*clips[3:6], *clips[:3]]


def test_decisions_that_are_the_same_are_one_point(project: OpenProject) -> None:
    clips = embedded_project(project, 10)
    label_truly(project, clips[:3])
    with project.read() as session:
        live = live_decisions(session)
    assert distinct_prefixes(live, [0, 1, 2, 3, 7]) == [(1, 1), (2, 2), (7, 3)]


def test_only_the_new_point_is_trained(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 60, speakers=4)
    label_slice(project, 12)
    early = newest_decision(project)
    label_truly(project, clips[:20])
    pool, fitted = pool_of(project), []
    fit = LinearHead.fit

    def counted(self: LinearHead, X: Any, y: Any, weights: Any, **options: Any) -> LinearHead:
        fitted.append(len(y))
        return fit(self, X, y, weights, **options)

    monkeypatch.setattr(LinearHead, "fit", counted)
    with project.read() as session:
        live = live_decisions(session)
    labels = trainable(pool, live, [1, 2, 3])
    tested, heads = Slice.of(pool, sorted(labels)[:12], labels, [1, 2, 3]), FoldHeads(pool, C=0.1)
    calls: list[tuple[int, int]] = []

    def curve(prefixes: list[int]) -> int:
        fitted.clear()
        calls.clear()
        traced_curve(heads, tested, live, prefixes, [1, 2, 3], progress=lambda done, total: calls.append((done, total)))
        return len(fitted)

    assert curve([early]) == 4
    assert curve([early, live[-1].id]) == 4, "the heads of the first point are still there"
    assert calls == [(done, 8) for done in range(1, 9)]
    assert curve([early, live[-1].id]) == 0
