"""A run with everything that the dashboard shows, as the learner would record it."""

from __future__ import annotations

import time
from typing import Any

from db.models import Clip
from db.project import OpenProject
from db.records.labels import active_labels
from db.records.people.annotators import annotator_named
from db.records.runs import CurvePointValues, record_evaluation, record_outlook, record_run
from db.reports import OutlookReport, RunReport
from tests.filled_projects import LABELS

OUTLOOK: dict[str, Any] = {
    "forecast": {
        "known": True,
        "why": None,
        "horizon": {"decisions": 300, "all_left": True},
        "targets": [{"ua": 0.8, "decisions": 120, "low": 80, "high": 190}],
        "ahead": {"decisions": 50, "ua": 0.66, "ua_low": 0.6, "ua_high": 0.7},
        "course": [
            {"decisions": decisions, "ua": 0.62 + decisions / 1000, "ua_low": 0.6, "ua_high": 0.9}
            for decisions in range(0, 301, 10)
        ],
    },
    "more_clips": {"wanted": 0.05, "half_width": 0.1, "clips": 69, "enough_left": True},
    "stop": {
        "stop": False,
        "why": "More labels are likely to help.",
        "signs": [{"name": "gain", "met": False, "why": "The last labels brought 3 points."}],
    },
}


def report_of(tested: list[tuple[int, str, str, float]], ids: dict[str, int], **more: Any) -> RunReport:
    """A report whose clips behind the confusion matrix are these: id, label, prediction, confidence."""
    counts = [[0] * len(LABELS) for _ in LABELS]
    for _, label, predicted, _ in tested:
        counts[LABELS.index(label)][LABELS.index(predicted)] += 1
    return RunReport.model_validate(
        {
            "per_label": {
                name: {"recall": 0.5, "low": 0.3, "high": 0.7, "clips": sum(row)}
                for name, row in zip(LABELS, counts, strict=True)
            },
            "confusion": {"labels": list(LABELS), "counts": counts},
            "tested": [
                {"clip": clip, "label": ids[label], "predicted": ids[predicted], "confidence": sure}
                for clip, label, predicted, sure in tested
            ],
            "examples": dict.fromkeys(LABELS, 4),
            "shares": {name: {"share": 0.33, "low": 0.2, "high": 0.5, "clips": 8} for name in LABELS},
            "thresholds": {
                "sad": [
                    {"threshold": 0.0, "precision": 0.7, "low": 0.5, "high": 0.8, "kept": 1.0, "clips": 38},
                    {"threshold": 0.8, "precision": 0.94, "low": 0.81, "high": 0.98, "kept": 0.61, "clips": 23},
                ]
            },
            "suspects": [],
            "new_speakers": {
                "known": True,
                "speakers": 3,
                "tested": 9,
                "ua": 0.62,
                "ua_low": 0.45,
                "ua_high": 0.77,
                "spread": 0.08,
            },
            **more,
        }
    )


def record(project: OpenProject, *, ua: float = 0.62, complete: bool = True, last_decision: int = 0, **more: Any) -> int:
    """Record a run of 12 answers that is evaluated; unless it is complete, its outlook is still to come."""
    with project.write() as session:
        ids = {label.name: label.id for label in active_labels(session)}
        clips = [clip.id for clip in session.query(Clip).order_by(Clip.id)]
        pairs = [("angry", "angry"), ("angry", "sad"), ("sad", "angry"), ("sad", "sad"), ("happy", "happy"), ("happy", "sad")]
        tested = [(clip, *pair, 0.9 - place / 20) for place, (clip, pair) in enumerate(zip(clips, pairs, strict=False))]
        run = record_run(
            session, feature_set_id=None, last_decision_id=last_decision, decisions=12, labeled=12, settings={}, seconds=0.4
        )
        record_evaluation(
            session,
            run,
            ua=ua,
            ua_low=ua - 0.1,
            ua_high=ua + 0.1,
            wa=ua,
            slice_clips=23,
            speakers=9,
            report=report_of(tested, ids, **more),
            points=[
                CurvePointValues(
                    last_decision_id=0,
                    decisions=12,
                    examples_per_class=4,
                    smallest_class=2,
                    ua=ua,
                    ua_low=ua - 0.1,
                    ua_high=ua + 0.1,
                    wa=ua,
                )
            ],
        )
        if complete:
            record_outlook(session, run, OutlookReport.model_validate(OUTLOOK))
    return run


def team_of(project: OpenProject, names: dict[str, float]) -> dict[str, Any]:
    """A team report: each one's reliability, and one pair of the first two."""
    with project.write() as session:
        ids = {name: annotator_named(session, name).id for name in names}
    drift = [{"first_at": time.time(), "last_at": time.time(), "reliability": 0.5, "low": 0.4, "high": 0.6, "clips": 9}]
    people = [
        {
            "annotator": ids[name],
            "answers": 40,
            "reliability": value,
            "low": value - 0.1,
            "high": min(value + 0.1, 1),
            "clips": 30,
            "measured_on": "other annotators",
            "drift": drift,
        }
        for name, value in names.items()
    ]
    first, second = list(ids.values())[:2]
    pairs = [{"first": first, "second": second, "clips": 20, "agreement": 0.45, "kappa": 0.2}]
    return {"annotators": people, "pairs": pairs, "alpha": 0.4, "alpha_low": 0.2, "alpha_high": 0.6, "clips": 20}
