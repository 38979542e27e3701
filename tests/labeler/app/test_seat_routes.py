"""What the Label page requests from the routes: loudness, context, pages, guidelines, facts, suggestions, preferences."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.decisions.log import live_query
from db.models import Annotator, Clip, Decision, Lease, QueueEntry, Source, Suggestion
from db.project import OpenProject, open_project
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.records.runs import record_run
from db.serving.ranked_queue import QueueItem, publish_queue
from db.settings import SETTINGS_FILE
from labeler.app.api.routes import routes
from labeler.app.media.loudness import loudness
from labeler.app.sign_in.tokens import Tokens
from tests.learner.audio_files import import_files, tone, written

SETTINGS = 'suggestions = true\nshown_columns = ["room", "mood", "gone"]\n'


@dataclass
class Page:
    """A page without a browser, of Ann, in a project whose lead shows suggestions and two columns."""

    client: TestClient
    project: OpenProject
    session: str
    clips: list[int]

    def post(self, path: str, document: dict[str, Any]) -> Any:
        reply = self.client.post(f"/earmark/api/{path}", json={"session": self.session, **document})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def next(self, want: int = 1) -> list[dict[str, Any]]:
        clips: list[dict[str, Any]] = self.post("next", {"want": want})["clips"]
        return clips

    def answer(self, clip: dict[str, Any], **more: Any) -> Decision:
        message = {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": "sad", **more}
        (result,) = self.client.post("/earmark/api/decisions", json={"answers": [message]}).json()["results"]
        assert result["status"] == "saved", result
        with self.project.read() as session:
            row = session.scalars(live_query().order_by(Decision.id.desc()).limit(1)).one()
            session.expunge_all()
        return row

    def source(self, clip: dict[str, Any]) -> Source:
        with self.project.read() as session:
            return session.get_one(Lease, clip["lease"]).source


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    folder = tmp_path / "audio"
    folder.mkdir()
    paths = [written(folder / f"{number}.wav", 0.02 * tone(400 + number, 30.0)) for number in range(6)]
    clips = import_files(project, paths, spans={"5.wav": (2.0, 4.0)})
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write(SETTINGS)
    opened = open_project(project.directory)
    tokens = Tokens(opened.info().secret)
    with opened.write() as session:
        annotator_id = annotator_named(session, "Ann").id
        run_id = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.1)
        happy = label_by_name(session, "happy").id
        publish_queue(session, run_id=run_id, entries=[QueueItem(clip, Source.UNCERTAIN, 0.5, happy) for clip in clips])
        session.get_one(Clip, clips[5]).extra = {"room": "<b>hall</b>", "mood": "", "hidden": "x"}
    with TestClient(Starlette(routes=routes(opened, tokens)), raise_server_exceptions=False) as client:
        yield Page(client, opened, tokens.for_session(annotator_id), clips)
    opened.close()


def of_clip(page: Page, clip_id: int) -> dict[str, Any]:
    return next(clip for clip in page.next(6) if clip["clip"] == clip_id)


def test_audio_at_the_common_loudness(page: Page) -> None:
    (clip,) = page.next()
    reply = page.client.get(clip["audio"], params={"level": "1"})
    gain = float(reply.headers["Earmark-Gain"])
    assert gain > 10
    samples, rate = soundfile.read(io.BytesIO(reply.content), dtype="float32")
    assert loudness(iter([samples]), rate=rate).lufs == pytest.approx(-23.0, abs=0.2)
    assert page.client.get(clip["audio"]).headers["Earmark-Gain"] == "0.0"
    assert page.client.head(clip["audio"], params={"level": "1"}).headers["Earmark-Gain"] == reply.headers["Earmark-Gain"]
    row = page.answer(clip, heard={"gain": gain, "context": True})
    assert (row.circumstances or {})["gain"] == gain
    assert (row.circumstances or {})["context"] is True


def test_a_span_plays_alone_and_with_what_is_around_it(page: Page) -> None:
    clip = of_clip(page, page.clips[5])
    assert clip["around"] == [2.0, 9.0], "2 s are all there is before it, then 2 s of clip, then 5 s"
    alone, wider = (page.client.get(clip["audio"], params=asked).content for asked in ({}, {"around": "1"}))
    assert [soundfile.info(io.BytesIO(part)).duration for part in (alone, wider)] == pytest.approx([2.0, 9.0], abs=0.01)
    picture = page.client.get(clip["picture"], params={"around": "1"})
    assert picture.headers["content-type"] == "image/png"
    assert picture.content != page.client.get(clip["picture"]).content


def test_a_long_clip_comes_in_pages(page: Page) -> None:
    clip = next(clip for clip in page.next(6) if clip["clip"] != page.clips[5])
    assert (clip["pages"], clip["page_seconds"], clip["around"]) == (1, 20.0, None)
    for asked in ("0", "1", "99", "-1", "x", "9" * 50):
        reply = page.client.get(clip["picture"], params={"page": asked})
        assert reply.status_code == 200
        assert np.asarray(Image.open(io.BytesIO(reply.content)).convert("L")).std() > 0


def test_only_chosen_columns_with_a_value_are_handed_out(page: Page) -> None:
    assert of_clip(page, page.clips[5])["facts"] == [["room", "<b>hall</b>"]]


def test_suggestions_are_recorded_and_never_shown_on_the_random_slice(page: Page) -> None:
    clips = page.next(6)
    sources = {clip["clip"]: page.source(clip) for clip in clips}
    assert set(sources.values()) == {Source.RANDOM, Source.UNCERTAIN}
    for clip in clips:
        blind = sources[clip["clip"]] == Source.RANDOM
        assert clip["suggested"] == (None if blind else "happy")
        row = page.answer(clip)
        assert row.suggestion_shown is not blind
        assert (row.circumstances or {}).get("suggested") == (None if blind else "happy")


def test_an_imported_prediction_is_suggested_where_the_classifier_has_none(page: Page) -> None:
    with page.project.write() as session:
        session.query(QueueEntry).update({QueueEntry.predicted_id: None})
        for label, origin in (("angry", "older"), ("sad", "newer")):
            label_id = label_by_name(session, label).id
            session.add_all(Suggestion(clip_id=clip, label_id=label_id, origin=origin, created_at=1.0) for clip in page.clips)
    for clip in page.next(6):
        assert clip["suggested"] == (None if page.source(clip) == Source.RANDOM else "sad")


def test_a_clip_taken_back_still_counts_as_seen_with_its_suggestion(page: Page) -> None:
    clip = next(clip for clip in page.next(6) if clip["suggested"])
    page.answer(clip)
    again = page.post("undo", {"uuid": str(uuid.uuid4())})["clip"]
    assert (again["clip"], again["suggested"]) == (clip["clip"], "happy")
    assert page.answer(again).suggestion_shown


def test_the_guidelines_are_handed_out_with_their_examples(page: Page) -> None:
    assert page.post("guide", {}) == {"html": None, "version": 0}
    (page.project.directory / "guidelines.md").write_text("[clear](0.wav) <b>x</b>", encoding="utf-8")
    html = page.post("guide", {})["html"]
    assert "&lt;b&gt;" in html
    address = html.partition('data-example="')[2].partition('"')[0]
    assert page.client.get(address).status_code == 200


def test_preferences_are_kept_and_checked(page: Page) -> None:
    wanted = {"speed": 1.5, "loop": True, "normalise": True, "original": True, "goal": 50, "breaks": False}
    wanted |= {"guidelines_seen": 2, "replies_seen": 3}
    assert page.post("preferences", {"preferences": wanted}) == {"kept": True}
    with page.project.read() as session:
        assert session.query(Annotator).filter_by(name="Ann").one().preferences == wanted
    reply = page.client.post("/earmark/api/preferences", json={"session": page.session, "preferences": {"speed": 99}})
    assert reply.status_code == 400
