"""The tables: what is stored about a project.

One class per table, one file per subject, a docstring under each column that needs one. Nothing here reads or writes: the queries
on these tables are in `db.records`, `db.decisions` and `db.serving`. Every type works the same on SQLite and PostgreSQL.
Times are UTC, stored as seconds since 1970, so that both databases compare them alike. Imports only `db.reports` of Earmark.
"""

from db.models.answers import Decision, Flag, Lease
from db.models.base import NAMING, Answer, Base, ClipState, Source
from db.models.changes import ClipChange, LabelChange, LabelChangeKind, Suggestion, Withdrawal
from db.models.clips import AudioFile, Clip, ClipAlias, Rejection
from db.models.features import FeatureRow, FeatureSet
from db.models.people import Annotator, Label, ProjectInfo, Role
from db.models.quality import AskedAgain, Comment, Event, GuidelineVersion
from db.models.runs import CurvePoint, LearnerState, QueueEntry, Run

__all__ = [
    "NAMING",
    "Annotator",
    "Answer",
    "AskedAgain",
    "AudioFile",
    "Base",
    "Clip",
    "ClipAlias",
    "ClipChange",
    "ClipState",
    "Comment",
    "CurvePoint",
    "Decision",
    "Event",
    "FeatureRow",
    "FeatureSet",
    "Flag",
    "GuidelineVersion",
    "Label",
    "LabelChange",
    "LabelChangeKind",
    "LearnerState",
    "Lease",
    "ProjectInfo",
    "QueueEntry",
    "Rejection",
    "Role",
    "Run",
    "Source",
    "Suggestion",
    "Withdrawal",
]
