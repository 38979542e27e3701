"""What a team lead can act on, computed when a run has its scores: what random labelling and hand-made features would have
given, how much data Earmark's order saves, how many more labels an accuracy will take, and whether to stop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.decisions.log import LiveDecision
from db.reports import (
    AccuracyAhead,
    ComparedCurves,
    DataSaved,
    DataSavedAgainst,
    Forecast,
    Horizon,
    MoreClips,
    OutlookReport,
    StopAdvice,
)
from learner.dataset.pool import Pool
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.cross_fitting import FoldHeads
from learner.evaluation.curve import Traced
from learner.evaluation.intervals import SpeakerResamples
from learner.outlook.data_saved import Measured, data_saved, unknown
from learner.outlook.forecast import FARTHEST, LEVEL, Course, Laws, course_of, worth_of
from learner.outlook.handmade_baseline import HandmadeBaseline
from learner.outlook.random_clips_needed import more_random_clips
from learner.outlook.random_curve import RandomCurve, random_curve
from learner.outlook.stability import successive_kappas
from learner.outlook.stopping import AHEAD, flat_sign, rare_sign, stable_sign, stop_advice
from learner.progress import Progress

LEAST_CLIPS = 20
"""Clips of the slice; with fewer, nothing is forecast."""
TARGET_STEPS, LEAST_AHEAD, TARGETS = (0.05, 0.02, 0.01), 0.01, 3
"""Accuracies to forecast: the next multiples of a step, at least so far ahead, and so many of them."""
LEAST_WITHIN_REACH = 2
"""So many of them are expected to be reached, unless even the shortest step leads to fewer."""


@dataclass(frozen=True)
class Scored:
    """A run's evaluation, as far as the outlook needs it."""

    pool: Pool
    live: Sequence[LiveDecision]
    label_ids: Sequence[int]
    label_names: Sequence[str]
    tested: Slice
    slice_labels: dict[int, int]
    """Label id by clip id to test with."""
    traced: Traced


class Outlook:
    """Keeps the heads of the comparisons from one run to the next."""

    def __init__(self, baseline: HandmadeBaseline, *, C: float) -> None:
        self._baseline = baseline
        self._C = C
        self._heads: dict[str, FoldHeads] = {}

    def of(self, scored: Scored, *, progress: Progress) -> OutlookReport:
        """What follows from these scores.

        Args:
            progress: see `learner.progress.Progress`.
        """
        labels = trainable(scored.pool, scored.live, scored.label_ids)
        by_chance = random_curve(
            self._heads_for("random", scored.pool), scored.tested, labels, scored.label_ids, progress=progress
        )
        handmade, on_handmade = self._handmade(scored, progress)
        resamples = SpeakerResamples(scored.tested.groups)
        laws = fitted_laws(scored.traced, scored.tested, resamples, labels=len(scored.label_ids))
        answered = frozenset(decision.clip_id for decision in scored.live)
        left = _unanswered(scored.pool, answered)
        forecast = forecast_report(scored, laws, left=left)
        return OutlookReport(
            curves=ComparedCurves(random=by_chance.points, logmel=[] if handmade is None else handmade.points),
            data_saved=DataSavedAgainst(
                random=_saved(scored, by_chance, scored.tested), logmel=_saved(scored, handmade, on_handmade)
            ),
            forecast=forecast,
            more_clips=_more_clips(scored, resamples),
            stop=self._stop(scored, (laws, forecast), answered, left, progress),
        )

    def _heads_for(self, name: str, pool: Pool) -> FoldHeads:
        kept = self._heads.get(name)
        if kept is None or kept.pool is not pool:
            kept = self._heads[name] = FoldHeads(pool, C=self._C)
        return kept

    def _handmade(self, scored: Scored, progress: Progress) -> tuple[RandomCurve | None, Slice | None]:
        """The curve of hand-made features and its slice. Without a slice there is nothing to compare."""
        if not len(scored.tested.y):
            return None, None
        pool = self._baseline.pool_beside(scored.pool, progress=progress)
        if pool is None:
            return None, None
        tested = Slice.of(pool, scored.tested.clip_ids, scored.slice_labels, scored.label_ids)
        labels = trainable(pool, scored.live, scored.label_ids)
        return random_curve(self._heads_for("logmel", pool), tested, labels, scored.label_ids, progress=progress), tested

    def _stop(
        self,
        scored: Scored,
        expected: tuple[Laws | None, Forecast],
        answered: frozenset[int],
        left: int,
        progress: Progress,
    ) -> StopAdvice:
        heads = self._heads_for("stability", scored.pool)
        kappas = successive_kappas(heads, scored.live, scored.label_ids, answered=answered, progress=progress)
        by_age = sorted(scored.live, key=lambda decision: decision.since)
        in_order = [decision.label_id for decision in by_age if decision.label_id in scored.label_ids]
        rare = rare_sign([label for label in in_order if label is not None], scored.label_ids, scored.label_names)
        return stop_advice([flat_sign(*expected), stable_sign(kappas), rare], left=left)


def _unanswered(pool: Pool, answered: frozenset[int]) -> int:
    """Clips in service without an answer, whether they have features or not."""
    clips = np.fromiter(answered, dtype=np.int64, count=len(answered))
    with_answer = int((pool.ready & np.isin(pool.features.clip_ids, clips)).sum())
    return max(pool.in_service - with_answer - int((~pool.features.has(clips)).sum()), 0)


def fitted_laws(traced: Traced, tested: Slice, resamples: SpeakerResamples, *, labels: int) -> Laws | None:
    """The laws of the curve so far, on today's slice; None with too short a curve, too few clips or too few speakers.

    Only the growth of each resample counts; its last point is moved to the measured level. How certain that level is, is reported
    beside the accuracy; here it would hide the effect of more labels.
    """
    if len(tested.y) < LEAST_CLIPS or traced.newest is None:
        return None
    draws = [resamples.draws(tested.y, hit, labels=labels) for hit in traced.hits]
    known = [draw for draw in draws if draw is not None]
    if not known:
        return None
    curves = np.stack(known)
    return Laws.fitted(traced.labels, curves - curves[-1] + traced.newest.ua.value, clips=worth_of(traced.newest.clips))


def forecast_report(scored: Scored, laws: Laws | None, *, left: int) -> Forecast:
    """How many more decisions the next accuracies will take, and what a quarter more labels will bring.

    Args:
        left: clips that nobody has answered.
    """
    newest = scored.traced.newest
    if laws is None or newest is None:
        clips = len(scored.tested.y)
        few = f"the random slice has {clips} of {LEAST_CLIPS} necessary clips"
        return Forecast(
            known=False, why=few if clips < LEAST_CLIPS else "the curve is too short, or has too few speakers", level=LEVEL
        )
    # Some answers are no labels, and some clips have several answers.
    a_label = len(scored.live) / max(laws.today, 1)
    clips_a_label = len({decision.clip_id for decision in scored.live}) / max(laws.today, 1)
    all_left = int(left / clips_a_label)
    most = min(all_left, int((FARTHEST - 1) * laws.today))
    if most < 1:
        return Forecast(known=False, why="hardly any clips are left" if left else "no clips are left", level=LEVEL)
    decisions = round(left * a_label / clips_a_label if most >= all_left else most * a_label)
    more = max(min(round(laws.today * (AHEAD - 1)), most), 1)
    course = course_of(laws, most=most, at=more)
    forecast = Forecast(
        known=True,
        why=None,
        level=LEVEL,
        horizon=Horizon(decisions=decisions, all_left=most >= all_left, clips=left),
        course=_points(course, decisions_a_label=decisions / most),
        measured=newest.ua.value,
    )
    reach = forecast.course[-1].ua
    reached = [forecast.to_reach(ua) for ua in targets(max(newest.ua.value, forecast.now or 0.0), reach=reach)]
    return forecast.model_copy(update={"targets": reached, "ahead": forecast.at(round(more * decisions / most))})


def _points(course: Course, *, decisions_a_label: float) -> list[AccuracyAhead]:
    """One for each number of decisions."""
    rows = zip(course.more, course.middle, course.low, course.high, strict=True)
    points = {
        round(more * decisions_a_label): AccuracyAhead(
            decisions=round(more * decisions_a_label), ua=round(ua, 4), ua_low=round(low, 4), ua_high=round(high, 4)
        )
        for more, ua, low, high in ((float(value) for value in row) for row in rows)
    }
    return list(points.values())


def targets(now: float, *, reach: float | None = None) -> list[float]:
    """Accuracies to forecast: the next round ones below 1, and of those beyond reach only the nearest.

    The widest step is taken that leads to enough accuracies within reach: a curve that rises slowly, or has few clips left, is
    asked about nearer accuracies, since "most likely more than are left" helps nobody.

    Args:
        reach: the accuracy that is expected with all decisions that the forecast considers; none sets no limit.
    """
    for step in TARGET_STEPS:
        # Rounded, since .15 / .05 is a little more than 3.
        first = math.ceil(round((now + LEAST_AHEAD) / step, 6))
        found = [round(number * step, 2) for number in range(first, first + TARGETS) if number * step < 0.999]
        if reach is None:
            return found
        within = sum(ua <= reach for ua in found)
        if within >= LEAST_WITHIN_REACH:
            break
    return found[: within + 1]


def _saved(scored: Scored, theirs: RandomCurve | None, tested: Slice | None) -> DataSaved:
    """Data saved against one of the curves, on the clips that both were scored on."""
    if theirs is None and len(scored.tested.y):
        return unknown("hand-made features could not be computed yet")
    if theirs is None or tested is None:
        theirs, tested = RandomCurve([], np.zeros((0, 0), dtype=np.bool_), []), Slice.of(scored.pool, [], {}, [])
    both = np.isin(scored.tested.clip_ids, tested.clip_ids) if len(scored.tested.y) else np.zeros(0, dtype=np.bool_)
    ours = Measured(scored.traced.labels, scored.traced.hits[:, both])
    return data_saved(
        ours,
        Measured(theirs.labels, theirs.hits),
        tested.y,
        SpeakerResamples(tested.groups),
        labels=len(scored.label_ids),
    )


def _more_clips(scored: Scored, resamples: SpeakerResamples) -> MoreClips | None:
    newest, tested = scored.traced.newest, scored.tested
    if newest is None:
        return None
    half_width = resamples.half_width(tested.y, scored.traced.hits[-1], labels=len(scored.label_ids))
    left = max(scored.pool.in_service - len(tested.y), 0)
    return more_random_clips(newest, speakers_half_width=half_width, slice_clips=len(tested.y), left=left)
