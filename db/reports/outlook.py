"""What helps a team lead decide whether to go on: comparisons, forecast and advice."""

from __future__ import annotations

from db.reports.base import Report


class ComparedPoint(Report):
    """A point of a curve that Earmark's order is compared with."""

    labels: int
    examples_per_class: float
    smallest_class: int
    ua: float
    ua_low: float
    ua_high: float


class ComparedCurves(Report):
    """Random labels on the same features, and random labels on hand-made ones."""

    random: list[ComparedPoint] = []
    logmel: list[ComparedPoint] = []


class DataSaved(Report):
    """How many times fewer labels Earmark's order took than another way of labelling; numbers are None where it is not known."""

    known: bool
    why: str | None
    """Why it is not known."""
    times: float | None = None
    low: float | None = None
    high: float | None = None
    ua: float | None = None
    """The accuracy that both reached."""
    ours: float | None = None
    """Labels that it took in Earmark's order."""
    theirs: float | None = None


class DataSavedAgainst(Report):
    """The comparison with each of `ComparedCurves`."""

    random: DataSaved | None = None
    logmel: DataSaved | None = None


class Horizon(Report):
    """How far ahead a forecast reaches."""

    decisions: int
    all_left: bool
    """Whether this many decisions would answer every clip that is left."""
    clips: int | None = None
    """Clips without an answer."""


class AccuracyTarget(Report):
    """How many more decisions it will take to reach an accuracy; None means more than the horizon."""

    ua: float
    decisions: int | None
    low: int | None
    high: int | None


class AccuracyAhead(Report):
    """The accuracy that is expected after this many more decisions."""

    decisions: int
    ua: float
    ua_low: float
    ua_high: float


class Forecast(Report):
    """How the accuracy will grow with more labels."""

    known: bool
    why: str | None
    """Why it is not known."""
    level: float = 0.0
    """Confidence level of its intervals."""
    horizon: Horizon | None = None
    targets: list[AccuracyTarget] = []
    ahead: AccuracyAhead | None = None
    course: list[AccuracyAhead] = []
    """The expected accuracy from now to the horizon, from which a goal of any height is answered as `targets` are."""


class MoreClips(Report):
    """How many more random clips make the interval of the accuracy as narrow as wanted."""

    wanted: float
    """Half the width that is wanted."""
    half_width: float
    """Half the width today."""
    clips: int | None
    """0 if it is narrow enough, None if no number of clips will do."""
    enough_left: bool
    """Whether the pool has this many clips left."""


class StopSign(Report):
    """One of the signs that labelling can stop: met, not met, or not yet known (None)."""

    name: str
    met: bool | None
    why: str


class StopAdvice(Report):
    """Whether to stop labelling; None where it is not yet known."""

    stop: bool | None
    why: str
    signs: list[StopSign] = []


class OutlookReport(Report):
    """What helps a team lead decide whether to continue: comparisons, forecast and advice."""

    curves: ComparedCurves = ComparedCurves()
    data_saved: DataSavedAgainst = DataSavedAgainst()
    forecast: Forecast | None = None
    more_clips: MoreClips | None = None
    """None if there is no accuracy yet."""
    stop: StopAdvice | None = None
