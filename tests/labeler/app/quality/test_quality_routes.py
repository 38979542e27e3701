"""What the player gets and sends for the sake of quality: gold checks that nobody can tell, remarks, news of the guidelines."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.decisions.comments import append_comment
from db.guidelines import GUIDELINES_FILE
from db.models import Comment, Lease, Source
from db.project import OpenProject, open_project
from db.records.people.annotators import annotator_named
from db.settings import SETTINGS_FILE
from labeler.app.api import guideline_watch
from tests.filled_projects import answer as answer_outside
from tests.labeler.app.test_routes import Page, page_of

GUIDES = "# Angry\nLoud."


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    with (project.directory / SETTINGS_FILE).open("a", encoding="utf-8") as file:
        file.write("gold_share = 0.5\nsuggestions = true\n")
    opened = open_project(project.directory)
    with page_of(opened, tmp_path / "audio") as made:
        yield made
    opened.close()


def told(page: Page, **more: Any) -> dict[str, Any]:
    reply = page.post("next", {"session": page.session, "want": 1, **more})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def shape(value: Any) -> Any:
    """Names and kinds of what a message holds."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


def remark(clip: dict[str, Any], text: str, *, made: str | None = None) -> dict[str, Any]:
    return {"uuid": made or str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "comment", "text": text}


def replied(page: Page, clip: dict[str, Any], text: str, *, annotator: str = "Lea") -> None:
    with page.project.write() as session:
        who = annotator_named(session, annotator).id
        append_comment(session, uuid=None, clip_id=clip["clip"], annotator_id=who, text=text)


def remarks(page: Page, clip: dict[str, Any] | None = None) -> dict[str, Any]:
    reply = page.post("remarks", {"session": page.session, "ticket": None if clip is None else clip["ticket"]})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def labelled(clip: dict[str, Any], label: str = "sad") -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": label}


def test_a_gold_check_looks_like_any_other_clip(page: Page) -> None:
    answer_outside(page.project, page.clips[0], "angry", annotator="Lea", source=Source.REVIEW, gold=True)
    by_source: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    held: list[int] = []
    for _ in range(20):
        reply = told(page, release=held)
        (clip,) = reply["clips"]
        held = [clip["lease"]]
        with page.project.read() as session:
            is_check = session.get_one(Lease, clip["lease"]).source == Source.GOLD_CHECK
        assert is_check == (clip["clip"] == page.clips[0])
        by_source[is_check].append(reply)
    checks, others = by_source[True], by_source[False]
    assert len(checks) > 3
    assert len(others) > 3
    assert {repr(shape(reply)) for reply in checks} == {repr(shape(reply)) for reply in others}
    assert {(reply["done"], reply["total"]) for reply in checks + others} == {(0, len(page.clips))}
    assert "gold" not in repr(checks)
    assert all(reply["clips"][0]["suggested"] is None for reply in checks)


def test_the_counts_are_the_real_ones_once_nothing_is_left(page: Page) -> None:
    answer_outside(page.project, page.clips[0], "angry", annotator="Lea", source=Source.REVIEW, gold=True)
    for clip in page.clips[1:]:
        answer_outside(page.project, clip, "sad", annotator="Ann")
    reply = told(page)
    assert (reply["clips"], reply["done"], reply["total"]) == ([], len(page.clips), len(page.clips))


def test_a_remark_comes_with_the_answers_and_is_stored_once(page: Page) -> None:
    (clip,) = page.next()
    made = str(uuid.uuid4())
    for _ in range(2):
        (result,) = page.send(remark(clip, "  <b>two</b> people speak ", made=made))
        assert result["status"] == "saved"
    with page.project.read() as session:
        (row,) = session.scalars(select(Comment)).all()
        assert (row.text, row.clip_id, row.settled) == ("<b>two</b> people speak", clip["clip"], False)
    assert [each["text"] for each in remarks(page, clip)["here"]] == ["<b>two</b> people speak"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\0b", None, 7])
def test_a_remark_that_cannot_be_kept_is_refused_in_a_sentence(page: Page, text: Any) -> None:
    (clip,) = page.next()
    (result,) = page.send(remark(clip, text))
    assert result["status"] == "refused"
    assert result["error"].endswith((".", "page."))
    assert remarks(page, clip)["here"] == []


def test_remarks_of_others_are_shown_only_on_clips_that_one_has_answered(page: Page) -> None:
    one, two = page.next(2)
    replied(page, one, "It is surely angry.", annotator="Ben")
    assert remarks(page, one) == {"here": [], "threads": [], "newest": 0}, "it would bias who answers next"
    page.send(remark(one, "Which of the two?"))
    replied(page, one, "The first.")
    replied(page, two, "Listen well.")
    found = remarks(page, one)
    assert [each["text"] for each in found["here"]] == ["Which of the two?"]
    assert (found["threads"], told(page)["news"]["replies"]) == ([], 0), "not before the answer"
    page.send(labelled(one))
    found = remarks(page)
    assert [[each["text"] for each in thread["remarks"]] for thread in found["threads"]] == [
        ["It is surely angry.", "Which of the two?", "The first."]
    ]
    assert found["newest"] == told(page)["news"]["replies"] > 0


def test_somebody_elses_ticket_shows_nothing(page: Page) -> None:
    (clip,) = page.next()
    page.send(remark(clip, "mine"))
    with page.project.write() as session:
        other = page.tokens.for_session(annotator_named(session, "Ben").id)
    reply = page.post("remarks", {"session": other, "ticket": clip["ticket"]})
    assert reply.json() == {"here": [], "threads": [], "newest": 0}


def test_guidelines_changed_outside_are_noticed_when_clips_are_served(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guideline_watch, "EVERY_SECONDS", 0.0)
    path = page.project.directory / GUIDELINES_FILE
    assert told(page)["news"]["guidelines"] == 0
    path.write_text(GUIDES, encoding="utf-8")
    assert told(page)["news"]["guidelines"] == 1
    assert told(page)["news"]["guidelines"] == 1
    path.write_text(GUIDES + " And high.", encoding="utf-8")
    reply = page.post("guide", {"session": page.session}).json()
    assert (reply["version"], "And high." in reply["html"]) == (2, True)
    path.write_bytes(b"\xff\xfe broken")
    assert told(page)["news"]["guidelines"] == 2, "a file that is no text stops nobody"


def test_what_was_seen_is_kept_with_the_preferences(page: Page) -> None:
    reply = page.post("preferences", {"session": page.session, "preferences": {"guidelines_seen": 3, "replies_seen": 7}})
    assert reply.json() == {"kept": True}
    with page.project.read() as session:
        kept = annotator_named(session, "Ann").preferences or {}
        assert (kept["guidelines_seen"], kept["replies_seen"]) == (3, 7)
