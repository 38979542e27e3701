"""Dashboard and Export, as a team lead sees them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.models import AudioFile, Clip
from db.records.features import newest_feature_set
from db.records.learner_state import count_restart, report_state
from db.records.runs import CurvePointValues, record_evaluation, record_outlook, record_run
from db.reports import OutlookReport, RunReport
from learner.search.clip_map import ClipMap, write_clip_map
from tests.browser.served import Seat, Served
from tests.filled_projects import LABELS, answer
from tests.learner.synthetic_projects import embed_made_up

pytestmark = pytest.mark.browser


def lay_out_clips(served: Served) -> None:
    """Write a map of all clips, in a row, as the learner does."""
    with served.project.read() as session:
        ids = list(session.scalars(select(Clip.id).order_by(Clip.id)))
    embed_made_up(served.project, ids)
    with served.project.read() as session:
        features = newest_feature_set(session)
        assert features is not None
        feature_set = features.id
    places = np.linspace(0.1, 0.9, len(ids), dtype=np.float32)
    write_clip_map(
        served.project.heads_dir,
        ClipMap(feature_set_id=feature_set, normalisation="none", written_at=1.0, clip_ids=np.array(ids), x=places, y=places),
    )


POINT = {"labels": 12, "examples_per_class": 4.0, "smallest_class": 2, "ua": 0.4, "ua_low": 0.3, "ua_high": 0.5}
UNKNOWN = {"known": False, "why": "the random slice has 12 clips, and it takes 30", "times": None}
OUTLOOK: dict[str, Any] = {
    "curves": {"random": [POINT], "logmel": []},
    "data_saved": {"random": UNKNOWN, "logmel": UNKNOWN},
    "forecast": {
        "known": True,
        "why": None,
        "horizon": {"decisions": 300, "all_left": True},
        "targets": [{"ua": 0.8, "decisions": 120, "low": 80, "high": 190}],
        "ahead": {"decisions": 50, "ua": 0.78, "ua_low": 0.75, "ua_high": 0.82},
    },
    "more_clips": {"wanted": 0.05, "half_width": 0.1, "clips": 69, "enough_left": True},
    "stop": {"stop": False, "why": "More labels are likely to help. Nothing has been found yet of <i>sad</i>.", "signs": []},
}
DETAILS: dict[str, Any] = {
    "per_label": {
        "angry": {"recall": 0.5, "low": 0.3, "high": 0.7, "clips": 20},
        "sad": {"recall": None, "low": 0.1, "high": 0.9, "clips": 0},
    },
    "confusion": {"labels": ["angry", "sad"], "counts": [[10, 10], [0, 0]]},
    "calibration": {
        "clips": 40,
        "ece_raw": 0.114,
        "ece": 0.031,
        "temperature": 1.8,
        "bins": [{"confidence": 0.6, "accuracy": 0.5, "low": 0.4, "high": 0.6, "clips": 40}],
    },
}


def evaluated_run(
    served: Served, *, ua: float, missing: Sequence[str] = (), outlook: dict[str, Any] | None = None, **report: Any
) -> None:
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
            report=RunReport.model_validate({"missing_labels": list(missing), **report}),
            points=[point],
        )
        if outlook is not None:
            record_outlook(session, run_id, OutlookReport.model_validate(outlook))


def unfold(page: Page, figure: str) -> None:
    """Open the sentences behind a figure."""
    page.locator(f".st-key-{figure}-why").get_by_role("button").click()


def test_the_dashboard_shows_the_accuracy_with_its_interval_and_follows_it(seat: Seat, served: Served) -> None:
    """Also at the address that the page had when it was called Progress."""
    page = seat.page
    page.goto(f"{served.url}/progress")
    expect(page).to_have_url(re.compile("/dashboard"))
    unfold(page, "good")
    expect(page.get_by_text("Accuracy is not known yet.")).to_be_visible()
    page.keyboard.press("Escape")
    evaluated_run(served, ua=0.62, missing=["<b>sad</b> *x*"], outlook=OUTLOOK)
    expect(page.get_by_text("UA, 95%: 52%–72%")).to_be_visible()
    unfold(page, "good")
    expect(page.get_by_text("UA 0.62 (0.52–0.72) on 23 clips of the random slice from 9 speakers")).to_be_visible()
    expect(
        page.get_by_text("Labels with no clip in the random slice yet, so the interval is wide: <b>sad</b> *x*.")
    ).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Examples per class").first).to_be_attached()
    evaluated_run(served, ua=0.71, outlook=OUTLOOK)
    expect(page.get_by_text("UA, 95%: 61%–81%")).to_be_visible()


def test_the_dashboard_is_of_one_run_while_the_next_is_measured(seat: Seat, served: Served) -> None:
    page = seat.page
    evaluated_run(served, ua=0.62, outlook=OUTLOOK)
    page.goto(f"{served.url}/dashboard")
    sentences = {
        "stop": "Go on labelling. More labels are likely to help. Nothing has been found yet of <i>sad</i>.",
        "more": "80% UA takes about 120 more decisions (80–190).",
        "sure": "About 69 more random clips would narrow the interval to ±5 points.",
    }
    for figure, sentence in sentences.items():
        unfold(page, figure)
        expect(page.get_by_text(sentence)).to_be_visible()
        page.keyboard.press("Escape")
    unfold(page, "goal")
    how = "How Earmark's order compares with random order is not known yet: the random slice has 12 clips, and it takes 30."
    expect(page.get_by_text(how)).to_be_visible()
    page.keyboard.press("Escape")
    evaluated_run(served, ua=0.71)
    expect(page.get_by_text("measuring anew.")).to_be_visible()
    expect(page.get_by_text("UA, 95%: 52%–72%")).to_be_visible()


def test_the_dashboard_shows_label_by_label_when_asked(seat: Seat, served: Served) -> None:
    page = seat.page
    evaluated_run(served, ua=0.62, outlook=OUTLOOK, **DETAILS)
    page.goto(f"{served.url}/dashboard")
    expect(page.get_by_text("Recall, with its 95% interval")).to_be_hidden()
    page.get_by_role("radio", name="Each label").click()
    expect(page.get_by_text("Recall, with its 95% interval")).to_be_visible()
    page.get_by_text("Is the confidence reliable?").click()
    expect(
        page.get_by_text("As trained, the classifier is too confident: its confidence is wrong by 11 points on average")
    ).to_be_visible()


def test_the_clips_behind_a_mix_up_play_and_go_on_while_the_page_follows_the_learner(seat: Seat, served: Served) -> None:
    page = seat.page
    tested = [{"clip": clip, "label": 1, "predicted": 3, "confidence": 0.9 - clip / 100} for clip in (1, 2, 3)]
    details = {**DETAILS, "confusion": {"labels": ["angry", "sad"], "counts": [[0, 3], [0, 0]]}, "tested": tested}
    evaluated_run(served, ua=0.62, outlook=OUTLOOK, **details)
    page.goto(f"{served.url}/dashboard")
    expect(page.get_by_role("combobox", name="Pairs of labels")).to_have_value("angry and sad: 3 of 3 clips")
    clips = page.get_by_test_id("clip")
    expect(clips).to_have_count(3)
    page.get_by_role("button", name="Mixed up most").click()
    expect(page.get_by_role("radio", name="Mix-ups")).to_be_in_viewport()
    clips.first.get_by_test_id("play").click()
    expect(clips.first).to_have_attribute("data-plays", "1")
    clips.nth(1).get_by_test_id("play").click()
    expect(clips.nth(1)).to_have_attribute("data-plays", "1")
    page.keyboard.press("ArrowDown")
    expect(clips.nth(2).get_by_test_id("play")).to_be_focused()
    clips.nth(2).evaluate("element => (element.marked = true)")
    evaluated_run(served, ua=0.71, outlook=OUTLOOK, **details)
    expect(page.get_by_text("UA, 95%: 61%–81%")).to_be_visible()
    assert clips.nth(2).evaluate("element => element.marked"), "the list was made anew"


def test_clips_selected_on_the_map_are_labelled_in_the_grid(seat: Seat, served: Served) -> None:
    page = seat.page
    evaluated_run(served, ua=0.62, outlook=OUTLOOK, **DETAILS)
    lay_out_clips(served)
    page.goto(f"{served.url}/dashboard?annotator=Ann")
    page.get_by_role("radio", name="Map").click()
    page.get_by_role("button", name="Select", exact=True).click()
    screen = page.get_by_test_id("map")
    screen.scroll_into_view_if_needed()
    box = screen.bounding_box()
    assert box is not None
    corners = [(0.004, 0.004), (0.996, 0.004), (0.996, 0.996), (0.004, 0.996)]
    page.mouse.move(box["x"] + 0.004 * box["width"], box["y"] + 0.004 * box["height"])
    page.mouse.down()
    for x, y in [*corners, corners[0]]:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
    page.mouse.up()
    expect(page.get_by_text("40 clips selected, 40 without a label")).to_be_visible()
    page.get_by_role("button", name="Label these in the grid").click()
    expect(page.get_by_role("heading", name="Grid")).to_be_visible()
    page.get_by_role("combobox", name="Confirm as").click()
    page.get_by_role("option", name="happy").click()
    expect(page.get_by_test_id("cell").first).to_be_visible()


def test_the_dashboard_shows_what_the_learner_does_and_when_it_crashed(seat: Seat, served: Served) -> None:
    page = seat.page
    with served.project.write() as session:
        report_state(session, state="evaluating", done=3, total=8)
    page.goto(f"{served.url}/dashboard")
    expect(page.get_by_text("The learner is measuring accuracy (3 of 8)")).to_be_visible()
    with served.project.write() as session:
        count_restart(session, error="killed by signal 9")
    alert = page.get_by_role("alert").filter(has_text="The learner")
    expect(alert).to_contain_text("The learner crashed (killed by signal 9). It restarts by itself")


def test_the_download_holds_what_was_pressed_and_for_spreadsheets_no_formula(seat: Seat, served: Served) -> None:
    seat.open()
    pressed = [(seat.press(str(number % 3 + 1)), LABELS[number % 3]) for number in range(4)]
    seat.expect_saved(4)
    page = seat.page
    page.get_by_role("link", name="Export").click()
    page.get_by_text("Every answer that stands").click(timeout=20_000)
    expect(page.get_by_test_id("preview")).to_contain_text("queued_as")
    expect(page.get_by_test_id("preview")).to_contain_text(pressed[0][0])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith("-csv-decisions.csv")
    with download.value.path().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file_name"], row["label"]) for row in rows] == pressed
    assert {row["annotator"] for row in rows} == {"Ann"}

    answer(served.project, 1, annotator="=1+1")
    page.get_by_text("Safe for spreadsheets").click()
    expect(page.get_by_text("It is not for importing.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    with download.value.path().open(encoding="utf-8", newline="") as file:
        assert [row["annotator"] for row in csv.DictReader(file)] == ["Ann"] * 4 + ["'=1+1"]
    # A list of choices closes when the page scrolls.
    page.get_by_role("heading", name="Export").scroll_into_view_if_needed()
    page.get_by_role("combobox", name="Format").click()
    page.get_by_role("option", name="jsonl").click()
    expect(page.get_by_text("Safe for spreadsheets")).to_have_count(0)


def test_a_download_that_fails_says_why(seat: Seat, served: Served) -> None:
    """A name is shown as it is, and audio that is gone is named."""
    answer(served.project, 1, annotator="<b>*Ann*</b>")
    with served.project.read() as session:
        path = Path(session.get_one(AudioFile, 1).path)
    away = path.rename(path.with_suffix(".away"))
    page = seat.page
    page.goto(f"{served.url}/export")
    page.get_by_role("combobox", name="Format").click()
    page.get_by_role("option", name="emonet").click()
    # The page of the format before shows the same row: its button must be gone.
    expect(page.get_by_role("checkbox", name="With the audio")).to_be_checked(timeout=20_000)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("preview")).to_contain_text("<b>*Ann*</b>", timeout=20_000)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("alert")).to_contain_text(path.name, timeout=20_000)
    away.rename(path)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith("-emonet.zip")
    expect(page.get_by_role("alert")).to_have_count(0)
