"""How often the learner's estimates and forecasts are true, checked on simulated projects, whose labels are all known.

The true accuracy is the UA of the same cross-fitted heads over all clips of the project with their true labels. A forecast is
compared with the number of further decisions that it took, in the same project labelled on, until the UA on the slice of that
moment, which is what a curve shows, reached the accuracy and stayed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import optimize

from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable
from learner.evaluation.cross_fitting import FoldHeads
from learner.evaluation.curve import thinned, traced_curve
from learner.evaluation.intervals import SpeakerResamples
from learner.outlook.outlook import Scored, fitted_laws, forecast_report
from learner.simulation.replay import Annotating, Stage, replay
from learner.simulation.simulated_project import SimulatedProject

MOST_POINTS = 10
"""Points of a curve: each costs a training for every fold."""
LATER_POINTS = 6


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
    silent: bool = False
    """Whether nothing was forecast."""
    forecasts: list[Forecast] = field(default_factory=list)
    ahead: AheadCheck | None = None

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


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
    heads = FoldHeads(project.pool, C=how.head_c)
    everything = Slice.of(project.pool, project.in_key_order, project.truth, project.label_ids)
    for answers in wanted:
        here = next((row for row, stage in enumerate(stages) if stage.answers >= answers), None)
        if here is not None and stages[here].slice_clips:
            yield _check(project, heads, everything, stages[: here + 1], stages if forecasts else None)


def _check(
    project: SimulatedProject,
    heads: FoldHeads,
    everything: Slice,
    stages: Sequence[Stage],
    later: Sequence[Stage] | None,
) -> Check:
    now, label_ids = stages[-1], project.label_ids
    labels = trainable(project.pool, now.live, label_ids)
    tested = Slice.of(project.pool, now.slice_clips, labels, label_ids)
    # Run after run in the same project; of many, a few from the first on.
    past = [stage.answers for stage in stages] if later is not None else [now.answers]
    prefixes = thinned([(answers, answers) for answers in past], most=MOST_POINTS)
    traced = traced_curve(heads, tested, now.live, prefixes, label_ids, progress=_silent)
    true = traced_curve(heads, everything, now.live, [now.answers], label_ids, progress=_silent)
    assert traced.newest is not None
    assert true.newest is not None
    shown = traced.newest.ua
    check = Check(
        share=now.answers / len(project.in_key_order),
        slice_clips=len(tested.y),
        ua=shown.value,
        low=shown.low,
        high=shown.high,
        truth=true.newest.ua.value,
        unseen=project.held_out.ua(now.heads.used.head, label_ids) if len(project.held_out.label_of) else float("nan"),
    )
    if later is None:
        return check
    scored = Scored(project.pool, now.live, label_ids, [str(label) for label in label_ids], tested, labels, traced)
    laws = fitted_laws(traced, tested, SpeakerResamples(tested.groups), labels=len(label_ids))
    left = len(project.in_key_order) - now.answers
    report = forecast_report(scored, laws, left=left)
    if not report.known:
        return replace(check, silent=True)
    curve = [(now.answers, shown.value), *_curve_ahead(project, heads, tested, later, after=now.answers)]
    answers, seen = zip(*curve, strict=True)
    assert report.ahead is not None
    assert report.horizon is not None
    ahead, most = report.ahead, report.horizon.decisions
    was = float(np.interp(now.answers + ahead.decisions, answers, seen))
    return replace(
        check,
        ahead=AheadCheck(ahead.ua_low, ahead.ua_high, was),
        forecasts=[Forecast(**target.model_dump(), took=_took(curve, target.ua), most=most) for target in report.targets],
    )


def _curve_ahead(
    project: SimulatedProject, heads: FoldHeads, tested: Slice, stages: Sequence[Stage], *, after: int
) -> list[tuple[int, float]]:
    """Answers and UA on the slice of some stages after that many answers, the last one included."""
    last = stages[-1]
    answers = [stage.answers for stage in stages if stage.answers > after]
    sizes = np.linspace(after, last.answers, LATER_POINTS + 1)[1:]
    prefixes = sorted({min(answers, key=lambda known: abs(known - size)) for size in sizes.tolist()}) if answers else []
    traced = traced_curve(heads, tested, last.live, prefixes, project.label_ids, progress=_silent)
    return [(point.decisions, point.ua) for point in traced.points if point.ua is not None]


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


def _silent(_done: int, _total: int) -> None:
    """Reports no progress, since nobody is waiting."""
