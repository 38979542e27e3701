"""Held-out clips that a network has learned from all the same are reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from learner.audio.decoding import content_hash
from learner.corpora.clips import ProbeClip
from learner.many_corpora.corpora.parts import TEST, TRAIN, VALIDATION, Parts
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.learned_from import note_known_clips, note_shared_clips
from learner.many_corpora.network.vectors import PooledInputs
from tests.learner.audio_files import noise, written


def corpus(name: str, parts: dict[str, int], folder: Path = Path()) -> ReadCorpus:
    """Clips by what they hold, with the part of each."""
    clips = [ProbeClip(key, str(folder / f"{key}.wav"), 0.0, None, "a", None) for key in parts]
    inputs = PooledInputs(clips, list(parts), {})
    return ReadCorpus(name, ["a", "b"], np.zeros(len(clips), np.int64), inputs, Parts(np.array([*parts.values()]), True))


def test_clips_that_another_corpus_learns_from() -> None:
    corpora = [
        corpus("one", {"x": TEST, "y": TEST, "z": TEST, "u": TRAIN}),
        corpus("two", {"x": TRAIN, "y": VALIDATION, "z": TEST, "u": TRAIN}),
    ]
    note_shared_clips(corpora)
    assert corpora[0].remarks == ["one: other corpora learn from 2 of the 3 held-out clips, so its scores are too high."]
    assert corpora[1].remarks == []


def test_clips_of_a_later_corpus_that_the_filters_know(tmp_path: Path) -> None:
    for number, name in enumerate("xyz"):
        written(tmp_path / f"{name}.wav", noise(0.1, seed=number))
    later = corpus("later", {"x": TEST, "y": TEST, "z": TRAIN}, tmp_path)
    note_known_clips(later, {content_hash(str(tmp_path / f"{name}.wav")) for name in "xz"})
    assert later.remarks == ["later: the shared filters have learned from 1 of the 2 held-out clips, so its scores are too high."]
