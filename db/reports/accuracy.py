"""How good the classifier is, label by label and clip by clip."""

from __future__ import annotations

from db.reports.base import Report


class LabelRecall(Report):
    """Recall of one label on the random slice, with its 95% interval."""

    recall: float | None
    """None if there are no clips of the label."""
    low: float
    high: float
    clips: int


class Confusion(Report):
    """Clips of the random slice by true label (rows) and predicted label (columns)."""

    labels: list[str] = []
    counts: list[list[int]] = []
    """Empty if there are no clips."""


class CalibrationBin(Report):
    """Clips of similar confidence: how often the prediction is right, with its 95% interval (Wilson)."""

    confidence: float
    accuracy: float
    low: float
    high: float
    clips: int


class Calibration(Report):
    """How well the classifier's confidence agrees with the share of right predictions."""

    clips: int
    ece_raw: float
    """Expected calibration error of the classifier as trained."""
    ece: float
    """The same after temperature scaling."""
    temperature: float
    """The temperature fitted on all folds together."""
    bins: list[CalibrationBin]
    """After temperature scaling."""


class PlainAccuracy(Report):
    """Accuracy without normalisation by speaker and without words, as for new audio."""

    ua: float
    ua_low: float
    ua_high: float
    wa: float


class NewSpeakers(Report):
    """The accuracy on a group of speakers who were never in the project, with a 95% prediction interval.

    The group is drawn like the speakers of the project, is a quarter as many, and has as many clips each; what the interval holds
    is the UA on all its clips together. Numbers are None where they are not known."""

    known: bool
    why: str | None = None
    """Why it is not known."""
    speakers: int | None = None
    """How many speakers the group has."""
    tested: int | None = None
    """Speakers of the random slice that this follows from."""
    ua: float | None = None
    """As measured on the random slice, by heads that never saw the speaker."""
    ua_low: float | None = None
    ua_high: float | None = None
    spread: float | None = None
    """Standard deviation between speakers, in UA."""


class ConfusedClip(Report):
    """A clip of the random slice as the classifier that never saw its speaker predicts it: ids of clip and labels."""

    clip: int
    label: int
    predicted: int
    confidence: float
    """Of the classifier as it is, which is what pages, exports and `earmark predict` show."""


class ThresholdPoint(Report):
    """What remains of the clips predicted as one label, if only predictions of at least this confidence are taken.

    The confidence is that of `ConfusedClip`. The interval is a 95% one."""

    threshold: float
    precision: float | None
    """Share of those that are right; None if none is left."""
    low: float
    high: float
    kept: float
    """Share of the clips predicted as this label that remains."""
    clips: int


class LabelShare(Report):
    """Share of the clips of the whole pool that have a label, with its 95% interval, estimated from the random slice."""

    share: float
    low: float
    high: float
    clips: int
    """Clips of the slice with this label."""


class WaitingFor(Report):
    """What keeps the random slice from growing: clips that are due and open, and answers that wait behind them."""

    open_clips: list[int] = []
    """Ids of the first clips without an answer, in the order of their random keys."""
    answered_behind: int = 0
    """Clips that are answered, lie among or behind these, and count as soon as these are answered."""
