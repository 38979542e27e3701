"""The main job as a person does it: label by keyboard while the real learner re-ranks the rest, see the curve, export."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from db.models import Source
from db.project import create_project
from db.records.runs import latest_curve, latest_evaluated_run
from learner.features.embed import embed
from learner.imports.source import import_source
from tests.browser.served import Seat, Served
from tests.supervised_processes import Process, free_port, start_command, wait_for

pytestmark = pytest.mark.browser

SAMPLE_DATA = Path(__file__).resolve().parent.parent.parent / "sample_data"
STYLES = ("angry", "happy", "neutral", "sad")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A third of the sample clips, embedded, with no label yet."""
    project = create_project(tmp_path / "project", labels=STYLES)
    (tmp_path / "clips").symlink_to(SAMPLE_DATA / "clips")
    head, *rows = (SAMPLE_DATA / "manifest.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "manifest.csv").write_text("\n".join([head, *rows[::3]]), encoding="utf-8")
    import_source(project, tmp_path / "manifest.csv", seed=1)
    embed(project)
    running = Served(project, free_port(), tmp_path / "app.log")
    yield running
    running.kill()
    project.close()


@pytest.fixture
def learner(served: Served, tmp_path: Path) -> Iterator[Process]:
    """The real learner, ready with its cold-start queue."""
    process = start_command(served.project.directory, "learn", log=tmp_path / "learner.log")
    wait_for(lambda: decisions_evaluated(served) == 0, what="the cold start")
    yield process
    process.kill()


def decisions_evaluated(served: Served) -> int | None:
    """How many decisions the newest evaluated run was trained on."""
    with served.project.read() as session:
        run = latest_evaluated_run(session)
        return None if run is None else run.decisions


def true_styles() -> dict[str, str]:
    with (SAMPLE_DATA / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return {row["file_name"]: row["label"] for row in csv.DictReader(file)}


def label_truly(seat: Seat, count: int) -> list[tuple[str, str]]:
    """Press the key of the true style `count` times; clip and label in order."""
    styles = true_styles()
    pressed = []
    for _ in range(count):
        label = styles[seat.clip]
        pressed.append((seat.press(str(STYLES.index(label) + 1)), label))
    return pressed


@pytest.mark.usefixtures("learner")
def test_thirty_labels_a_growing_curve_and_an_export(
    served: Served, browser: Browser, seat_in: Callable[..., Seat], tmp_path: Path
) -> None:
    seat, lead = seat_in(browser).open(), seat_in(browser, annotator="lead")
    lead.page.goto(f"{served.url}/progress")
    lead.page.locator(".st-key-good-why").get_by_role("button").click()
    expect(lead.page.get_by_text("Accuracy is not known yet.")).to_be_visible()

    pressed = label_truly(seat, 15)
    seat.expect_saved(15)
    accuracy = lead.page.get_by_text(re.compile(r"^UA [01]\.\d\d .* of the random slice"))
    expect(accuracy).to_be_visible(timeout=20_000)
    expect(lead.page.get_by_text("was trained on 15 answers")).to_be_visible(timeout=20_000)
    with served.project.read() as session:
        points_before = len(latest_curve(session).points)

    pressed += label_truly(seat, 15)
    seat.expect_saved(30)
    expect(lead.page.get_by_text("was trained on 30 answers")).to_be_visible(timeout=20_000)
    wait_for(lambda: decisions_evaluated(served) == 30, what="the evaluation of all thirty")
    expect(accuracy).to_be_visible()
    with served.project.read() as session:
        curve = latest_curve(session)
    assert len(curve.points) > points_before
    assert curve.points[-1].decisions == 30

    lead.page.goto(f"{served.url}/export")
    lead.page.get_by_text("Every answer that stands").click(timeout=20_000)
    expect(lead.page.get_by_test_id("preview")).to_contain_text("queued_as")
    # The button below the preview is made anew in the same run.
    expect(lead.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    with lead.page.expect_download() as download:
        lead.page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "export.csv")
    with (tmp_path / "export.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file_name"], row["label"]) for row in rows] == pressed
    assert {row["annotator"] for row in rows} == {"Ann"}
    assert {Source.RANDOM, Source.COLD_START} <= {row["source"] for row in rows}
    assert all(row["run"] and row["created_at"] and float(row["seconds"]) >= 0 for row in rows)
