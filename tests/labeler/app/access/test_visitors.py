"""What the routes let whom do: by session token, by role, and by who has signed in at the browser."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from db.decisions.people import known_people
from db.models import Annotator, Role
from db.project import OpenProject
from db.records.people.annotators import annotator_named, signed_in_annotator
from db.records.people.roles import give_role
from labeler.app.api.routes import routes
from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.sign_in import person_header
from labeler.app.sign_in.identifying import identifier
from labeler.app.sign_in.tokens import Newcomer, Tokens
from labeler.app.sign_in.ways import Person, SignIn, Way, arrange
from tests.filled_projects import add_clips

SIGN_IN = SignIn(way=Way.PROXY, header="x-user", proxies=frozenset({"testclient"}), leads=frozenset({"boss@x.org"}))
Post = Callable[..., Any]


@pytest.fixture
def tokens(project: OpenProject) -> Tokens:
    """Of the project, which has six clips."""
    add_clips(project, 6)
    return Tokens(project.info().secret)


@contextmanager
def served(project: OpenProject, tokens: Tokens, sign_in: SignIn) -> Iterator[Post]:
    """Posts messages to the routes behind a guard, as somebody who may have signed in."""
    arrange(sign_in)
    guard = Middleware(Guard, hosts=allowed_hosts(listening_on="testserver"), identify=identifier(sign_in))
    try:
        with TestClient(Starlette(routes=routes(project, tokens), middleware=[guard])) as client:

            def post(path: str, who: int | Newcomer | None = None, *, user: str | None = None, **message: Any) -> Any:
                headers = {} if user is None else {"X-User": user}
                session = {} if who is None else {"session": tokens.for_session(who)}
                return client.post(f"/earmark/api/{path}", json={**session, **message}, headers=headers)

            yield post
    finally:
        arrange(SignIn())


@pytest.fixture
def by_name(project: OpenProject, tokens: Tokens) -> Iterator[Post]:
    """Nobody signs in."""
    with served(project, tokens, SignIn()) as post:
        yield post


@pytest.fixture
def at_a_proxy(project: OpenProject, tokens: Tokens) -> Iterator[Post]:
    """People sign in at a proxy; Ann (1) and Lea (2), the lead, were there before."""
    with project.write() as session:
        signed_in_annotator(session, identity="ann@x.org", name="Ann")
        lea = signed_in_annotator(session, identity="lea@x.org", name="Lea")
        give_role(session, annotator_id=lea.id, role=Role.LEAD, by=None)
    with served(project, tokens, SIGN_IN) as post:
        yield post


def rows(project: OpenProject) -> list[tuple[str, str | None]]:
    with project.read() as session:
        return [(row.name, row.identity) for row in session.scalars(select(Annotator).order_by(Annotator.id))]


def labelled(clip: dict[str, Any]) -> dict[str, Any]:
    return {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": "happy"}


def test_somebody_new_is_a_person_from_the_first_answer_on(project: OpenProject, by_name: Post) -> None:
    ann = Newcomer("Ann")
    assert by_name("guide", ann).status_code == 200
    assert by_name("undo", ann, uuid=str(uuid.uuid4())).json()["clip"] is None
    (clip,) = by_name("next", ann, want=1).json()["clips"]
    with project.read() as session:
        assert known_people(session) == []
    saved = by_name("decisions", None, answers=[labelled(clip)]).json()
    assert (saved["saved"], saved["annotator"]) == (1, "ann")
    with project.read() as session:
        assert [(person.name, person.answers) for person in known_people(session)] == [("Ann", 1)]
    # The page that was opened before goes on with the same token.
    assert by_name("next", ann, want=1).json()["saved"] == 1
    assert by_name("next", Newcomer("ANN"), want=0).json()["saved"] == 1
    assert rows(project) == [("Ann", None)]


def test_a_viewer_takes_no_clips_and_no_answer_back(project: OpenProject, by_name: Post) -> None:
    with project.write() as session:
        viewer = annotator_named(session, "Vic")
        for person, role in ((viewer, Role.VIEWER), (annotator_named(session, "Lea"), Role.LEAD)):
            give_role(session, annotator_id=person.id, role=role, by=None)
        who = viewer.id
    for path, message in (("next", {"want": 1}), ("grid", {"want": 1, "like": 1}), ("undo", {"uuid": str(uuid.uuid4())})):
        reply = by_name(path, who, **message)
        assert (reply.status_code, reply.json()["error"]) == (
            403,
            "Viewers do not answer clips; ask a lead of this project for the role of an annotator.",
        )


def test_answers_given_before_a_role_was_lost_are_kept(project: OpenProject, by_name: Post) -> None:
    (clip,) = by_name("next", Newcomer("Ann"), want=1).json()["clips"]
    with project.write() as session:
        for name, role in (("Ann", Role.VIEWER), ("Lea", Role.LEAD)):
            give_role(session, annotator_id=annotator_named(session, name).id, role=role, by=None)
    assert by_name("decisions", None, answers=[labelled(clip)]).json()["results"][0]["status"] == "saved"


def test_a_token_of_somebody_who_is_not_there_is_refused(by_name: Post) -> None:
    assert by_name("next", 99, want=1).status_code == 403


@pytest.mark.parametrize("message", [{"want": 1}, {"want": 0}])
def test_a_stolen_token_is_no_good_to_somebody_else_who_signed_in(at_a_proxy: Post, message: dict[str, Any]) -> None:
    assert at_a_proxy("next", 2, user="lea@x.org", **message).status_code == 200
    for token in (2, Newcomer("Lea", "lea@x.org"), Newcomer("Lea")):
        reply = at_a_proxy("next", token, user="ann@x.org", **message)
        assert (reply.status_code, reply.json()["error"]) == (
            403,
            "Another person has signed in since this page was opened; reload it.",
        )


def test_nobody_gets_to_a_route_without_signing_in(at_a_proxy: Post) -> None:
    forged = person_header.written(Person("lea@x.org", "Lea")).decode()
    assert base64.urlsafe_b64decode(forged)
    reply = at_a_proxy("next", 2, want=1)
    assert (reply.status_code, reply.text) == (403, "A request must have one x-user header from the proxy; sign in there.")


def test_somebody_new_who_signed_in_gets_a_row_by_their_identity(project: OpenProject, at_a_proxy: Post) -> None:
    assert at_a_proxy("next", Newcomer("Lea", "other@x.org"), user="other@x.org", want=1).status_code == 200
    assert rows(project)[-1] == ("Lea (other@x.org)", "other@x.org")


def test_the_outbox_of_another_person_at_this_browser_is_still_emptied(project: OpenProject, at_a_proxy: Post) -> None:
    (clip,) = at_a_proxy("next", 1, user="ann@x.org", want=1).json()["clips"]
    reply = at_a_proxy("decisions", 1, user="lea@x.org", answers=[labelled(clip)]).json()
    assert reply["results"][0]["status"] == "saved"
    with project.read() as session:
        assert {person.name: person.answers for person in known_people(session)} == {"Lea": 0, "Ann": 1}
