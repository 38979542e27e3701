"""What a run reports, as typed models; stored as JSON with the run, and shown by pages and commands.

The learner writes these; the app and the command line read them. Rows of earlier versions may lack fields: such fields have a
default, so that older rows can be read. Fields that this version does not know are ignored. Imports nothing from Earmark.
"""

from db.reports.accuracy import (
    Calibration,
    CalibrationBin,
    ConfusedClip,
    Confusion,
    LabelRecall,
    LabelShare,
    NewSpeakers,
    PlainAccuracy,
    ThresholdPoint,
    WaitingFor,
)
from db.reports.base import VERSION
from db.reports.outlook import (
    AccuracyAhead,
    AccuracyTarget,
    ComparedCurves,
    ComparedPoint,
    DataSaved,
    DataSavedAgainst,
    Forecast,
    Horizon,
    MoreClips,
    OutlookReport,
    StopAdvice,
    StopSign,
)
from db.reports.run import (
    RunReport,
)
from db.reports.team import (
    AnnotatorPair,
    AnnotatorQuality,
    DoubtedLabel,
    DriftPoint,
    TeamReport,
)

__all__ = [
    "VERSION",
    "AccuracyAhead",
    "AccuracyTarget",
    "AnnotatorPair",
    "AnnotatorQuality",
    "Calibration",
    "CalibrationBin",
    "ComparedCurves",
    "ComparedPoint",
    "ConfusedClip",
    "Confusion",
    "DataSaved",
    "DataSavedAgainst",
    "DoubtedLabel",
    "DriftPoint",
    "Forecast",
    "Horizon",
    "LabelRecall",
    "LabelShare",
    "MoreClips",
    "NewSpeakers",
    "OutlookReport",
    "PlainAccuracy",
    "RunReport",
    "StopAdvice",
    "StopSign",
    "TeamReport",
    "ThresholdPoint",
    "WaitingFor",
]
