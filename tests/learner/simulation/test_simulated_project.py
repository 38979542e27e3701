"""Projects in memory: which clips are asked about, and which are held out."""

from __future__ import annotations

from learner.simulation.simulated_project import simulated_project
from tests.learner.synthetic_corpora import blobs


def test_speakers_held_out_are_never_asked_about() -> None:
    corpus = blobs()
    simulated = simulated_project(corpus, seed=1)
    asked = {corpus.speakers[clip - 1] for clip in simulated.truth}
    assert len(asked) == 8
    assert len(simulated.held_out.vectors) == 24
    assert len({tuple(simulated_project(corpus, seed=seed).truth) for seed in range(5)}) > 1, "seeds hold out different ones"


def test_a_rare_label_is_on_both_sides() -> None:
    corpus = blobs((200, 6), speakers=40)
    for seed in range(5):
        simulated = simulated_project(corpus, seed=seed)
        assert set(simulated.held_out.label_of.tolist()) == set(simulated.truth.values()) == {1, 2}


def test_not_everything_is_held_out() -> None:
    simulated = simulated_project(blobs((1, 1), speakers=2), seed=0, held_out=0.8)
    assert len(simulated.truth) == 1
    assert len(simulated.held_out.label_of) == 1
