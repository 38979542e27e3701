"""Clips, decisions and predictions as pandas data frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from db.exports.choice import ExportChoice, LabelKind
from db.exports.contents import CONSENSUS_COLUMNS
from db.exports.decision_rows import COLUMNS, LOG_COLUMNS, log_rows, standing_rows
from db.exports.registry import checked
from db.project import OpenProject

if TYPE_CHECKING:
    import pandas as pd

    from learner.prediction.predictions import Prediction, PredictReport

_TIMES = ("answered_at", "created_at")
_TYPES = {
    "float64": ("start", "end", "agreement", "confidence", "predicted_score", "seconds"),
    "Int64": ("run", "plays"),
    "datetime64[us, UTC]": _TIMES,
}


def clip_frame(project: OpenProject, *, as_of: float | None = None) -> pd.DataFrame:
    """One row a clip, with and without a label; see `labeler.project.Project.clips`."""
    from learner.handover.export import opened_contents

    exporter, choice = checked("jsonl", ExportChoice(kinds=frozenset(LabelKind), as_of=as_of))
    with opened_contents(project, exporter, choice) as contents:
        rows = [{"clip": row.clip_id, **contents.flat(row)} for row in contents.clips()]
    return _frame(rows, ("clip", *CONSENSUS_COLUMNS))


def decision_frame(session: Session, *, whole_log: bool = False, as_of: float | None = None) -> pd.DataFrame:
    """One row a decision; see `labeler.project.Project.decisions`."""
    rows = log_rows(session, as_of=as_of) if whole_log else standing_rows(session, as_of=as_of)
    return _frame(rows, ("clip", *(LOG_COLUMNS if whole_log else COLUMNS)))


def prediction_frame(
    predict: Callable[[PredictReport], Iterator[Prediction]], label_names: Sequence[str], *, of_project: bool
) -> pd.DataFrame:
    """One row for each clip or file, those that cannot be predicted too: these have no label, and a `problem`.

    Args:
        predict: gives the predictions, and notes in the report what is left out.
        of_project: whether clips have numbers.
    """
    from learner.prediction.predictions import PredictReport

    report, rows, noted = PredictReport(), [], 0
    for found in predict(report):
        rows += _problems(report.failed[noted:])
        noted = len(report.failed)
        chances = {f"p_{name}": chance for name, chance in zip(label_names, found.probabilities, strict=True)}
        place = {"clip": found.clip_id, "file_name": found.file_name, "start": found.start, "end": found.end}
        rows.append({**place, "predicted": found.label, **chances, "problem": None})
    rows += _problems(report.failed[noted:])
    columns = ["file_name", "start", "end", "predicted", *(f"p_{name}" for name in label_names), "problem"]
    table = _frame(rows, ["clip", *columns] if of_project else columns)
    return table.astype({"clip": "Int64"}) if of_project else table


def _problems(failed: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    return [{"file_name": each["file_name"], "problem": each["reason"]} for each in failed]


def _frame(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Empty cells are what pandas calls missing, and a column has its type even where all of it is empty."""
    import pandas as pd

    found = pd.DataFrame([*rows], columns=list(columns))
    for name in found.columns.intersection([*_TIMES]):
        found[name] = pd.to_datetime(found[name], utc=True, format="ISO8601")
    types = {name: kind for kind, names in _TYPES.items() for name in names if name in found}
    return found.astype(types)
