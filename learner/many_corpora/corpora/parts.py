"""Which clips of a corpus are learned from, validated on and tested on: whole speakers, or else single files at random.

The parts depend on the clips and on a seed alone, so they are the same for every mode and run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from learner.arrays import Float64Array, Int64Array
from learner.corpora.clips import ProbeClip

TRAIN, VALIDATION, TEST = range(3)
NAMES = ("training", "validation", "test")
SHARES = (0.6, 0.2, 0.2)
LEAST_SPEAKERS = 5
"""With fewer, a part would be one voice, or the rest too little to learn from."""
_DEALS, _DEALT = 300, 10_000
"""Deals, and groups dealt in all of them: of many small groups any deal comes close."""


@dataclass(frozen=True)
class Parts:
    """The part of each clip, [n]."""

    of: Int64Array
    by_speaker: bool

    def rows(self, part: int) -> Int64Array:
        """The clips of a part."""
        return np.flatnonzero(self.of == part)

    @property
    def in_words(self) -> str:
        """How the corpus was split."""
        shares = " / ".join(f"{share:.0%}" for share in SHARES)
        return f"{'whole speakers' if self.by_speaker else 'files at random'}, about {shares}"


def parts_of(clips: Sequence[ProbeClip], y: Int64Array, *, classes: int, seed: int) -> Parts:
    """Parts that hold every label where that is possible, and have about their share of the clips.

    Of many random deals of whole speakers (or files) the best is taken.
    """
    speakers = {clip.speaker for clip in clips if clip.speaker is not None}
    known = sum(clip.speaker is not None for clip in clips)
    by_speaker = len(speakers) >= LEAST_SPEAKERS and 2 * known >= len(clips)
    names = [f"s{clip.speaker}" if by_speaker and clip.speaker is not None else f"f{clip.path}" for clip in clips]
    found, group = np.unique(names, return_inverse=True)
    if len(found) < LEAST_SPEAKERS:
        # One long recording: its spans are all there is.
        found, group = np.arange(len(clips)), np.arange(len(clips))
    counts = np.zeros((len(found), classes))
    np.add.at(counts, (group, y), 1)
    rng = np.random.default_rng(seed)
    deals = [_deal(counts, rng) for _ in range(min(_DEALS, max(3, _DEALT // len(found))))]
    best = min(range(len(deals)), key=lambda number: _badness(counts, deals[number]))
    return Parts(deals[best][group], by_speaker)


def _deal(counts: Float64Array, rng: np.random.Generator) -> Int64Array:
    """The part of each group: in random order, each to the part that lacks most of its labels."""
    wanted = np.outer(SHARES, counts.sum(axis=0))
    have = np.zeros_like(wanted)
    part = np.zeros(len(counts), dtype=np.int64)
    # Large groups first, or one that comes last makes its part too large.
    sizes = counts.sum(axis=1) * rng.uniform(0.5, 1.5, len(counts))
    for group in np.argsort(-sizes).tolist():
        lacking = (wanted - have) / np.maximum(wanted, 1e-9)
        weight = counts[group] / np.maximum(counts.sum(axis=0), 1)
        part[group] = int(np.argmax(lacking @ weight + rng.uniform(0, 1e-6, len(SHARES))))
        have[part[group]] += counts[group]
    return part


def _badness(counts: Float64Array, part: Int64Array) -> tuple[int, int, float]:
    """Labels that cannot be learned; labels that parts lack; how far parts are from their shares."""
    have = np.stack([counts[part == which].sum(axis=0) for which in range(len(SHARES))])
    absent = have == 0
    return int(absent[TRAIN].sum()), int(absent.sum()), float(np.abs(have.sum(axis=1) / counts.sum() - SHARES).sum())
