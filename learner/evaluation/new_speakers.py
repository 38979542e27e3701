"""How accurate the classifier is on speakers who were never in the project: a 95% prediction interval for a group of them.

The interval beside the accuracy is about the speakers of the project. Another group of speakers differs in three more ways: its
speakers are others, they are few, and they have few clips. The group here is a quarter as many speakers as the project has, drawn
like these, with as many clips each; what is predicted is the UA that would be measured on all clips of the group together.

The spread between speakers is the standard deviation of how much better or worse than the average a speaker is predicted. It is
estimated as in a random-effects meta-analysis (Higgins, Thompson, Spiegelhalter 2009, *A re-evaluation of random-effects
meta-analysis*): a posterior over the spread, and from each of its values the accuracy of a new group. Few speakers leave the
spread uncertain, which widens the interval. Clips that are the only one of their speaker say nothing about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from db.reports import NewSpeakers
from learner.arrays import BoolArray, Float64Array, Int64Array
from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.evaluation.intervals import DRAWS, LEVEL, SEED, Interval, recall_posterior

LEAST_SPEAKERS = 2
TIMES_FEWER = 4
"""The group has so many times fewer speakers than the project."""
_LIKELY_SPREAD = 0.15
"""The spread has a half-normal prior of this scale, in UA."""
_SPREADS = np.linspace(0.0, 0.45, 91)


@dataclass(frozen=True)
class Group:
    """Speakers whose accuracy is predicted: how many, and their clips together."""

    speakers: int
    clips: float


def new_speakers(tested: Slice, hit: BoolArray, pool: Pool, *, labels: int) -> NewSpeakers:
    """The accuracy on a group of new speakers, or why it is not known.

    Args:
        hit: which clips of the slice are predicted correctly by heads that never saw their speaker, [clips].
        labels: how many active labels there are.
    """
    here = pool.features.clip_ids[pool.ready]
    of_pool = pool.folds.groups(here)[_named(pool, here)]
    named = _named(pool, np.array(tested.clip_ids, dtype=np.int64))
    speakers = len(np.unique(tested.groups[named]))
    if not pool.folds.grouped or speakers < LEAST_SPEAKERS:
        return NewSpeakers(known=False, why=_why_not(pool, speakers, clips=len(named)))
    # A tested clip may have gone out of service since.
    in_project = max(len(np.unique(of_pool)), speakers)
    few = math.ceil(in_project / TIMES_FEWER)
    group = Group(few, clips=few * len(of_pool) / in_project)
    expected, spread = group_interval(tested.y, hit, tested.groups, named, group, labels=labels)
    return NewSpeakers(
        known=True,
        speakers=few,
        tested=speakers,
        ua=round(expected.value, 6),
        ua_low=round(expected.low, 6),
        ua_high=round(expected.high, 6),
        spread=round(spread, 4),
    )


def group_interval(
    y: Int64Array, hit: BoolArray, groups: Int64Array, named: BoolArray, group: Group, *, labels: int
) -> tuple[Interval, float]:
    """The UA to expect on a group of new speakers, and the spread between speakers.

    Args:
        y, hit, groups: label, whether it is predicted correctly, and speaker, of each clip.
        named: which of these clips have a known speaker; those of two at least.
    """
    right, clips = (np.bincount(y[chosen], minlength=labels) for chosen in (hit, np.ones(len(y), dtype=np.bool_)))
    hits, misses = recall_posterior(right, clips)
    recall = hits / (hits + misses)
    spread = _spread_draws(y[named], hit[named], groups[named], recall)
    rng = np.random.default_rng(SEED)
    ua = rng.beta(hits, misses, size=(DRAWS, labels)).mean(axis=1)
    ua += spread * rng.standard_normal(DRAWS) * math.sqrt(1 / _worth(groups[named]) + 1 / group.speakers)
    ua += rng.standard_normal(DRAWS) * _error_of(group, recall, clips)
    value = float((right[clips > 0] / clips[clips > 0]).mean())
    low, high = (float(bound) for bound in np.quantile(ua, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    return Interval(value, max(0.0, min(low, value)), min(1.0, max(high, value))), float(spread.mean())


def _named(pool: Pool, clip_ids: Int64Array) -> BoolArray:
    """Which of these clips have a known speaker."""
    names = pool.speakers.of_clips(clip_ids).tolist()
    return np.array([name is not None for name in names], dtype=np.bool_)


def _why_not(pool: Pool, speakers: int, *, clips: int) -> str:
    if not clips:
        return "the random slice has no labels yet"
    if not pool.folds.grouped:
        return "most clips have no known speaker, or there is only one speaker"
    return "the random slice has clips of one speaker only" if speakers else "the random slice has no clip of a known speaker"


def _worth(groups: Int64Array) -> float:
    """How many speakers with equally many clips estimate a mean as exactly as these."""
    sizes = np.unique(groups, return_counts=True)[1]
    return float(sizes.sum() ** 2 / np.square(sizes).sum())


def _error_of(group: Group, recall: Float64Array, clips: Int64Array) -> float:
    """Standard error of the UA on the group's clips, whose labels are distributed as those of the slice."""
    share = (clips + 1 / len(clips)) / (clips.sum() + 1)
    return float(np.sqrt((recall * (1 - recall) / np.maximum(group.clips * share, 1.0)).sum()) / len(clips))


def _spread_draws(y: Int64Array, hit: BoolArray, groups: Int64Array, recall: Float64Array) -> Float64Array:
    """Draws from the posterior of the spread, [DRAWS].

    A speaker's shift is the mean of hit minus expected recall over its clips, each weighted so that labels count the same. Its
    variance is that of the spread, and of the few clips; the latter shrinks as the spread grows, since both together can be no
    more than the variance of hits.
    """
    labels, (_, speaker) = len(recall), np.unique(groups, return_inverse=True)
    weight = (1 / np.maximum(np.bincount(y, minlength=labels), 1))[y]
    total = np.bincount(speaker, weights=weight)
    variance = recall * (1 - recall)
    shift = np.bincount(speaker, weights=weight * (hit - recall[y])) / total
    of_clips = np.bincount(speaker, weights=weight**2 * variance[y]) / total**2
    most = float(variance[y].mean())
    squared = np.square(_SPREADS[np.square(_SPREADS) < most])[:, None]
    # Rows are spreads, columns speakers. The mean of the shifts is integrated out.
    precision = 1 / (squared + of_clips * (1 - squared / most))
    mean = (precision @ shift) / precision.sum(axis=1)
    misfit = (precision * np.square(shift - mean[:, None])).sum(axis=1)
    log = 0.5 * (np.log(precision).sum(axis=1) - np.log(precision.sum(axis=1)) - misfit - squared[:, 0] / _LIKELY_SPREAD**2)
    likelihood = np.exp(log - log.max())
    draws: Float64Array = np.random.default_rng(SEED + 1).choice(
        np.sqrt(squared[:, 0]), p=likelihood / likelihood.sum(), size=DRAWS
    )
    return draws
