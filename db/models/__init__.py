"""The tables: what is known about a project.

One class a table, one file a subject, a docstring under each column that needs one. Nothing here reads or writes: the questions
asked of these tables live in `db.records`, `db.decisions` and `db.serving`. Every type works the same on SQLite and PostgreSQL.
Times are UTC, stored as seconds since 1970, so that both databases compare them alike. Imports nothing of Earmark.
"""

from db.models.answers import Decision, Flag, Lease
from db.models.base import NAMING, Answer, Base, ClipState, Source
from db.models.clips import AudioFile, Clip, ClipAlias, Rejection
from db.models.features import FeatureRow, FeatureSet
from db.models.people import Annotator, Label, Project
from db.models.runs import CurvePoint, LearnerState, QueueEntry, Run

__all__ = [
    "NAMING",
    "Annotator",
    "Answer",
    "AudioFile",
    "Base",
    "Clip",
    "ClipAlias",
    "ClipState",
    "CurvePoint",
    "Decision",
    "FeatureRow",
    "FeatureSet",
    "Flag",
    "Label",
    "LearnerState",
    "Lease",
    "Project",
    "QueueEntry",
    "Rejection",
    "Run",
    "Source",
]
