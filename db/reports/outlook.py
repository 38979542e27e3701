"""What helps a team lead decide whether to go on: comparisons, forecast and advice."""

from __future__ import annotations

from collections.abc import Sequence

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
    """How the accuracy will grow with more labels. `course` is the forecast; everything else follows from it."""

    known: bool
    why: str | None
    """Why it is not known."""
    level: float = 0.0
    """Confidence level of its intervals."""
    horizon: Horizon | None = None
    targets: list[AccuracyTarget] = []
    ahead: AccuracyAhead | None = None
    course: list[AccuracyAhead] = []
    """The expected accuracy from now (0 decisions) to the horizon; neither it nor its bounds ever fall.

    The first one is where the curve stands today: the level of the law that is fitted to all its points, which the newest
    measured accuracy is off by chance. Rows of earlier versions have no course."""
    measured: float | None = None
    """The accuracy that was measured with this run."""

    @property
    def now(self) -> float | None:
        """The accuracy where the curve stands today; None without a course."""
        return self.course[0].ua if self.course else None

    def at(self, decisions: float) -> AccuracyAhead | None:
        """The accuracy that is expected after this many more decisions, which are at most those of the horizon; None without a
        course."""
        if not self.course:
            return None
        places = [point.decisions for point in self.course]
        curves = ([point.ua for point in self.course], [point.ua_low for point in self.course])
        ua, low = (_between(places, values, decisions) for values in curves)
        high = _between(places, [point.ua_high for point in self.course], decisions)
        return AccuracyAhead(decisions=round(decisions), ua=round(ua, 4), ua_low=round(low, 4), ua_high=round(high, 4))

    def to_reach(self, ua: float) -> AccuracyTarget:
        """How many more decisions an accuracy will take: those after which the course reaches it.

        The fewest are those after which its upper bound reaches it, and the most those after which its lower bound does.
        """
        return AccuracyTarget(
            ua=ua,
            decisions=self._first([point.ua for point in self.course], ua),
            low=self._first([point.ua_high for point in self.course], ua),
            high=self._first([point.ua_low for point in self.course], ua),
        )

    def _first(self, values: Sequence[float], ua: float) -> int | None:
        after = next((place for place, value in enumerate(values) if value >= ua), None)
        if not after:
            return after
        start, end = self.course[after - 1].decisions, self.course[after].decisions
        share = (ua - values[after - 1]) / (values[after] - values[after - 1])
        return max(1, round(start + share * (end - start)))


def _between(places: Sequence[int], values: Sequence[float], place: float) -> float:
    """The value at a place, linear between the places, which ascend."""
    after = next((number for number, each in enumerate(places) if each >= place), len(places) - 1)
    if not after or places[after] <= place:
        return values[after]
    share = (place - places[after - 1]) / (places[after] - places[after - 1])
    return values[after - 1] + share * (values[after] - values[after - 1])


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
