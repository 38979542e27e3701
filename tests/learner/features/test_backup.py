"""Features in backups: with them a restored project is embedded, and without them no clip claims to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.project import OpenProject, open_project
from db.status import project_status
from learner.doctor.features import examine_features
from learner.features.matrix import open_features, shard_path
from learner.features.store import FeatureStore
from learner.heads.store import load_head, newest_head
from learner.loop.run import learn_once
from tests.filled_projects import add_clips
from tests.learner.synthetic_projects import MadeUpEncoder, embed_made_up, embedded_project, label_truly, made_up_vectors


@pytest.fixture
def trained(project: OpenProject) -> OpenProject:
    """Thirty clips with features, and a head."""
    label_truly(project, embedded_project(project, 30)[:12])
    learn_once(project)
    return project


def restored(project: OpenProject, folder: Path, *, with_features: bool) -> OpenProject:
    report = back_up(project, folder / "b.zip", with_features=with_features)
    assert report.heads == 1
    restore(folder / "b.zip", folder / "again")
    return open_project(folder / "again")


def test_without_them_the_clips_are_to_be_embedded_again(trained: OpenProject, tmp_path: Path) -> None:
    again = restored(trained, tmp_path, with_features=False)
    with again.read() as session:
        assert project_status(session)["embedded"] == 0
    head = newest_head(again.heads_dir, up_to=1)
    assert head is not None
    assert load_head(head).feature_set_id == 1
    embed_made_up(again, range(1, 31))
    # The learner goes on in the same feature set, with the next run.
    assert learn_once(again) is not None
    again.close()


def test_with_them_every_vector_is_the_same(trained: OpenProject, tmp_path: Path) -> None:
    again = restored(trained, tmp_path, with_features=True)
    before, after = open_features(trained), open_features(again)
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.rows(range(1, 31)), after.rows(range(1, 31)))
    assert list(examine_features(again, progress=lambda _done, _total: None)) == []
    again.close()


def test_rows_of_a_shard_that_is_gone_do_not_claim_to_be_there(project: OpenProject, tmp_path: Path) -> None:
    store, clips = FeatureStore(project, MadeUpEncoder(), shard_rows=4), add_clips(project, 6)
    store.append(clips, made_up_vectors(clips))
    shard_path(store.folder, 0).unlink()
    back_up(project, tmp_path / "b.zip", with_features=True)
    restore(tmp_path / "b.zip", tmp_path / "again")
    again = open_project(tmp_path / "again")
    features = open_features(again)
    assert features is not None
    assert features.clip_ids.tolist() == [5, 6]
    again.close()
