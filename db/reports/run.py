"""Everything that one run reports."""

from __future__ import annotations

from db.reports.accuracy import (
    Calibration,
    ConfusedClip,
    Confusion,
    LabelRecall,
    LabelShare,
    NewSpeakers,
    PlainAccuracy,
    ThresholdPoint,
    WaitingFor,
)
from db.reports.base import Report
from db.reports.outlook import OutlookReport
from db.reports.team import DoubtedLabel, TeamReport


class RunReport(Report):
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
    words: bool = False
    """Whether the run's head uses words beside sound."""
    words_why: str = ""
    """Empty where the project has no vectors of words."""
    worded_folds: int = 0
    """Folds of the evaluation that chose to use words."""
    plain: PlainAccuracy | None = None
    sound: PlainAccuracy | None = None
    """Accuracy without words, where folds of the evaluation chose to use them."""
    new_speakers: NewSpeakers | None = None
    """None in runs of earlier versions."""
    calibration: Calibration | None = None
    """None if there are too few clips."""
    outlook: OutlookReport | None = None
    """Written after the scores, in a separate transaction."""
    suspects: list[DoubtedLabel] | None = None
    """Labels that are probably wrong, most suspicious first; None until the learner has searched for them."""
    examples: dict[str, int] = {}
    """Clips by consensus label, of those the run learned from."""
    tested: list[ConfusedClip] = []
    """The clips of the random slice behind `confusion`: at most some 2,000, first errors, most confident first."""
    thresholds: dict[str, list[ThresholdPoint]] = {}
    """By label, for rising thresholds; up to the first that keeps nothing. Labels that nothing is predicted as are not there."""
    shares: dict[str, LabelShare] = {}
    waiting: WaitingFor | None = None
    team: TeamReport | None = None
    """None until the learner has compared the annotators."""
