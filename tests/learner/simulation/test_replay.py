"""Replays: the live learner's own steps on a simulated project, from the first answer to the last."""

from __future__ import annotations

import numpy as np
import pytest

from db.models import Source
from db.project import OpenProject
from db.serving.random_slice import slice_clip_ids
from db.serving.upcoming import upcoming
from learner.loop.run import learn_once
from learner.simulation.replay import Annotating, Stage, replay
from learner.simulation.simulated_project import HeldOut, SimulatedProject, simulated_project
from tests.filled_projects import answer
from tests.learner.synthetic_corpora import blobs
from tests.learner.synthetic_projects import embedded_project, pool_of, truth


@pytest.fixture(scope="module")
def simulated() -> SimulatedProject:
    """96 clips of three labels to ask about, and two speakers held out."""
    return simulated_project(blobs(), seed=1)


def replayed(simulated: SimulatedProject, *, seed: int = 1, **how: object) -> list[Stage]:
    """All stages of a replay."""
    return list(replay(simulated, Annotating(**how), seed=seed))  # type: ignore[arg-type]


def test_every_clip_is_answered_once_and_with_its_label(simulated: SimulatedProject) -> None:
    last = replayed(simulated)[-1]
    assert last.answers == len(simulated.truth) == 96
    assert {decision.clip_id: decision.label_id for decision in last.live} == simulated.truth
    assert [decision.id for decision in last.live] == list(range(1, 97))
    assert last.slice_clips == simulated.in_key_order


def test_the_random_share_is_served_in_key_order_and_the_asking_head_never_sees_it(simulated: SimulatedProject) -> None:
    for stage in replayed(simulated, budget=60):
        random = [decision.clip_id for decision in stage.live if decision.source is Source.RANDOM]
        assert len(random) == pytest.approx(0.2 * stage.answers, abs=1)
        assert not set(random) & set(stage.heads.query.clip_ids.tolist())
        assert set(random) <= set(stage.heads.used.clip_ids.tolist())
        assert set(stage.slice_clips) <= {decision.clip_id for decision in stage.live}


def test_a_seed_gives_the_same_answers_again(simulated: SimulatedProject) -> None:
    one, two = (replayed(simulated, budget=40, strategy="random", noise=0.3)[-1] for _ in range(2))
    other = replayed(simulated, budget=40, strategy="random", noise=0.3, seed=2)[-1]
    assert one.live == two.live
    assert one.live != other.live


def test_noise_turns_a_share_of_the_answers_wrong(simulated: SimulatedProject) -> None:
    last = replayed(simulated, noise=0.25)[-1]
    wrong = np.mean([decision.label_id != simulated.truth[decision.clip_id] for decision in last.live])
    assert 0.15 < wrong < 0.35


def test_several_annotators_share_the_work_by_their_pace(simulated: SimulatedProject) -> None:
    last = replayed(simulated, annotators=3, slow=4.0, batch=4)[-1]
    counts = np.bincount([decision.annotator_id for decision in last.live])[1:]
    assert last.answers == len({decision.clip_id for decision in last.live}) == 96
    assert counts[2] < counts[0] / 2


def test_heads_get_better_and_are_scored_on_speakers_held_out(simulated: SimulatedProject) -> None:
    ua = [simulated.held_out.ua(stage.heads.used.head, simulated.label_ids) for stage in replayed(simulated, budget=60)]
    assert ua[-1] > 0.8
    assert HeldOut.ua(simulated.held_out, None, simulated.label_ids) == pytest.approx(1 / 3)


def test_a_project_in_a_database_is_asked_in_the_same_order(project: OpenProject) -> None:
    """The live learner, answered one clip at a time, against the replay of the same clips, keys and features."""
    embedded_project(project, 40)
    pool = pool_of(project)
    with project.read() as session:
        keys = slice_clip_ids(session, answered=set(range(1, 41)))
    label_ids = {"angry": 1, "happy": 2, "sad": 3}
    truths = {clip: label_ids[truth(clip)] for clip in range(1, 41)}
    none = HeldOut(np.zeros((0, pool.features.dim), np.float32), np.zeros(0, np.int64), None)
    in_memory = SimulatedProject(pool, [1, 2, 3], truths, keys, none)
    last = replayed(in_memory, batch=1, budget=30)[-1]
    asked = []
    for _ in range(30):
        learn_once(project)
        with project.read() as session:
            clip = upcoming(session, limit=1, random_share=0.2)[0]
        answer(project, clip.clip_id, truth(clip.clip_id), source=clip.source)
        asked.append((clip.clip_id, clip.source))
    assert asked == [(decision.clip_id, decision.source) for decision in last.live]
