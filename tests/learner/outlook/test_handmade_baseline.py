"""The pool of the hand-made baseline stands on its own features, whatever was found on those in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.models import Clip, ClipState
from db.project import OpenProject
from learner.dataset.pool import Pool
from learner.outlook.handmade_baseline import HandmadeBaseline
from learner.query.cold_start import cold_start_order
from tests.learner.audio_files import import_files, noise, written
from tests.learner.damaged_features import damage_vector
from tests.learner.synthetic_projects import embed_made_up, pool_of


def first_clips(pool: Pool, *, typical: bool) -> list[int]:
    """All clips in the order of a cold start."""
    nothing = np.zeros(len(pool.features), dtype=np.bool_)
    order = cold_start_order(pool, candidates=pool.ready, labeled=nothing, clusters=3, typical=typical)
    return [int(clip) for clip in pool.features.clip_ids[order]]


def baseline_of(project: OpenProject, pool: Pool) -> Pool:
    """The pool of log-mel features beside this one."""
    beside = HandmadeBaseline(project).pool_beside(pool, progress=lambda _done, _total: None)
    assert beside is not None
    assert beside is not pool
    return beside


@pytest.mark.parametrize("typical", [False, True])
def test_clusters_found_on_the_features_in_use_are_not_those_of_the_baseline(
    project: OpenProject, tmp_path: Path, *, typical: bool
) -> None:
    paths = [written(tmp_path / f"{number}.wav", noise(0.3, seed=number, level=0.01 * (number + 1))) for number in range(24)]
    embed_made_up(project, import_files(project, paths))
    used, untouched = pool_of(project), pool_of(project)
    order_in_use = first_clips(used, typical=typical)
    order = first_clips(baseline_of(project, used), typical=typical)
    assert order == first_clips(baseline_of(project, untouched), typical=typical)
    assert order != order_in_use


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_damaged_vectors_of_the_baseline_leave_the_clips_in_service(project: OpenProject, tmp_path: Path, value: float) -> None:
    paths = [written(tmp_path / f"{number}.wav", noise(0.3, seed=number)) for number in range(8)]
    clips = import_files(project, paths)
    embed_made_up(project, clips)
    used = pool_of(project)
    sound = baseline_of(project, used)
    damage_vector(project, clips[2], feature_set_id=sound.features.feature_set_id, value=value)
    beside = HandmadeBaseline(project)._read(used, sound.features.feature_set_id)
    assert beside is not None
    assert sorted(beside.features.clip_ids.tolist()) == [clip for clip in clips if clip != clips[2]]
    assert np.isfinite(beside.mean).all()
    with project.read() as session:
        assert session.get_one(Clip, clips[2]).state == ClipState.READY
    # The next pool gives the clip new features.
    assert sorted(baseline_of(project, pool_of(project)).features.clip_ids.tolist()) == clips
