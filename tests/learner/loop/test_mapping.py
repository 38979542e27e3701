"""The map of clips: made when nothing else is to do, and close where features are close."""

from __future__ import annotations

import numpy as np
import pytest

from db.errors import FeatureError
from db.project import OpenProject
from db.records.runs import latest_complete_run
from learner.loop.heartbeat import Reporter
from learner.loop.mapping import Mapper, placed
from learner.loop.publishing import Published, Publisher
from learner.loop.run import learn_once
from learner.search.clip_map import clip_map, forget_on_map, read_clip_map
from learner.withdrawal.withdraw import withdraw
from tests.filled_projects import LABELS, add_clips, answer
from tests.learner.loop.test_run import eventually, running
from tests.learner.synthetic_projects import embedded_project, label_truly, pool_of, truth


def published_of(project: OpenProject) -> Published:
    published = Publisher(project, Reporter(project)).publish()
    assert published is not None
    return published


def go_on() -> bool:
    return True


def test_clips_of_a_label_lie_together(project: OpenProject) -> None:
    clips = np.array(embedded_project(project, 150, spread=0.6), dtype=np.int64)
    pool = pool_of(project)
    places = placed(pool, clips, "none", go_on=go_on)
    assert places is not None
    assert places.shape == (150, 2)
    assert (places.min(), places.max()) == (0.0, 1.0)
    distances = np.square(places[:, None] - places[None]).sum(axis=2) + 9.0 * np.eye(150)
    nearest = np.argsort(distances, axis=1)[:, :5]
    labels = np.array([LABELS.index(truth(clip)) for clip in clips.tolist()])
    assert (labels[nearest] == labels[:, None]).mean() > 0.9, "by chance it would be a third"
    again = placed(pool, clips, "none", go_on=go_on)
    assert again is not None
    assert np.array_equal(places, again)


def test_clips_that_are_no_landmarks_keep_their_neighbours_too(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.loop.mapping.LANDMARKS", 40)
    clips = np.array(embedded_project(project, 150), dtype=np.int64)
    pool = pool_of(project)
    places = placed(pool, clips, "none", go_on=go_on)
    assert places is not None
    kept = shared_neighbours(pool.features.rows(clips).astype(np.float64), places.astype(np.float64), count=10)
    assert kept > 3 * 10 / 150, "three times as many as by chance"


def shared_neighbours(one: np.ndarray, two: np.ndarray, *, count: int) -> float:
    """The share of each one's nearest rows that both have in common."""
    lists = []
    for points in (one, two):
        distances = np.square(points[:, None] - points[None]).sum(axis=2)
        np.fill_diagonal(distances, np.inf)
        lists.append(np.argsort(distances, axis=1)[:, :count])
    return float(np.mean([len(set(a) & set(b)) / count for a, b in zip(*lists, strict=True)]))


def test_the_map_is_written_once_with_what_is_predicted(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    assert clip_map(project) is None, "it is made when the learner is idle"
    label_truly(project, clips[:20])
    learn_once(project)
    mapper, published = Mapper(project), published_of(project)
    assert mapper.draw_if_due(published, go_on=go_on)
    found = clip_map(project)
    assert found is not None
    assert found.placed.clip_ids.tolist() == sorted(clips)
    has = dict(zip(found.placed.clip_ids.tolist(), found.predicted.tolist(), strict=True))
    assert {clip for clip, label in has.items() if label} == set(clips[20:])
    assert np.isnan(found.chances).sum() == 20
    answer(project, clips[30])
    assert not Mapper(project).draw_if_due(published_of(project), go_on=go_on), "the same clips have the same places"


def test_a_project_without_features_says_so(project: OpenProject) -> None:
    add_clips(project, 3)
    with pytest.raises(FeatureError, match="There are no features yet, so there is no map"):
        clip_map(project)


def test_whatever_is_new_ends_the_work_and_it_is_done_later(project: OpenProject) -> None:
    label_truly(project, embedded_project(project, 30)[:10])
    mapper, published = Mapper(project), published_of(project)
    assert not mapper.draw_if_due(published, go_on=lambda: False)
    assert read_clip_map(project.heads_dir) is None
    assert mapper.draw_if_due(published, go_on=go_on)


def test_a_damaged_map_is_made_again_and_a_withdrawn_clip_leaves_it(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    published = published_of(project)
    (project.heads_dir / "map.npz").write_bytes(b"PK no zip")
    assert Mapper(project).draw_if_due(published, go_on=go_on)
    forget_on_map(project.heads_dir, clips[:2])
    left = read_clip_map(project.heads_dir)
    assert left is not None
    assert left.clip_ids.tolist() == clips[2:]


def test_the_running_learner_makes_it_when_nothing_is_new(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learner.loop.run.IDLE_SECONDS", 0.1)
    label_truly(project, embedded_project(project, 30)[:10])
    with running(project):
        eventually(lambda: read_clip_map(project.heads_dir) is not None, what="the map")
        with project.read() as session:
            run = latest_complete_run(session)
        assert run is not None, "the run was scored first"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_very_few_clips_have_a_place_too(project: OpenProject, count: int) -> None:
    clips = np.array(embedded_project(project, count), dtype=np.int64)
    places = placed(pool_of(project), clips, "none", go_on=go_on)
    assert places is not None
    assert np.isfinite(places).all()


def test_a_clip_that_is_withdrawn_while_the_map_is_made_is_not_on_it(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:10])
    learn_once(project)

    def withdrawn_meanwhile() -> bool:
        withdraw(project, [clips[20]])
        return True

    assert Mapper(project).draw_if_due(published_of(project), go_on=withdrawn_meanwhile)
    found = read_clip_map(project.heads_dir)
    assert found is not None
    assert sorted(found.clip_ids.tolist()) == [clip for clip in sorted(clips) if clip != clips[20]]
