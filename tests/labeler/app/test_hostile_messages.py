"""Messages that no page would send: each gets a sentence in JSON, never a 500, and costs no answer that came beside it.

Made from the messages that the player sends, with values of every other kind in them, and from bytes that are no JSON. Always the
same ones; `make test` tries some, `make soak` many.
"""

from __future__ import annotations

import copy
import json
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from db.project import create_project
from labeler.app.api.messages import (
    AnswerMessage,
    AnswersRequest,
    GridRequest,
    GuideRequest,
    NextRequest,
    PreferencesRequest,
    RemarksRequest,
    UndoRequest,
)
from labeler.app.sign_in.tokens import Ticket
from tests.filled_projects import LABELS
from tests.labeler.app.test_routes import Page, page_of

TIMES = 10 if os.environ.get("EARMARK_SOAK") else 1
tried = settings(
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    max_examples=150 * TIMES,
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all messages: whatever they do to the server, the next one meets it."""
    folder = tmp_path_factory.mktemp("hostile")
    project = create_project(folder / "project", labels=LABELS)
    with page_of(project, folder / "audio") as opened:
        yield opened
    project.close()


def messages(page: Page) -> dict[str, dict[str, Any]]:
    """A message of each kind with all its fields, by route."""
    session = page.session
    preferences = {"speed": 1.5, "loop": True, "normalise": True, "original": False, "goal": 20, "breaks": False}
    preferences |= {"guidelines_seen": 1, "replies_seen": 2}
    return {
        "next": {
            "session": session,
            "tab": "a",
            "want": 1,
            "holding": [1],
            "release": [2],
            "leaving": False,
            "exclude": [3],
            "opus": False,
            "level": False,
        },
        "grid": {"session": session, "tab": "a", "want": 1, "likely": "happy", "leave_out": [1], "release": [1]},
        "undo": {"session": session, "uuid": str(uuid.uuid4())},
        "preferences": {"session": session, "preferences": preferences},
        "guide": {"session": session},
        "remarks": {"session": session, "ticket": answers(page)[0]["ticket"]},
        "decisions": {"session": session, "answers": [answers(page)[0]]},
    }


ROUTES = ("decisions", "grid", "guide", "next", "preferences", "remarks", "undo")


def answers(page: Page) -> list[dict[str, Any]]:
    """An answer of each kind with all its fields."""
    ticket = page.tokens.for_ticket(Ticket(page.clips[0], page.tokens.session(page.session), None, None))
    heard = {"speed": 1.0, "gain": 0.0, "form": "file", "share": 1.0, "context": False, "grid": "likely happy"}
    given = {"ticket": ticket, "seconds": 1.0, "plays": 1, "heard": heard}
    return [
        {"uuid": str(uuid.uuid4()), "answer": "label", "label": "happy", **given},
        {"uuid": str(uuid.uuid4()), "answer": "skip", "reason": "too loud", **given},
        {"uuid": str(uuid.uuid4()), "answer": "undo", "undoes": str(uuid.uuid4()), **given},
        {"uuid": str(uuid.uuid4()), "answer": "flag", "note": "look", "ticket": ticket},
        {"uuid": str(uuid.uuid4()), "answer": "comment", "text": "two people", "ticket": ticket},
    ]


def test_every_field_of_every_message_is_tried(page: Page) -> None:
    kinds: dict[str, type[BaseModel]] = {
        "next": NextRequest,
        "undo": UndoRequest,
        "preferences": PreferencesRequest,
        "guide": GuideRequest,
        "remarks": RemarksRequest,
        "decisions": AnswersRequest,
    }
    sent = messages(page)
    assert {name: set(kind.model_fields) for name, kind in kinds.items()} == {name: set(sent[name]) for name in kinds}
    assert {*sent["grid"], "like", "among"} == set(GridRequest.model_fields)
    assert set().union(*answers(page)) == set(AnswerMessage.model_fields)


DEPTHS = {f"nested {depth} times": depth for depth in (10, 400, 900, 3000)}
"""What stands for a list in a list in a list."""
TEXTS = st.sampled_from(
    ["", " ", "\0", "\ud800", "\udfff\ud800", "x" * 600, "é" * 300, "\u202e", "NaN", "-1", "../../x", "'; DROP TABLE clip;--"]
)
NUMBERS = st.sampled_from(
    [0, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 1e308, 0.1, float("nan"), float("inf"), -float("inf")]
)
VALUES = st.one_of(
    TEXTS,
    NUMBERS,
    st.sampled_from([None, True, False, [], {}, [[]], {"": None}, {"\ud800": 1}]),
    st.sampled_from([*DEPTHS]),
    st.recursive(
        TEXTS | NUMBERS | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)
NAMES = st.sampled_from(["extra", "", "\0", "\ud800", "__class__", "uuid", "session", "x" * 500])


Damage = Callable[[Any], Any]


def damaged_by(done: list[Damage], message: Any) -> Any:
    """The message after these damages."""
    for damage in done:
        message = damage(message) if isinstance(message, dict | list) else message
    return message


@st.composite
def damages(draw: st.DrawFn) -> Damage:
    """What replaces, drops, doubles or adds a field, somewhere in a message, or replaces the whole."""
    kind = draw(st.sampled_from(["replace", "replace", "replace", "drop", "add", "double", "whole"]))
    value, name, place = draw(VALUES), draw(NAMES), draw(st.integers(0, 10**6))

    def damaged(message: Any) -> Any:
        message = copy.deepcopy(message)
        spots = [(message, key) for key in (message if isinstance(message, dict) else range(len(message)))]
        spots += [(inner, key) for owner, at in list(spots) if isinstance(inner := owner[at], dict) for key in inner]
        spots += [(inner, key) for owner, at in list(spots) if isinstance(inner := owner[at], list) for key in range(len(inner))]
        if not spots or kind == "whole":
            return value
        owner, key = spots[place % len(spots)]
        if kind == "drop":
            del owner[key]
        elif kind == "double":
            owner[key] = [owner[key], owner[key]]
        elif kind == "add" and isinstance(owner, dict):
            owner[name] = value
        else:
            owner[key] = value
        return message

    return damaged


@st.composite
def bodies(draw: st.DrawFn) -> Callable[[str], bytes]:
    """What makes bytes of a message that no browser would."""
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-8"]))
    cut, noise = draw(st.integers(0, 300)), draw(st.binary(max_size=8))
    kind = draw(st.sampled_from(["encode", "cut", "noise", "double", "many", "alone"]))

    def made(text: str) -> bytes:
        content = text.encode(encoding, "replace")
        if kind == "cut":
            return content[:cut]
        if kind == "noise":
            return content[:cut] + noise + content[cut:]
        if kind == "double":
            return text.replace("{", '{"session": 1, "session": [], ', 1).encode()
        if kind == "many":
            return content * 3
        return noise if kind == "alone" else content

    return made


def spoken(reply: Any) -> dict[str, Any]:
    """The reply, which must be JSON and, where it refuses, one sentence."""
    assert reply.status_code < 500, reply.text
    document: dict[str, Any] = reply.json()
    assert isinstance(document, dict)
    if reply.status_code != 200:
        assert set(document) == {"error"}
        one_sentence(document["error"])
    return document


def one_sentence(text: str) -> None:
    assert text.isprintable(), text
    assert text.endswith("."), text
    assert len(text) < 1000
    assert "Traceback" not in text
    assert "sqlalchemy" not in text.lower()


def serves(page: Page) -> None:
    """Clips are handed out and answers are taken as ever."""
    page.next(1)
    (result,) = page.send(answers(page)[0])
    assert result["status"] == "saved"


def in_json(message: Any) -> str:
    """As JSON, with what stands for many lists in one another made of it."""
    text = json.dumps(message)
    for name, depth in DEPTHS.items():
        text = text.replace(f'"{name}"', "[" * depth + "]" * depth)
    return text


def post(page: Page, route: str, body: str | bytes, *, content_type: str = "application/json") -> Any:
    headers = {b"content-type": content_type.encode("latin-1")}
    return page.client.post(f"/earmark/api/{route}", content=body, headers=headers)


@pytest.mark.soak
def test_a_damaged_message_is_answered_in_a_sentence(page: Page) -> None:
    @tried
    @given(route=st.sampled_from(ROUTES), done=st.lists(damages(), min_size=1, max_size=3))
    def test(route: str, done: list[Damage]) -> None:
        spoken(post(page, route, in_json(damaged_by(done, messages(page)[route]))))

    test()
    serves(page)


@pytest.mark.soak
def test_a_damaged_answer_costs_none_beside_it(page: Page) -> None:
    @tried
    @given(kind=st.integers(0, 3), done=st.lists(damages(), min_size=1, max_size=3))
    def test(kind: int, done: list[Damage]) -> None:
        bad, good = damaged_by(done, answers(page)[kind]), answers(page)[0]
        reply = post(page, "decisions", in_json({"session": page.session, "answers": [bad, good, bad]}))
        document = spoken(reply)
        if reply.status_code != 200:
            # What cannot be taken apart stays in the browser whole.
            assert document["error"] == "The message is not JSON; reload the page."
            return
        first, second, third = document["results"]
        assert second == {"uuid": good["uuid"], "status": "saved"}
        assert any(decision.uuid == good["uuid"] for decision in page.standing())
        for result in (first, third):
            assert result["status"] in {"saved", "refused"}
            if result["status"] == "refused":
                one_sentence(result["error"])

    test()
    serves(page)


@pytest.mark.soak
def test_bytes_that_are_no_message_are_answered_in_a_sentence(page: Page) -> None:
    kinds = st.sampled_from(["application/json"] * 4 + ["application/json; charset=utf-16", "text/plain", "", "\xff"])

    @tried
    @given(route=st.sampled_from(ROUTES), made=bodies(), content_type=kinds)
    def test(route: str, made: Callable[[str], bytes], content_type: str) -> None:
        spoken(post(page, route, made(json.dumps(messages(page)[route])), content_type=content_type))

    test()
    serves(page)
