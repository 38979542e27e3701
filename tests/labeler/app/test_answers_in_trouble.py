"""Answers when something is wrong: with one of them, with the clock, or with the database. None is lost, and none is acknowledged
that is not stored."""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, OperationalError

from db.decisions.taking import take
from db.models import Decision, Flag
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from labeler.app.api.messages import MOST_ANSWERS
from labeler.app.api.routes import MOST_BYTES
from labeler.app.sign_in.tokens import TICKET_SECONDS
from labeler.player.scripts import read
from tests.labeler.app.test_routes import Page, labelled, page_of

HALF_A_PAIR = "\ud800"
"""Half of a surrogate pair: JSON can carry it, UTF-8 cannot."""


@pytest.fixture
def page(any_project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of Ann's, once on each database."""
    with page_of(any_project, tmp_path / "audio") as opened:
        yield opened


def flagged(clip: dict[str, Any], note: str) -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "flag", "note": note}


def refused(*, sentence: str, result: dict[str, Any]) -> None:
    assert result["status"] == "refused"
    assert sentence in result["error"]
    assert result["error"].endswith(".")
    assert result["error"].isprintable()


class TestOneOfThemIsBad:
    """Each answer is judged by itself."""

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"uuid": HALF_A_PAIR}, "uuid cannot be used"),
            ({"uuid": HALF_A_PAIR * 36}, "uuid cannot be used"),
            ({"ticket": HALF_A_PAIR}, "ticket cannot be used"),
            ({"label": f"happy{HALF_A_PAIR}"}, "label cannot be used"),
            ({"reason": f"bad{HALF_A_PAIR}"}, "reason cannot be used"),
            ({HALF_A_PAIR: 1}, "cannot be used"),
            ({"heard": {HALF_A_PAIR: 1}}, "cannot be used"),
            ({"ticket": "a\0b"}, "NUL"),
            ({"label": "happy\0"}, "NUL"),
            ({"reason": "bad\0"}, "NUL"),
            ({"heard": {"grid": "x\0"}}, "NUL"),
            ({"label": "\u202e\u0007"}, "is not in the label set"),
        ],
    )
    def test_it_is_refused_in_a_sentence_and_the_others_are_saved(
        self, page: Page, change: dict[str, Any], sentence: str
    ) -> None:
        first, second, third = page.next(3)
        results = page.send(labelled(first), {**labelled(second), **change}, labelled(third))
        assert [result["status"] for result in results] == ["saved", "refused", "saved"]
        refused(sentence=sentence, result=results[1])
        assert [row.clip_id for row in page.standing()] == [first["clip"], third["clip"]]

    @pytest.mark.parametrize("note", ["a\0b", f"a{HALF_A_PAIR}b", "x" * 501])
    def test_a_flag_with_a_note_that_cannot_be_stored_holds_up_nothing(self, page: Page, note: str) -> None:
        first, second = page.next(2)
        results = page.send(flagged(first, note), flagged(second, "check it"), labelled(second))
        refused(sentence="note cannot be used", result=results[0])
        assert [result["status"] for result in results[1:]] == ["saved", "saved"]
        with page.project.read() as session:
            assert list(session.scalars(select(Flag.note))) == ["check it"]

    def test_a_label_to_look_for_that_no_database_stores_is_refused(self, page: Page) -> None:
        for text in ("x\0", HALF_A_PAIR):
            reply = page.post("grid", {"session": page.session, "want": 1, "likely": text})
            assert reply.status_code == 400
            assert "likely cannot be used" in reply.json()["error"]

    @pytest.mark.parametrize("failure", [RuntimeError("secret"), DataError("INSERT", {}, Exception("secret"))])
    def test_what_cannot_be_stored_for_a_reason_of_its_own_holds_up_nothing(
        self, page: Page, monkeypatch: pytest.MonkeyPatch, failure: Exception
    ) -> None:
        first, second = page.next(2)
        bad = labelled(first)

        def fails_once(session: Any, given: Any) -> Any:
            if given.uuid == bad["uuid"]:
                raise failure
            return take(session, given)

        monkeypatch.setattr("labeler.app.api.labelling.take", fails_once)
        results = page.send(bad, labelled(second))
        refused(sentence="could not store this answer; its log has the reason", result=results[0])
        assert results[1]["status"] == "saved"

    def test_what_is_wrong_with_the_database_is_no_refusal(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        def locked(*_arguments: Any) -> None:
            raise OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked"))

        message = labelled(page.next()[0])
        monkeypatch.setattr("labeler.app.api.labelling.take", locked)
        assert page.post("decisions", {"answers": [message]}).status_code == 503
        monkeypatch.undo()
        assert page.send(message)[0]["status"] == "saved"


def test_the_outbox_sends_no_more_than_browser_and_server_take() -> None:
    outbox = read("shared/outbox.js")
    (batch,), (kibibytes,) = (re.findall(rf"const {name} = (\d+)", outbox) for name in ("LARGEST_BATCH", "LARGEST_BYTES"))
    assert int(batch) <= MOST_ANSWERS
    assert int(kibibytes) * 1024 * 4 <= MOST_BYTES
    assert int(kibibytes) < 60, "a page that goes may send 64 KiB, its other requests included"


class TestTheClock:
    """Set back or forward: an answer is stored all the same."""

    @pytest.mark.parametrize("step", [-1, -2, -3600, -400 * 24 * 3600, 3600])
    def test_an_answer_is_saved_after_the_clock_was_set(self, page: Page, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
        clip, other = page.next(2)
        then = time.time() + step
        monkeypatch.setattr(time, "time", lambda: then)
        assert page.send(labelled(clip)) == [{"uuid": page.standing()[0].uuid, "status": "saved"}]
        assert page.client.get(other["audio"]).status_code == 200
        assert page.client.get(other["picture"]).status_code == 200
        assert len(page.next(1, holding=[other["lease"]])) == 1

    def test_an_old_answer_is_taken_from_a_page_of_the_same_annotator(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        message = labelled(page.next()[0])
        later = time.time() + TICKET_SECONDS + 60
        monkeypatch.setattr(time, "time", lambda: later)
        with page.project.write() as session:
            ben = page.tokens.for_session(annotator_named(session, "Ben").id)
            ann = page.tokens.for_session(annotator_named(session, "Ann").id)
        for session_of in ({}, {"session": ben}, {"session": page.session}, {"session": "forged"}):
            reply = page.post("decisions", {"answers": [message], **session_of})
            (result,) = reply.json()["results"]
            refused(sentence="open the page under the name of the person who gave it", result=result)
        assert page.standing() == []
        (result,) = page.post("decisions", {"answers": [message], "session": ann}).json()["results"]
        assert result["status"] == "saved"
        assert [row.uuid for row in page.standing()] == [message["uuid"]]

    def test_the_session_opens_no_ticket_that_this_server_did_not_make(self, page: Page) -> None:
        message = {**labelled(page.next()[0]), "ticket": "forged"}
        (result,) = page.post("decisions", {"answers": [message], "session": page.session}).json()["results"]
        refused(sentence="This server did not make this token", result=result)


class TestTheDatabaseIsGone:
    """The SQLite file is deleted, moved or replaced while it is served."""

    @pytest.fixture
    def page(self, project: OpenProject, tmp_path: Path) -> Iterator[Page]:
        """A page of Ann's, on SQLite."""
        with page_of(project, tmp_path / "audio") as opened:
            yield opened

    def test_nothing_is_acknowledged_and_what_was_moved_goes_on_when_it_is_back(self, page: Page) -> None:
        first, second = page.next(2)
        page.send(labelled(first))
        message = labelled(second)
        directory = page.project.directory
        moved = directory.rename(directory.with_name("moved"))
        for path, document in (
            ("decisions", {"answers": [message]}),
            ("next", {"session": page.session, "want": 1}),
            ("undo", {"session": page.session, "uuid": str(uuid.uuid4())}),
        ):
            reply = page.post(path, document)
            assert reply.status_code == 503
            assert "deleted, moved or replaced" in reply.json()["error"]
            assert str(directory) not in reply.text
        moved.rename(directory)
        assert page.send(message)[0]["status"] == "saved"
        assert [row.clip_id for row in page.standing()] == [first["clip"], second["clip"]]

    def test_a_deleted_file_is_not_made_anew(self, page: Page) -> None:
        (clip,) = page.next()
        file = page.project.directory / "earmark.sqlite"
        file.unlink()
        for _ in range(3):
            assert page.post("decisions", {"answers": [labelled(clip)]}).status_code == 503
        assert not file.exists()

    def test_an_answer_whose_file_goes_while_it_is_stored_is_not_acknowledged(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def take_and_delete(session: Any, given: Any) -> Decision | None:
            row = take(session, given)
            (page.project.directory / "earmark.sqlite").unlink()
            return row

        (clip,) = page.next()
        monkeypatch.setattr("labeler.app.api.labelling.take", take_and_delete)
        assert page.post("decisions", {"answers": [labelled(clip)]}).status_code == 503
