"""Progress and Export, as a team lead sees them."""

from __future__ import annotations

import csv
from collections.abc import Sequence

import pytest
from playwright.sync_api import expect

from db.learner_state import count_restart, report_state
from db.runs import CurvePointValues, record_evaluation, record_run
from tests.browser.served import Seat, Served
from tests.filled_projects import LABELS

pytestmark = pytest.mark.browser


def evaluated_run(served: Served, *, ua: float, missing: Sequence[str] = ()) -> None:
    """Put a run with its scores into the project, as the learner does."""
    point = CurvePointValues(
        last_decision_id=0, decisions=12, examples_per_class=4, smallest_class=2, ua=ua, ua_low=ua - 0.1, ua_high=ua + 0.1, wa=ua
    )
    with served.project.write() as session:
        run_id = record_run(session, feature_set_id=None, last_decision_id=0, decisions=12, labeled=12, settings={}, seconds=0.4)
        record_evaluation(
            session,
            run_id,
            ua=ua,
            ua_low=ua - 0.1,
            ua_high=ua + 0.1,
            wa=ua,
            slice_clips=23,
            speakers=9,
            report={"missing_labels": list(missing)},
            points=[point],
        )


def test_progress_shows_the_accuracy_with_its_interval_and_follows_it(seat: Seat, served: Served) -> None:
    page = seat.page
    page.goto(f"{served.url}/progress")
    expect(page.get_by_text("Accuracy is not known yet.")).to_be_visible()
    evaluated_run(served, ua=0.62, missing=["<b>sad</b> *x*"])
    expect(page.get_by_text("UA 0.62 (0.52–0.72) on 23 clips of the random slice from 9 speakers")).to_be_visible()
    expect(page.get_by_text("Not in the slice yet, so the interval is wide: <b>sad</b> *x*.")).to_be_visible()
    expect(page.get_by_text("Examples per class").first).to_be_attached()
    evaluated_run(served, ua=0.71)
    expect(page.get_by_text("UA 0.71 (0.61–0.81)")).to_be_visible()


def test_progress_says_what_the_learner_does_and_when_it_crashed(seat: Seat, served: Served) -> None:
    page = seat.page
    with served.project.write() as session:
        report_state(session, state="evaluating", done=3, total=8)
    page.goto(f"{served.url}/progress")
    expect(page.get_by_text("The learner is measuring accuracy (3 of 8)")).to_be_visible()
    with served.project.write() as session:
        count_restart(session, error="killed by signal 9")
    expect(page.get_by_role("alert")).to_contain_text("The learner crashed (killed by signal 9). It is started again by itself")


def test_the_download_holds_what_was_pressed(seat: Seat, served: Served) -> None:
    seat.open()
    pressed = [(seat.press(str(number % 3 + 1)), LABELS[number % 3]) for number in range(4)]
    seat.expect_saved(4)
    page = seat.page
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file_name"], row["label"]) for row in rows] == pressed
    assert {row["annotator"] for row in rows} == {"Ann"}
