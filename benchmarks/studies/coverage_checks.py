"""How often the learner's estimates and forecasts are true, checked on simulated projects, whose labels are all known.

The true accuracy is the UA of the same cross-fitted heads over all clips of the project with their true labels. A forecast is
compared with the number of further decisions that it took, in the same project labelled on, until the UA on the slice of that
moment, which is what a curve shows, reached the accuracy and stayed there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import optimize

from learner.arrays import Int64Array
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.accuracy import accuracy
from learner.evaluation.cross_fitting import FoldHeads, cross_fitted
from learner.evaluation.curve import Traced, thinned
from learner.evaluation.intervals import SpeakerResamples
from learner.evaluation.new_speakers import new_speakers
from learner.outlook.outlook import Scored, fitted_laws, forecast_report
from learner.simulation.replay import Annotating, Stage, replay
from learner.simulation.simulated_project import SimulatedProject

MOST_POINTS = 10
"""Points of a curve."""


@dataclass(frozen=True)
class Forecast:
    """A forecast of further decisions, and how many it took; None stands for more than were looked at."""

    ua: float
    decisions: int | None
    low: int | None
    high: int | None
    took: float
    """inf where even all clips were not enough."""
    most: int
    """Largest number of decisions that the forecast considered."""

    @property
    def held(self) -> bool:
        """Whether the interval holds what it took."""
        if self.took > self.most:
            return self.high is None
        return self.low is not None and self.low <= self.took and (self.high is None or self.took <= self.high)


@dataclass(frozen=True)
class AheadCheck:
    """The accuracy that was forecast for some decisions ahead, and the accuracy there was then."""

    low: float
    high: float
    was: float

    @property
    def held(self) -> bool:
        """Whether the interval holds it, with a tolerance of half a thousandth: figures are shown with fewer digits."""
        return self.low - 5e-4 <= self.was <= self.high + 5e-4


@dataclass(frozen=True)
class Check:
    """The estimates at one moment of one project, and the truth."""

    share: float
    """Share of the pool's clips that were labelled."""
    slice_clips: int
    ua: float
    low: float
    high: float
    truth: float
    unseen: float
    """UA of the run's head on clips of speakers who are not in the project; nan where none are held out."""
    new_low: float = math.nan
    new_high: float = math.nan
    """The interval for new speakers; nan where it is not known."""
    silent: bool = False
    """Whether nothing was forecast."""
    forecasts: list[Forecast] = field(default_factory=list)
    ahead: AheadCheck | None = None

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high

    @property
    def new_covered(self) -> bool | None:
        """Whether the interval for new speakers holds their accuracy; None where either is not known."""
        return None if math.isnan(self.unseen + self.new_low) else self.new_low <= self.unseen <= self.new_high


def check_of(kept: Mapping[str, Any]) -> Check:
    """The check that `dataclasses.asdict` was made of; raises KeyError or TypeError where it was another object."""
    ahead, forecasts = kept["ahead"], [Forecast(**each) for each in kept["forecasts"]]
    return Check(**{**kept, "forecasts": forecasts, "ahead": None if ahead is None else AheadCheck(**ahead)})


def checks_of(
    project: SimulatedProject, how: Annotating, *, seed: int, shares: Sequence[float], forecasts: bool = False
) -> Iterator[Check]:
    """The project labelled as `how` describes, checked when these shares of its clips have labels.

    Args:
        seed: for everything that the replay draws at random.
        shares: ascending, from 0 to 1; moments at which the random slice is empty are left out.
        forecasts: check them too, which takes labelling all clips and far more time.
    """
    clips = len(project.in_key_order)
    wanted = [round(share * clips) for share in shares]
    stages = []
    for stage in replay(project, how, seed=seed):
        stages.append(stage)
        if not forecasts and stage.answers >= wanted[-1]:
            break
    scores = _Scores(project, stages, C=how.head_c)
    for answers in wanted:
        here = next((row for row, stage in enumerate(stages) if stage.answers >= answers), None)
        if here is not None and stages[here].slice_clips:
            yield _check(project, scores, here, forecasts=forecasts)


class _Scores:
    """What the cross-fitted heads of each stage predict for all clips of the project, computed once.

    A clip is predicted in the same way whatever else is tested; so a curve on any slice can be read from it.
    """

    def __init__(self, project: SimulatedProject, stages: Sequence[Stage], *, C: float) -> None:
        self.stages = stages
        self.everything = Slice.of(project.pool, project.in_key_order, project.truth, project.label_ids)
        self._project = project
        self._heads = FoldHeads(project.pool, C=C)
        self._predicted: dict[int, tuple[int, Int64Array]] = {}
        self._place = {clip: place for place, clip in enumerate(self.everything.clip_ids)}

    def traced(self, tested: Slice, rows: Sequence[int]) -> Traced:
        """The curve through these stages, ascending, on a slice; its points are left out."""
        places = [self._place[clip] for clip in tested.clip_ids]
        labels, predicted = zip(*(self._of(row) for row in rows), strict=True)
        hits = np.stack([found[places] == tested.y for found in predicted])
        resamples = SpeakerResamples(tested.groups)
        newest = accuracy(tested, predicted[-1][places], resamples, labels=len(self._project.label_ids))
        return Traced([], list(labels), hits, newest)

    def ua(self, tested: Slice, row: int) -> float:
        """UA at one stage on a slice."""
        newest = self.traced(tested, [row]).newest
        assert newest is not None
        return newest.ua.value

    def _of(self, row: int) -> tuple[int, Int64Array]:
        """Clips that are learned from, and predicted label positions of all clips."""
        if row not in self._predicted:
            labels = trainable(self._project.pool, self.stages[row].live, self._project.label_ids)
            found = cross_fitted(self._heads, self.everything, labels, self._project.label_ids, after_each=_silent)
            self._predicted[row] = len(labels), found
            self._heads.forget_unused()
        return self._predicted[row]


def _check(project: SimulatedProject, scores: _Scores, here: int, *, forecasts: bool) -> Check:
    now, label_ids = scores.stages[here], project.label_ids
    labels = trainable(project.pool, now.live, label_ids)
    tested = Slice.of(project.pool, now.slice_clips, labels, label_ids)
    # Run after run in the same project; of many, a few from the first on.
    answers = [stage.answers for stage in scores.stages[: here + 1]]
    past = thinned([(row, known) for row, known in enumerate(answers)], most=MOST_POINTS) if forecasts else [here]
    traced = scores.traced(tested, past)
    assert traced.newest is not None
    shown, new = traced.newest.ua, new_speakers(tested, traced.hits[-1], project.pool, labels=len(label_ids))
    check = Check(
        share=now.answers / len(project.in_key_order),
        slice_clips=len(tested.y),
        ua=shown.value,
        low=shown.low,
        high=shown.high,
        truth=scores.ua(scores.everything, here),
        unseen=project.held_out.ua(now.heads.used.head, label_ids) if len(project.held_out.label_of) else math.nan,
        new_low=math.nan if new.ua_low is None else new.ua_low,
        new_high=math.nan if new.ua_high is None else new.ua_high,
    )
    if not forecasts:
        return check
    scored = Scored(project.pool, now.live, label_ids, [str(label) for label in label_ids], tested, labels, traced)
    laws = fitted_laws(traced, tested, SpeakerResamples(tested.groups), labels=len(label_ids))
    report = forecast_report(scored, laws, left=len(project.in_key_order) - now.answers)
    if not report.known:
        return replace(check, silent=True)
    curve = [(scores.stages[row].answers, scores.ua(tested, row)) for row in range(here, len(scores.stages))]
    seen_at, seen = zip(*curve, strict=True)
    assert report.ahead is not None
    assert report.horizon is not None
    ahead, most = report.ahead, report.horizon.decisions
    was = float(np.interp(now.answers + ahead.decisions, seen_at, seen))
    return replace(
        check,
        ahead=AheadCheck(ahead.ua_low, ahead.ua_high, was),
        forecasts=[Forecast(**target.model_dump(), took=_took(curve, target.ua), most=most) for target in report.targets],
    )


def _took(ahead: Sequence[tuple[int, float]], ua: float) -> float:
    """Decisions from the first of these points until the curve, made monotonic, reaches an accuracy."""
    answers = np.array([answers for answers, _ in ahead], dtype=np.float64)
    rising = optimize.isotonic_regression([true for _, true in ahead]).x
    after = int(np.searchsorted(rising, ua))
    if after == 0:
        return 0.0
    if after == len(rising):
        return float("inf")
    share = (ua - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(answers[after - 1] + share * (answers[after] - answers[after - 1]) - answers[0])


def _silent() -> None:
    """Reports no progress, since nobody is waiting."""
