"""The routes beside the pages: clips out, answers in, audio and pictures by token."""

from __future__ import annotations

import io
import json
import os
import uuid
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.decisions.log import live_decisions
from db.decisions.taking_back import AnswerRun, reinstate_answers, take_back_answers
from db.models import Answer, Clip, ClipState, Decision, Event, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from labeler.app.api import routes as routes_module
from labeler.app.api.messages import MOST_ANSWERS
from labeler.app.api.routes import routes
from labeler.app.sign_in.tokens import Media, Tokens
from tests.filled_projects import answer as answer_outside
from tests.filled_projects import standing
from tests.learner.audio_files import import_files, noise, written


@dataclass
class Page:
    """What a browser does, without a browser."""

    client: TestClient
    project: OpenProject
    tokens: Tokens
    session: str
    folder: Path
    clips: list[int] = field(default_factory=list)

    def post(self, path: str, document: Any) -> Any:
        # As a browser writes JSON: half of a surrogate pair as an escape.
        headers = {"content-type": "application/json"}
        return self.client.post(f"/earmark/api/{path}", content=json.dumps(document), headers=headers)

    def next(self, want: int = 1, **more: Any) -> list[dict[str, Any]]:
        reply = self.post("next", {"session": self.session, "want": want, **more})
        assert reply.status_code == 200, reply.text
        clips: list[dict[str, Any]] = reply.json()["clips"]
        return clips

    def send(self, *answers: dict[str, Any]) -> list[dict[str, Any]]:
        reply = self.post("decisions", {"answers": list(answers)})
        assert reply.status_code == 200, reply.text
        results: list[dict[str, Any]] = reply.json()["results"]
        return results

    def standing(self) -> list[Decision]:
        return standing(self.project)


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of the annotator Ann, in a project of six short clips."""
    with page_of(project, tmp_path / "audio") as opened:
        yield opened


@contextmanager
def page_of(project: OpenProject, folder: Path) -> Iterator[Page]:
    """Import six short clips, which are written into a new folder, and open a page of Ann's."""
    folder.mkdir()
    clips = import_files(project, [written(folder / f"{number}.wav", noise(0.3, seed=number)) for number in range(6)])
    tokens = Tokens(project.info().secret)
    with project.write() as session:
        annotator_id = annotator_named(session, "Ann").id
    with TestClient(Starlette(routes=routes(project, tokens)), raise_server_exceptions=False) as client:
        yield Page(client, project, tokens, tokens.for_session(annotator_id), folder, clips)


def labelled(clip: dict[str, Any], label: str = "happy", **more: Any) -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": label, **more}


def test_a_clip_is_handed_out_answered_and_stored(page: Page) -> None:
    (clip,) = page.next()
    (result,) = page.send(labelled(clip, seconds=1.25, plays=2))
    assert result["status"] == "saved"
    (decision,) = page.standing()
    assert (decision.clip_id, decision.answer, decision.seconds, decision.plays) == (clip["clip"], Answer.LABEL, 1.25, 2)
    assert decision.source == Source.RANDOM
    assert decision.lease_id == clip["lease"]


def test_the_page_does_not_get_the_reason_why_a_clip_is_served(page: Page) -> None:
    (clip,) = page.next()
    assert not {"source", "score", "predicted"} & set(clip)


def test_clips_differ_while_they_are_held_and_come_back_when_released(page: Page) -> None:
    first = page.next(4)
    second = page.next(4)
    assert len(second) == 2
    assert not {clip["clip"] for clip in first} & {clip["clip"] for clip in second}
    page.next(0, release=[clip["lease"] for clip in first])
    assert {clip["clip"] for clip in page.next(6)} == {clip["clip"] for clip in first}


def test_a_clip_still_on_its_way_is_not_served_again(page: Page) -> None:
    assert {clip["clip"] for clip in page.next(6, exclude=page.clips[:2])} == set(page.clips[2:])


def test_an_answer_sent_twice_is_stored_once(page: Page) -> None:
    message = labelled(page.next()[0])
    assert page.send(message, message)[1]["status"] == "saved"
    assert page.send(message)[0]["status"] == "saved"
    assert len(page.standing()) == 1


def test_undo_takes_back_the_named_answer(page: Page) -> None:
    (clip,) = page.next()
    message = labelled(clip)
    undo = {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "undo", "undoes": message["uuid"]}
    again = labelled(clip, "sad")
    assert [result["status"] for result in page.send(message, undo, again)] == ["saved"] * 3
    assert [decision.uuid for decision in page.standing()] == [again["uuid"]]


def test_undo_of_an_earlier_visit_brings_its_clip_back(page: Page) -> None:
    first, second = page.next(2)
    page.send(labelled(first), labelled(second))
    for clip in (second, first):
        reopened = page.post("undo", {"session": page.session, "uuid": str(uuid.uuid4())}).json()["clip"]
        assert reopened["clip"] == clip["clip"]
    reply = page.post("undo", {"session": page.session, "uuid": str(uuid.uuid4())}).json()
    assert reply["clip"] is None
    assert page.standing() == []
    page.send(labelled(reopened, "sad"))
    assert page.standing()[0].source == Source.RANDOM, "a clip of the random slice stays one"


def test_undo_sent_twice_takes_back_one(page: Page) -> None:
    first, second = page.next(2)
    page.send(labelled(first), labelled(second))
    message = {"session": page.session, "uuid": str(uuid.uuid4())}
    assert page.post("undo", message).json()["clip"]["clip"] == second["clip"]
    assert page.post("undo", message).json()["clip"]["clip"] == second["clip"]
    assert len(page.standing()) == 1


def test_undo_leaves_imported_labels_alone(page: Page) -> None:
    answer_outside(page.project, page.clips[0], annotator="Ann", source=Source.IMPORTED)
    assert page.post("undo", {"session": page.session, "uuid": str(uuid.uuid4())}).json()["clip"] is None
    assert len(page.standing()) == 1


def test_undo_leaves_alone_what_a_lead_brought_back(page: Page) -> None:
    first, second = page.next(2)
    page.send(labelled(first))
    (old,) = page.standing()
    with page.project.write() as session:
        assert take_back_answers(session, AnswerRun(old.annotator_id, 0.0, old.created_at), by="lead") == 1
    page.send(labelled(second))
    with page.project.write() as session:
        assert reinstate_answers(session, session.scalars(select(Event.id)).one(), by="lead").answers == 1
    undone = page.post("undo", {"session": page.session, "uuid": str(uuid.uuid4())}).json()
    assert undone["clip"]["clip"] == second["clip"], "the newest that was given, not the newest row"
    assert [answer.clip_id for answer in page.standing()] == [first["clip"]]


def test_one_bad_answer_does_not_block_the_others(page: Page) -> None:
    first, second = page.next(2)
    unknown = labelled(first, "no such label")
    results = page.send(unknown, {"uuid": "x"}, labelled(second))
    assert [result["status"] for result in results] == ["refused", "refused", "saved"]
    assert "'no such label' is not in the label set" in results[0]["error"]
    assert results[0]["uuid"] == unknown["uuid"]


@pytest.mark.parametrize(
    "change",
    [
        {"uuid": "not-a-uuid"},
        {"ticket": "forged"},
        {"ticket": 5},
        {"answer": "delete"},
        {"answer": "unsure"},
        {"label": None},
        {"label": "x" * 300},
        {"seconds": -1},
        {"seconds": 1e9},
        {"seconds": "1"},
        {"plays": 1.5},
        {"plays": True},
        {"reason": "x" * 501},
        {"clip_id": 1},
        {"undoes": str(uuid.uuid4())},
    ],
)
def test_every_field_is_checked(page: Page, change: dict[str, Any]) -> None:
    (result,) = page.send({**labelled(page.next()[0]), **change})
    assert result["status"] == "refused"
    assert result["error"].endswith(".")
    assert "\n" not in result["error"]
    assert page.standing() == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{", {"content-type": "application/json"}, 400),
        (b"[" * 100_000, {"content-type": "application/json"}, 400),
        (b"\xff\xfe", {"content-type": "application/json"}, 400),
        (b"[]", {"content-type": "application/json"}, 400),
        (b'{"answers": []}', {"content-type": "application/json; charset=utf-8"}, 400),
        (b'{"answers": [' + b"0," * MOST_ANSWERS + b"0]}", {"content-type": "application/json"}, 400),
        (b" " * (routes_module.MOST_BYTES + 1), {"content-type": "application/json"}, 413),
    ],
)
def test_a_body_that_is_not_a_message_is_refused_in_one_sentence(
    page: Page, body: bytes, headers: dict[str, str], status: int
) -> None:
    reply = page.client.post("/earmark/api/decisions", content=body, headers=headers)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/json"
    assert "Traceback" not in reply.text
    assert reply.json()["error"].endswith(".")


@pytest.mark.parametrize("change", [{"session": "forged"}, {"session": ""}, {"want": -1}, {"want": 10_000}, {"holding": ["x"]}])
def test_a_bad_request_for_clips_gets_none(page: Page, change: dict[str, Any]) -> None:
    reply = page.post("next", {"session": page.session, "want": 1, **change})
    assert reply.status_code == (403 if change.get("session") else 400)
    assert set(reply.json()) == {"error"}


def test_an_unexpected_failure_shows_no_internals(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("secret path /srv/x")

    monkeypatch.setattr("labeler.app.api.labelling.lease_next", fails)
    reply = page.post("next", {"session": page.session, "want": 1})
    assert reply.status_code == 500
    assert "secret" not in reply.text


def test_audio_is_the_file_itself_and_in_parts(page: Page) -> None:
    (clip,) = page.next()
    whole = page.client.get(clip["audio"])
    assert whole.status_code == 200
    assert whole.content == (page.folder / clip["file_name"]).read_bytes()
    assert whole.headers["content-type"] == "audio/wav"
    assert list((page.project.cache_dir / "audio").iterdir()) == [], "nothing was transcoded"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "private" in whole.headers["cache-control"]
    part = page.client.get(clip["audio"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])


def test_a_span_of_what_browsers_cannot_play_becomes_wav(page: Page) -> None:
    path = written(page.folder / "many.wav", noise(2.0, sampling_rate=96_000), sampling_rate=96_000, subtype="FLOAT")
    (clip_id,) = import_files(page.project, [path], spans={"many.wav": (0.5, 1.25)})
    reply = page.client.get(f"/earmark/audio/{page.tokens.for_media(Media(clip_id, None))}")
    with wave.open(io.BytesIO(reply.content)) as sound:
        assert (sound.getsampwidth(), sound.getframerate(), sound.getnchannels()) == (2, 48_000, 1)
        assert sound.getnframes() == pytest.approx(0.75 * 48_000, abs=48)


def test_any_clip_can_be_requested_as_plain_wav(page: Page) -> None:
    (clip_id,) = import_files(page.project, [written(page.folder / "a.flac", noise(0.5))])
    address = f"/earmark/audio/{page.tokens.for_media(Media(clip_id, None))}"
    assert page.client.get(address).headers["content-type"] == "audio/flac"
    assert page.client.get(address + "?as=wav").content[:4] == b"RIFF"


def test_pictures_are_png(page: Page) -> None:
    reply = page.client.get(page.next()[0]["picture"])
    assert reply.headers["content-type"] == "image/png"
    assert reply.content[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("kind", ["audio", "picture"])
@pytest.mark.parametrize("token", ["x", "..%2f..%2fetc%2fpasswd", "%2e%2e"])
def test_media_without_a_good_token_is_refused(page: Page, kind: str, token: str) -> None:
    reply = page.client.get(f"/earmark/{kind}/{token}")
    assert reply.status_code in (403, 404)
    assert "root:" not in reply.text


def test_a_missing_file_is_gone_until_it_is_put_back(page: Page) -> None:
    (clip,) = page.next()
    path = page.folder / clip["file_name"]
    content, state = path.read_bytes(), path.stat()
    path.unlink()
    reply = page.client.get(clip["audio"])
    assert reply.status_code == 410
    assert "put the file back" in reply.json()["error"]
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert page.client.get(clip["audio"]).status_code == 200


def test_a_changed_file_takes_its_clip_out_of_service(page: Page) -> None:
    (clip,) = page.next()
    written(page.folder / clip["file_name"], noise(0.4, seed=99))
    reply = page.client.get(clip["audio"])
    assert reply.status_code == 410
    assert "other audio than was imported" in reply.json()["error"]
    with page.project.read() as session:
        assert session.get_one(Clip, clip["clip"]).state == ClipState.BROKEN


def test_answers_stand_in_the_order_given(page: Page) -> None:
    clips = page.next(5)
    page.send(*(labelled(clip, ["angry", "happy", "sad"][number % 3]) for number, clip in enumerate(clips)))
    with page.project.read() as session:
        assert [live.clip_id for live in live_decisions(session)] == [clip["clip"] for clip in clips]


def test_a_page_that_waits_for_a_project_finds_that_one_is_served(page: Page) -> None:
    answer = page.client.get("/earmark/serving")
    assert (answer.status_code, answer.json()) == (200, {"serving": True})
