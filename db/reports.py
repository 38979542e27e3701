"""What a run reports, as typed models; stored as JSON with the run, and shown by pages and commands.

The learner writes these, the app and the command line read them. A field that rows of earlier versions may lack has a default, so
older rows are read as they are; fields that this version does not know are ignored. Imports nothing of Earmark.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

VERSION = 1
"""Of what is written now; rows of before there were versions have 0."""


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LabelRecall(_Report):
    """Recall of one label on the random slice, with its 95% interval."""

    recall: float | None
    """None without clips of the label."""
    low: float
    high: float
    clips: int


class Confusion(_Report):
    """Clips of the random slice by true label (rows) and predicted label (columns)."""

    labels: list[str] = []
    counts: list[list[int]] = []
    """Empty without clips."""


class CalibrationBin(_Report):
    """Clips of similar confidence: how often the prediction is right, with its 95% interval (Wilson)."""

    confidence: float
    accuracy: float
    low: float
    high: float
    clips: int


class Calibration(_Report):
    """Whether confidence can be believed."""

    clips: int
    ece_raw: float
    """Expected calibration error as trained."""
    ece: float
    """The same after the temperature."""
    temperature: float
    """From all folds."""
    bins: list[CalibrationBin]
    """After the temperature."""


class PlainAccuracy(_Report):
    """Accuracy without normalisation by speaker, as for audio of unknown speakers."""

    ua: float
    ua_low: float
    ua_high: float
    wa: float


class ComparedPoint(_Report):
    """A point of a curve that Earmark's order is compared with."""

    labels: int
    examples_per_class: float
    smallest_class: int
    ua: float
    ua_low: float
    ua_high: float


class ComparedCurves(_Report):
    """Random labels on the same features, and random labels on hand-made ones."""

    random: list[ComparedPoint] = []
    logmel: list[ComparedPoint] = []


class DataSaved(_Report):
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


class DataSavedAgainst(_Report):
    """The comparison with each of `ComparedCurves`."""

    random: DataSaved | None = None
    logmel: DataSaved | None = None


class Horizon(_Report):
    """How far a forecast looks."""

    decisions: int
    all_left: bool
    """Whether so many decisions would answer every clip that is left."""
    clips: int | None = None
    """Clips without an answer."""


class AccuracyTarget(_Report):
    """How many more decisions an accuracy will take; None means more than the horizon."""

    ua: float
    decisions: int | None
    low: int | None
    high: int | None


class AccuracyAhead(_Report):
    """What so many more decisions are expected to bring."""

    decisions: int
    ua: float
    ua_low: float
    ua_high: float


class Forecast(_Report):
    """How the accuracy will grow with more labels."""

    known: bool
    why: str | None
    """Why it is not known."""
    level: float = 0.0
    """Of its intervals."""
    horizon: Horizon | None = None
    targets: list[AccuracyTarget] = []
    ahead: AccuracyAhead | None = None


class MoreClips(_Report):
    """How many more random clips make the interval of the accuracy as narrow as wanted."""

    wanted: float
    """Half the width."""
    half_width: float
    """Today's."""
    clips: int | None
    """0 if it is narrow enough, None if no number of clips will do."""
    enough_left: bool
    """Whether the pool has so many."""


class StopSign(_Report):
    """One of the signs that labelling can stop: met, not met, or not yet known (None)."""

    name: str
    met: bool | None
    why: str


class StopAdvice(_Report):
    """Whether to stop labelling; None where it is not yet known."""

    stop: bool | None
    why: str
    signs: list[StopSign] = []


class OutlookReport(_Report):
    """What a team lead can act on."""

    curves: ComparedCurves = ComparedCurves()
    data_saved: DataSavedAgainst = DataSavedAgainst()
    forecast: Forecast | None = None
    more_clips: MoreClips | None = None
    """None without an accuracy."""
    stop: StopAdvice | None = None


class DoubtedLabel(_Report):
    """A label that the classifier contradicts: ids of clip and label."""

    clip: int
    label: int


class RunReport(_Report):
    """Everything a run reports beside the accuracies, which have columns of their own."""

    version: int = 0
    per_label: dict[str, LabelRecall] = {}
    confusion: Confusion = Confusion()
    missing_labels: list[str] = []
    """Labels without clips in the random slice."""
    grouped: bool = True
    """Whether folds keep speakers whole."""
    folds: int = 0
    untrained: int = 0
    """Clips of the slice that no head could be trained for."""
    normalisation: str | None = None
    """Of the run's head: `none` or `speaker`."""
    normalisation_why: str = ""
    normalised_folds: int = 0
    """Folds of the evaluation that chose to normalise by speaker."""
    plain: PlainAccuracy | None = None
    calibration: Calibration | None = None
    """None with too few clips."""
    outlook: OutlookReport | None = None
    """Follows the scores in a transaction of its own."""
    suspects: list[DoubtedLabel] | None = None
    """Most suspicious first; None until they have been looked for."""
