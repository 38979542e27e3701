"""What the grid shows: neighbours of a clip, and likely clips of a label; and grid labels train a head but do not test it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import select

from db.decisions.log import live_decisions
from db.decisions.taking import undo_decision
from db.errors import FeatureError, LearnerError
from db.models import Run, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from learner.dataset.speaker_norm import SPEAKER
from learner.loop.run import learn_once
from learner.search.likely import LikelyClips, most_likely, read_likely, write_likely
from learner.search.neighbours import Neighbours
from tests.filled_projects import add_clips, answer
from tests.learner.damaged_features import damage_vector
from tests.learner.synthetic_projects import (
    embed_made_up,
    embedded_project,
    label_slice,
    label_truly,
    made_up_vectors,
    pool_of,
    truth,
)
from tests.owed_clips import owed_clips


class TestNeighbours:
    def test_are_those_of_the_highest_cosine_between_standardised_features(self, any_project: OpenProject) -> None:
        clips = embedded_project(any_project, 60)
        found = list(Neighbours(any_project).of(clips[7]))
        stored = made_up_vectors(clips).astype(np.float16).astype(np.float64)
        vectors = (stored - stored.mean(axis=0)) / stored.std(axis=0)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        cosines = vectors @ vectors[7]
        order = [row for row in np.argsort(-cosines) if row != 7]
        assert [clip for clip, _ in found] == [clips[row] for row in order]
        assert [likeness for _, likeness in found] == pytest.approx(cosines[order], abs=1e-4)

    def test_of_a_clip_are_mostly_of_its_label(self, project: OpenProject) -> None:
        clips = embedded_project(project, 90)
        for clip in clips[:5]:
            first = [found for found, _ in itertools.islice(Neighbours(project).of(clip), 10)]
            assert sum(truth(found) == truth(clip) for found in first) >= 6

    def test_are_by_speaker_where_the_newest_run_normalises_so(self, project: OpenProject) -> None:
        clips = embedded_project(project, 90, speakers=6)
        label_truly(project, clips[:45])
        learn_once(project)
        neighbours = Neighbours(project)
        plain = dict(neighbours.of(clips[7]))
        with project.write() as session:
            run = session.scalars(select(Run).order_by(Run.id.desc())).first()
            assert run is not None
            run.report = run.report.model_copy(update={"normalisation": SPEAKER})
        pool = pool_of(project)
        vectors = pool.inputs_of(pool.features.rows(clips), np.array(clips), SPEAKER)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found = dict(neighbours.of(clips[7]))
        assert found != plain
        assert [found[clip] for clip in clips if clip != clips[7]] == pytest.approx(np.delete(vectors @ vectors[7], 7), abs=2e-3)

    def test_are_found_whatever_order_clips_were_embedded_in(self, project: OpenProject) -> None:
        clips = add_clips(project, 40, speakers=5)
        embed_made_up(project, clips[20:])
        embed_made_up(project, clips[:20])
        neighbours = Neighbours(project)
        for clip in (clips[0], clips[-1]):
            assert {found for found, _ in neighbours.of(clip)} == {*clips} - {clip}

    def test_come_block_by_block_without_one_left_out_or_twice(
        self, project: OpenProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clips = embedded_project(project, 50)
        whole = list(Neighbours(project).of(clips[0]))
        monkeypatch.setattr("learner.search.neighbours._FIRST_BLOCK", 2)
        assert list(Neighbours(project).of(clips[0])) == whole
        assert {clip for clip, _ in whole} == set(clips[1:])

    def test_include_clips_that_came_later(self, project: OpenProject) -> None:
        first = embedded_project(project, 10)
        neighbours = Neighbours(project)
        assert len(list(neighbours.of(first[0]))) == 9
        later = [clip for clip in add_clips(project, 15) if clip not in first]
        with pytest.raises(FeatureError, match=f"Clip {later[0]} has no features yet"):
            neighbours.of(later[0])
        embed_made_up(project, later)
        assert len(list(neighbours.of(later[0]))) == 14

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_leave_damaged_vectors_for_last(self, project: OpenProject, value: float) -> None:
        clips = embedded_project(project, 20)
        expected = [clip for clip, _ in Neighbours(project).of(clips[0]) if clip != clips[9]]
        damage_vector(project, clips[9], value=value)
        found = list(Neighbours(project).of(clips[0]))
        assert {clip for clip, _ in found} == set(clips[1:])
        assert found[-1] == (clips[9], -1.0)
        assert set([clip for clip, _ in found][:5]) <= set(expected[:8])
        with pytest.raises(FeatureError, match=f"features of clip {clips[9]} are damaged; run `earmark learn --once`"):
            Neighbours(project).of(clips[9])

    def test_need_features(self, project: OpenProject) -> None:
        (clip,) = add_clips(project, 1)
        with pytest.raises(FeatureError, match="There are no features yet; run `earmark embed`"):
            Neighbours(project).of(clip)


class TestLikelyClips:
    def test_are_listed_by_every_run_most_probable_first(self, any_project: OpenProject) -> None:
        clips = embedded_project(any_project, 90)
        assert read_likely(any_project.heads_dir) is None
        label_truly(any_project, clips[:30])
        learn_once(any_project)
        listed = read_likely(any_project.heads_dir)
        assert listed is not None
        with any_project.read() as session:
            happy = label_by_name(session, "happy").id
        found = list(listed.of(happy))
        assert {clip for clip, _ in found} == set(clips[30:])
        chances = [chance for _, chance in found]
        assert chances == sorted(chances, reverse=True)
        assert sum(truth(clip) == "happy" for clip, _ in found[:10]) >= 9

        answer(any_project, found[0][0], "happy", source=Source.GRID)
        learn_once(any_project)
        again = read_likely(any_project.heads_dir)
        assert again is not None
        assert again.run_id > listed.run_id
        assert found[0][0] not in {clip for clip, _ in again.of(happy)}

    def test_are_deleted_when_no_head_separates_labels_any_more(self, project: OpenProject) -> None:
        clips = embedded_project(project, 30)
        given = [answer(project, clip, truth(clip)) for clip in clips[:9]]
        learn_once(project)
        assert read_likely(project.heads_dir) is not None
        with project.write() as session:
            for uuid in given:
                who = annotator_named(session, "ann").id
                undo_decision(session, uuid=str(uuid4()), annotator_id=who, decision_uuid=uuid)
        label_truly(project, clips[:1])
        learn_once(project)
        assert read_likely(project.heads_dir) is None

    def test_of_a_label_without_examples_are_none(self, project: OpenProject) -> None:
        clips = embedded_project(project, 20)
        label_truly(project, [clip for clip in clips[:12] if truth(clip) != "sad"])
        learn_once(project)
        listed = read_likely(project.heads_dir)
        assert listed is not None
        with project.read() as session:
            assert list(listed.of(label_by_name(session, "sad").id)) == []

    def test_are_the_best_of_all_chunks(self) -> None:
        chances = np.random.default_rng(1).random((500, 2), dtype=np.float32)
        ids = np.arange(500)
        chunks = ((ids[start : start + 37], chances[start : start + 37]) for start in range(0, 500, 37))
        listed = most_likely(chunks, run_id=1, label_ids=[8, 9], most=20)
        assert listed.clip_ids.tolist() == [np.argsort(-chances[:, column])[:20].tolist() for column in (0, 1)]
        assert listed.chances[1, 0] == chances[:, 1].max()

    def test_come_back_as_they_were_written(self, tmp_path: Path) -> None:
        written = LikelyClips(3, [5, 6], np.array([[1, 2], [2, 1]]), np.array([[0.9, 0.1], [0.8, 0.2]], dtype=np.float32))
        write_likely(tmp_path, written)
        found = read_likely(tmp_path)
        assert found is not None
        assert (found.run_id, [clip for clip, _ in found.of(6)]) == (3, [2, 1])
        assert [chance for _, chance in found.of(6)] == pytest.approx([0.8, 0.2])
        assert [path.name for path in tmp_path.iterdir()] == ["likely.npz"]

    def test_a_damaged_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "likely.npz").write_bytes(b"PK")
        with pytest.raises(LearnerError, match=r"likely\.npz is damaged; delete it and run `earmark learn --once`"):
            read_likely(tmp_path)

    @pytest.mark.parametrize(
        "lists",
        [
            {"clip_ids": np.array([[1, 2], [2, 1]]), "chances": np.array([[np.nan, 0.1], [0.8, 0.2]])},
            {"clip_ids": np.array([[1, 2], [2, 1]]), "chances": np.array([[1.5, 0.1], [0.8, 0.2]])},
            {"clip_ids": np.array([[1, 2**40], [2, 1]]), "chances": np.array([[0.9, 0.1], [0.8, 0.2]])},
            {"clip_ids": np.array([[1, 2]]), "chances": np.array([[0.9, 0.1]])},
            {"clip_ids": np.array([1, 2]), "chances": np.array([0.9, 0.1])},
            {"clip_ids": np.array([["a"], ["b"]]), "chances": np.array([[0.9], [0.1]])},
        ],
        ids=["no number", "no probability", "no clip", "a label too few", "no lists", "no numbers"],
    )
    def test_lists_that_do_not_fit_are_named(self, tmp_path: Path, lists: dict[str, Any]) -> None:
        np.savez(tmp_path / "likely.npz", facts=np.array('{"run": 1, "label_ids": [5, 6]}'), **lists)
        with pytest.raises(LearnerError, match=r"likely\.npz is damaged"):
            read_likely(tmp_path)


def test_labels_from_the_grid_train_the_head_and_do_not_test_it(project: OpenProject) -> None:
    clips = embedded_project(project, 60)
    label_slice(project, 12)
    with project.read() as session:
        owed = owed_clips(session, 60)
    for clip in owed[:20]:
        answer(project, clip, truth(clip), source=Source.GRID)
    learn_once(project)
    with project.read() as session:
        run = session.query(Run).order_by(Run.id.desc()).first()
        assert run is not None
        assert (run.labeled, run.slice_clips) == (32, 12)
        assert len(live_decisions(session)) == 32
    assert len(clips) == 60
