"""What a run reports, as typed models; stored as JSON with the run, and shown by pages and commands.

The learner writes these; the app and the command line read them. Rows of earlier versions may lack fields: such fields have a
default, so that older rows can be read. Fields that this version does not know are ignored. Imports nothing from Earmark.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

VERSION = 1
"""Version of the reports that are written now; rows from before there were versions have 0."""


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LabelRecall(_Report):
    """Recall of one label on the random slice, with its 95% interval."""

    recall: float | None
    """None if there are no clips of the label."""
    low: float
    high: float
    clips: int


class Confusion(_Report):
    """Clips of the random slice by true label (rows) and predicted label (columns)."""

    labels: list[str] = []
    counts: list[list[int]] = []
    """Empty if there are no clips."""


class CalibrationBin(_Report):
    """Clips of similar confidence: how often the prediction is right, with its 95% interval (Wilson)."""

    confidence: float
    accuracy: float
    low: float
    high: float
    clips: int


class Calibration(_Report):
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
    """How far ahead a forecast reaches."""

    decisions: int
    all_left: bool
    """Whether this many decisions would answer every clip that is left."""
    clips: int | None = None
    """Clips without an answer."""


class AccuracyTarget(_Report):
    """How many more decisions it will take to reach an accuracy; None means more than the horizon."""

    ua: float
    decisions: int | None
    low: int | None
    high: int | None


class AccuracyAhead(_Report):
    """The accuracy that is expected after this many more decisions."""

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
    """Confidence level of its intervals."""
    horizon: Horizon | None = None
    targets: list[AccuracyTarget] = []
    ahead: AccuracyAhead | None = None
    course: list[AccuracyAhead] = []
    """The expected accuracy from now to the horizon, from which a goal of any height is answered as `targets` are."""


class MoreClips(_Report):
    """How many more random clips make the interval of the accuracy as narrow as wanted."""

    wanted: float
    """Half the width that is wanted."""
    half_width: float
    """Half the width today."""
    clips: int | None
    """0 if it is narrow enough, None if no number of clips will do."""
    enough_left: bool
    """Whether the pool has this many clips left."""


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
    """What helps a team lead decide whether to continue: comparisons, forecast and advice."""

    curves: ComparedCurves = ComparedCurves()
    data_saved: DataSavedAgainst = DataSavedAgainst()
    forecast: Forecast | None = None
    more_clips: MoreClips | None = None
    """None if there is no accuracy yet."""
    stop: StopAdvice | None = None


class ConfusedClip(_Report):
    """A clip of the random slice as the classifier that never saw its speaker predicts it: ids of clip and labels."""

    clip: int
    label: int
    predicted: int
    confidence: float


class ThresholdPoint(_Report):
    """What remains of the clips predicted as one label, if only predictions of at least this confidence are taken."""

    threshold: float
    precision: float | None
    """Share of those that are right; None if none is left."""
    low: float
    high: float
    kept: float
    """Share of the clips predicted as this label that remains."""
    clips: int


class LabelShare(_Report):
    """Share of the clips of the whole pool that have a label, estimated from the random slice."""

    share: float
    low: float
    high: float
    clips: int
    """Clips of the slice with this label."""


class WaitingFor(_Report):
    """What keeps the random slice from growing: clips that are due and open, and answers that wait behind them."""

    open_clips: list[int] = []
    """Ids of the first clips without an answer, in the order of their random keys."""
    answered_behind: int = 0
    """Clips behind the first of these that are answered, and count as soon as it is."""


class DriftPoint(_Report):
    """One annotator's reliability over a stretch of answers in the order they were given."""

    first_at: float
    last_at: float
    reliability: float
    low: float
    high: float
    clips: int


class AnnotatorQuality(_Report):
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


class AnnotatorPair(_Report):
    """Agreement of two annotators (ids) on the clips that both labelled."""

    first: int
    second: int
    clips: int
    agreement: float
    kappa: float | None


class TeamReport(_Report):
    """How the annotators agree with each other and with known answers."""

    annotators: list[AnnotatorQuality] = []
    pairs: list[AnnotatorPair] = []
    alpha: float | None = None
    """Krippendorff's alpha of all annotators; None if too few clips have several answers."""
    alpha_low: float | None = None
    alpha_high: float | None = None
    clips: int = 0
    """Clips with answers of several annotators."""


class DoubtedLabel(_Report):
    """A label that the classifier contradicts: ids of clip and label."""

    clip: int
    label: int


class RunReport(_Report):
    """Everything that a run reports except the accuracies, which have their own columns."""

    version: int = 0
    per_label: dict[str, LabelRecall] = {}
    confusion: Confusion = Confusion()
    missing_labels: list[str] = []
    """Labels without clips in the random slice."""
    grouped: bool = True
    """Whether all clips of a speaker are in the same fold."""
    folds: int = 0
    untrained: int = 0
    """Clips of the slice that no head could be trained for."""
    normalisation: str | None = None
    """Normalisation that the run's head uses: `none` or `speaker`."""
    normalisation_why: str = ""
    normalised_folds: int = 0
    """Folds of the evaluation that chose to normalise by speaker."""
    plain: PlainAccuracy | None = None
    calibration: Calibration | None = None
    """None if there are too few clips."""
    outlook: OutlookReport | None = None
    """Written after the scores, in a separate transaction."""
    suspects: list[DoubtedLabel] | None = None
    """Labels that are probably wrong, most suspicious first; None until the learner has searched for them."""
    tested: list[ConfusedClip] = []
    """The clips of the random slice behind `confusion`."""
    thresholds: dict[str, list[ThresholdPoint]] = {}
    """By label, for rising thresholds."""
    shares: dict[str, LabelShare] = {}
    waiting: WaitingFor | None = None
    team: TeamReport | None = None
    """None until the learner has compared the annotators."""
