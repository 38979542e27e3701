"""How long the Dashboard takes to open with very many clips and answers, compared with the same figures made by pandas."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import create_engine, insert
from streamlit.testing.v1 import AppTest

from benchmarks.measuring.rows import Figures, median_seconds, row
from benchmarks.measuring.sample_project import STYLES
from db.models import Annotator, AudioFile, Clip, Decision
from db.models.base import Answer, Source
from db.project import OpenProject, create_project
from db.records.labels import active_labels
from db.records.runs import CurvePointValues, record_evaluation, record_outlook, record_run
from db.reports import OutlookReport, RunReport
from labeler.app.opened import VARIABLE
from labeler.app.pages.dashboard.reading import forget_facts

CLIPS, DECISIONS, PEOPLE, TESTED, REPETITIONS = 100_000, 50_000, 5, 5000, 3
_AT_A_TIME = 10_000


def _script() -> None:
    """The page, as Streamlit runs it for a visitor."""
    from labeler.app.pages.dashboard.page import show_dashboard

    show_dashboard()


def _filled(directory: Path) -> OpenProject:
    project = create_project(directory, labels=STYLES)
    rng = np.random.default_rng(0)
    audio = {"path": "/nowhere.wav", "content_hash": "0" * 64, "size": 1, "mtime_ns": 1, "sampling_rate": 16_000, "channels": 1}
    clip = {"file_id": 1, "content_hash": "0" * 64, "created_at": 0.0}
    given = {"answer": Answer.LABEL, "source": Source.UNCERTAIN, "suggestion_shown": False, "gold": False}
    with project.write() as session:
        session.execute(insert(AudioFile), [{**audio, "duration": 1e7}])
        session.execute(insert(Annotator), [{"name": f"annotator {n}", "created_at": 0.0} for n in range(PEOPLE)])
        keys = rng.permutation(CLIPS).tolist()
        for first in range(0, CLIPS, _AT_A_TIME):
            numbers = range(first, first + _AT_A_TIME)
            named = [{"file_name": f"{n}.wav", "start": n, "end": n + 1, "slice_key": keys[n]} for n in numbers]
            session.execute(insert(Clip), [{**clip, **each} for each in named])
        now, labels = time.time(), rng.integers(1, len(STYLES) + 1, DECISIONS).tolist()
        answered = (rng.permutation(CLIPS)[:DECISIONS] + 1).tolist()
        for first in range(0, DECISIONS, _AT_A_TIME):
            rows = [
                {
                    **given,
                    "uuid": str(uuid.UUID(int=n)),
                    "clip_id": answered[n],
                    "annotator_id": n % PEOPLE + 1,
                    "label_id": labels[n],
                    "seconds": 2.5,
                    "created_at": now - (DECISIONS - n),
                }
                for n in range(first, first + _AT_A_TIME)
            ]
            session.execute(insert(Decision), rows)
    _evaluated(project, answered[:TESTED], labels[:TESTED], rng)
    return project


def _evaluated(project: OpenProject, clips: list[int], labels: list[int], rng: np.random.Generator) -> None:
    """A run that reports thousands of clips of the random slice."""
    predicted = [label if rng.random() < 0.7 else int(rng.integers(1, len(STYLES) + 1)) for label in labels]
    counts = [[0] * len(STYLES) for _ in STYLES]
    for label, other in zip(labels, predicted, strict=True):
        counts[label - 1][other - 1] += 1
    with project.write() as session:
        names = [label.name for label in active_labels(session)]
        tested = [
            {"clip": clip, "label": label, "predicted": other, "confidence": 0.5}
            for clip, label, other in zip(clips, labels, predicted, strict=True)
        ]
        report = {
            "confusion": {"labels": names, "counts": counts},
            "tested": tested,
            "examples": dict.fromkeys(names, DECISIONS // len(names)),
            "per_label": {name: {"recall": 0.7, "low": 0.69, "high": 0.71, "clips": 1250} for name in names},
            "suspects": [],
        }
        counted = {"last_decision_id": DECISIONS, "decisions": DECISIONS, "labeled": DECISIONS}
        run = record_run(session, feature_set_id=None, **counted, settings={}, seconds=1.0)
        accuracy = {"ua": 0.7, "ua_low": 0.68, "ua_high": 0.72, "wa": 0.7}
        points = [
            CurvePointValues(
                last_decision_id=n * 1000, decisions=n * 1000, examples_per_class=n * 250.0, smallest_class=n * 240, **accuracy
            )
            for n in range(1, 51)
        ]
        read = RunReport.model_validate(report)
        record_evaluation(session, run, **accuracy, slice_clips=TESTED, speakers=100, report=read, points=points)
        record_outlook(session, run, OutlookReport())


@row(
    "dashboard-at-size",
    what="The Dashboard with a hundred thousand clips and fifty thousand answers",
    against="the tables of clips and answers read by pandas when the page opens, and the same counts and mix-ups made of them",
)
def measure() -> Figures:
    """The script of the page, with no figure kept from before; without Streamlit's start, and without the browser."""
    with tempfile.TemporaryDirectory(prefix="earmark-bench-") as folder:
        project = _filled(Path(folder) / "project")
        main, variable = sys.modules["__main__"], os.environ.get(VARIABLE)
        os.environ[VARIABLE] = str(project.directory)
        again = []

        def ours() -> None:
            forget_facts()
            page = AppTest.from_function(_script, default_timeout=60).run()
            assert not page.exception
            assert page.metric[0].value == "70%"
            began = time.perf_counter()
            page.run()
            again.append(time.perf_counter() - began)

        try:
            both = median_seconds(ours, repetitions=REPETITIONS)
        finally:
            sys.modules["__main__"] = main
            os.environ.pop(VARIABLE) if variable is None else os.environ.update({VARIABLE: variable})
        mine = both - float(np.median(again))
        theirs = median_seconds(lambda: _by_pandas(project), repetitions=REPETITIONS)
        project.close()
    details = f"{CLIPS:,} clips, {DECISIONS:,} answers, {TESTED:,} of them tested; seen again {float(np.median(again)):.2f} s"
    return Figures(ours=mine, theirs=theirs, unit="s", details=details)


def _by_pandas(project: OpenProject) -> None:
    engine = create_engine(f"sqlite:///{project.directory / 'earmark.sqlite'}")
    with engine.connect() as connection:
        clips = pd.read_sql("SELECT * FROM clip", connection)
        decisions = pd.read_sql("SELECT * FROM decision", connection)
    engine.dispose()
    standing = decisions[~decisions["id"].isin(decisions["replaces_id"].dropna())]
    newest = standing.sort_values("id").groupby("clip_id").tail(1).merge(clips, left_on="clip_id", right_on="id")
    assert newest.groupby("label_id").size().sum() == DECISIONS
    standing.groupby("annotator_id").agg({"id": "count", "seconds": "median", "created_at": "max"})
    predicted = newest["label_id"].sample(frac=1, random_state=0).to_numpy()
    pd.crosstab(newest["label_id"], predicted)
