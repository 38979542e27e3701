"""Damaged files beside the database stop the learner for no longer than it takes to make them again, or to set a clip aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.models import Clip
from db.project import OpenProject
from learner.heads.store import head_path, load_head
from learner.loop.run import learn_once
from learner.search.likely import read_likely
from tests.learner.damaged_features import damage_vector
from tests.learner.loop.test_run import eventually, running
from tests.learner.loop.what_was_published import newest_run, queued, runs, state_of
from tests.learner.synthetic_projects import embedded_project, label_truly


def damage(path: Path, how: str) -> None:
    """Leave a file as a crash or a bad disk leaves it."""
    content = path.read_bytes()
    path.write_bytes(
        {"empty": b"", "cut": content[: len(content) // 2], "noise": b"no head at all", "zeros": bytes(len(content))}[how]
    )


@pytest.mark.parametrize("how", ["empty", "cut", "noise", "zeros"])
def test_a_damaged_head_is_made_again_by_the_next_pass(project: OpenProject, how: str) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    before = load_head(head_path(project.heads_dir, 1))
    damage(head_path(project.heads_dir, 1), how)
    learn_once(project)
    after = load_head(head_path(project.heads_dir, newest_run(project).id))
    np.testing.assert_array_equal(after.head.coef_, before.head.coef_)
    assert len(queued(project)) == 18
    assert (state_of(project).state, state_of(project).error) == ("stopped", None)
    learn_once(project)
    assert runs(project) == 2, "it is made again once"


def test_a_damaged_head_is_made_again_by_the_running_learner(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    damage(head_path(project.heads_dir, 1), "noise")
    with running(project):
        eventually(lambda: runs(project) == 2, what="a run in place of the damaged one")
        eventually(lambda: state_of(project).state == "waiting", what="the learner to rest")
    assert load_head(head_path(project.heads_dir, 2)).label_names == ["angry", "happy", "sad"]


def test_a_head_of_other_features_is_made_again(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    path = head_path(project.heads_dir, 1)
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(path, **{**arrays, "coef": arrays["coef"][:, :5]})
    learn_once(project)
    assert load_head(head_path(project.heads_dir, 2)).head.n_features_in_ == 16


@pytest.mark.parametrize("how", ["noise", "gone"])
def test_damaged_lists_of_likely_clips_are_written_again(project: OpenProject, how: str) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    before = read_likely(project.heads_dir)
    path = project.heads_dir / "likely.npz"
    path.unlink() if how == "gone" else damage(path, how)
    learn_once(project)
    after = read_likely(project.heads_dir)
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(after.clip_ids, before.clip_ids)
    assert runs(project) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_learner_goes_on_without_a_damaged_vector(project: OpenProject, value: float) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:30])
    damage_vector(project, clips[3], value=value)
    damage_vector(project, clips[40], value=value)
    assert learn_once(project) is not None
    assert {entry.clip_id for entry in queued(project)} == set(clips[30:]) - {clips[40]}
    assert (state_of(project).state, state_of(project).error) == ("stopped", None)
    assert (newest_run(project).ua or 0) > 0.6
    with project.read() as session:
        assert [(session.get_one(Clip, clip).problem or "")[:39] for clip in (clips[3], clips[40])] == [
            "Its features on the disk are damaged (n"
        ] * 2
    first = newest_run(project).id
    assert learn_once(project) == first, "nothing is left to do"
