"""Exports for tests, without the learner: rows of the database in a format, to a path."""

from __future__ import annotations

from pathlib import Path

from db.exports.choice import ExportChoice, RowsOf
from db.exports.registry import Written
from db.project import OpenProject
from learner.handover.export import export_project

DECISIONS = ExportChoice(rows=RowsOf.DECISIONS)


def exported_decisions(project: OpenProject, format: str, output: Path, *, for_spreadsheets: bool = False) -> Written:
    """Every decision that stands (with the format log: all rows of the log)."""
    choice = ExportChoice(rows=RowsOf.DECISIONS, for_spreadsheets=for_spreadsheets)
    return export_project(project, format, output, choice=choice)
