"""What the routes serve follows the settings file: nobody restarts anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.models import Clip, Lease, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.runs import record_run
from db.serving.ranked_queue import QueueItem, publish_queue
from db.settings import SETTINGS_FILE
from db.settings_file import change_settings
from tests.filled_projects import answer
from tests.labeler.app.test_routes import Page, page_of


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of Ann's; all six clips are ranked, with the prediction `happy`, and have columns of the manifest."""
    with page_of(project, tmp_path / "audio") as opened:
        with project.write() as session:
            run = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.1)
            happy = label_by_name(session, "happy").id
            publish_queue(session, run_id=run, entries=[QueueItem(clip, Source.UNCERTAIN, 0.5, happy) for clip in opened.clips])
            for clip in opened.clips:
                session.get_one(Clip, clip).extra = {"room": "hall"}
        yield opened


def sources(page: Page) -> list[Source]:
    """Why the next four clips are served."""
    clips = page.next(4)
    with page.project.read() as session:
        found = sorted(session.get_one(Lease, clip["lease"]).source for clip in clips)
    page.next(0, release=[clip["lease"] for clip in clips])
    return found


def test_which_clips_are_served(page: Page) -> None:
    change_settings(page.project.directory, {"random_share": 1.0}, by=None)
    assert sources(page) == [Source.RANDOM] * 4
    change_settings(page.project.directory, {"random_share": 0.01}, by=None)
    assert sources(page) == [Source.RANDOM, *[Source.UNCERTAIN] * 3]


def test_what_the_page_gets_with_a_clip(page: Page) -> None:
    before = page.next(4)
    assert [(clip["facts"], clip["suggested"]) for clip in before] == [([], None)] * 4
    page.next(0, release=[clip["lease"] for clip in before])
    change_settings(page.project.directory, {"shown_columns": ["room"], "suggestions": True, "lease_seconds": 5000}, by=None)
    after = page.next(4)
    room = [["room", "hall"]]
    assert [(clip["facts"], clip["suggested"]) for clip in after] == [(room, None), *[(room, "happy")] * 3]
    with page.project.read() as session:
        assert session.get_one(Lease, after[0]["lease"]).expires_at > time.time() + 4000


def test_clips_that_somebody_else_has_answered(page: Page) -> None:
    for clip in page.clips:
        answer(page.project, clip, "happy", annotator="Bob")
    assert sources(page) == []
    change_settings(page.project.directory, {"overlap_share": 0.5}, by=None)
    assert sources(page) == [Source.OVERLAP] * 4


def test_a_file_that_is_wrong_stops_nobody(page: Page) -> None:
    (page.project.directory / SETTINGS_FILE).write_text("random_share = many\n", encoding="utf-8")
    assert len(page.next(2)) == 2
