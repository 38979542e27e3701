"""How reliable answers are: of each annotator, of pairs, and label by label."""

from __future__ import annotations

from db.reports.base import Report


class DriftPoint(Report):
    """One annotator's reliability over a stretch of answers in the order they were given."""

    first_at: float
    last_at: float
    reliability: float
    low: float
    high: float
    clips: int


class AnnotatorQuality(Report):
    """How reliable one annotator's answers are."""

    annotator: int
    """Id."""
    answers: int
    reliability: float | None
    """Probability that a label of this annotator is the clip's true label; None if it cannot be estimated yet."""
    low: float
    high: float
    clips: int
    """Clips that the estimate rests on."""
    measured_on: str
    """`gold`, `other annotators` or `nothing`."""
    drift: list[DriftPoint] = []


class AnnotatorPair(Report):
    """Agreement of two annotators (ids) on the clips that both labelled."""

    first: int
    second: int
    clips: int
    agreement: float
    kappa: float | None


class TeamReport(Report):
    """How the annotators agree with each other and with known answers."""

    annotators: list[AnnotatorQuality] = []
    pairs: list[AnnotatorPair] = []
    alpha: float | None = None
    """Krippendorff's alpha of all annotators; None if too few clips have several answers."""
    alpha_low: float | None = None
    alpha_high: float | None = None
    clips: int = 0
    """Clips with answers of several annotators."""


class DoubtedLabel(Report):
    """A label that the classifier contradicts: ids of clip and label."""

    clip: int
    label: int
    likely: int | None = None
    """Id of the label that the classifier finds likeliest."""
    score: float | None = None
    """Probability of the given label by a classifier that was trained without the clip."""
