"""Messages to Streamlit's socket that no page of the person's role would send, written by hand."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from db.models import Annotator, Role
from db.project import OpenProject
from db.records.people.annotators import signed_in_annotator
from db.records.people.roles import give_role
from tests.browser.signing_in.conftest import Start

FOR_LEADS = ("people", "review", "export", "clips", "audio", "labels", "activity", "settings")
OPTIONS = ("--proxy-header=X-Forwarded-User", "--trusted-proxy=127.0.0.1")


@contextmanager
def socket_of(port: int, user: str | None, **more: str) -> Iterator[ClientConnection]:
    """Streamlit's socket, as the proxy opens it for somebody."""
    headers = {**({} if user is None else {"X-Forwarded-User": user}), **more}
    with connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], additional_headers=headers) as socket:  # type: ignore[list-item]
        yield socket


def ask(socket: ClientConnection, name: str, *widgets: WidgetState, by_hash: str = "", fragment: str = "") -> None:
    """Ask for a page by its name.

    Args:
        by_hash: what Streamlit calls the page, instead of the name.
        fragment: the part of the page that is to run alone.
    """
    message = BackMsg()
    message.rerun_script.page_name = name
    message.rerun_script.page_script_hash = by_hash
    message.rerun_script.fragment_id = fragment
    message.rerun_script.query_string = "annotator=Lea"
    message.rerun_script.widget_states.widgets.extend(widgets)
    socket.send(message.SerializeToString())


def page(socket: ClientConnection, name: str, *widgets: WidgetState, by_hash: str = "") -> str:
    """All that comes back until the page that was asked for is complete: the bytes of the messages, as far as they are text."""
    ask(socket, name, *widgets, by_hash=by_hash)
    came: list[str] = []
    while True:
        answer = ForwardMsg.FromString(bytes(socket.recv(timeout=30)))  # type: ignore[arg-type]
        came.append(str(answer))
        # A page that leads to another one begins anew.
        if answer.WhichOneof("type") == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return "\n".join(came)


@pytest.fixture
def port(project: OpenProject, start: Start) -> int:
    """The app; Lea is the lead."""
    with project.write() as session:
        lea = signed_in_annotator(session, identity="lea@x.org", name="Lea")
        give_role(session, annotator_id=lea.id, role=Role.LEAD, by=None)
        signed_in_annotator(session, identity="ann@x.org", name="Ann")
    return start(*OPTIONS)


def test_no_message_gets_past_the_role(project: OpenProject, port: int) -> None:
    with socket_of(port, "lea@x.org") as lea:
        seen = page(lea, "people")
        assert "Role of Ann" in seen
        # The identity of the list that gives Ann a role, as it was in a message to Lea.
        widget = next(line.split('"')[1] for line in seen.splitlines() if "people-role-2-annotator" in line and "id:" in line)
    with socket_of(port, "ann@x.org") as ann:
        for name in FOR_LEADS:
            assert "This page is for leads; ask" in page(ann, name)
        for name in ("dashboard", "progress"):
            assert "This page is for leads and viewers" in page(ann, name)
        seen = page(ann, "people", WidgetState(id=widget, int_value=2), WidgetState(id=widget, string_value="Lead"))
        assert "Role of Ann" not in seen
    with project.read() as session:
        assert {row.name: row.role for row in session.scalars(select(Annotator))} == {"Lea": Role.LEAD, "Ann": None}


def test_no_page_comes_by_what_streamlit_calls_it(port: int) -> None:
    """Hashes of pages and names of fragments are the same for everybody."""
    with socket_of(port, "lea@x.org") as lea:
        hashes, fragments = {}, {}
        for name in (*FOR_LEADS, "dashboard"):
            seen = page(lea, name)
            hashes[name] = found(seen, "page_script_hash")[-1]
            fragments[name] = {each for each in found(seen, "fragment_id") if each}
    assert fragments["audio"]
    assert fragments["dashboard"]
    with socket_of(port, "ann@x.org") as ann:
        for name, by_hash in hashes.items():
            assert "This page is for leads" in page(ann, "", by_hash=by_hash), name
            for fragment in fragments[name]:
                ask(ann, "", by_hash=by_hash, fragment=fragment)
            assert found(page(ann, "people"), "label") == []


def found(messages: str, field: str) -> list[str]:
    """The values of a field in the messages of a page."""
    return re.findall(rf'\b{field}: "([^"]*)"', messages)


def test_nobody_opens_a_socket_without_signing_in(port: int) -> None:
    with pytest.raises(InvalidStatus, match="403"), socket_of(port, None):
        pass
    with pytest.raises(InvalidStatus, match="403"), socket_of(port, None, **{"Earmark-Person": "WyJsZWFAeC5vcmciLCAiTGVhIl0="}):
        pass


def test_who_forwards_is_who_connects_whatever_a_header_says(start: Start) -> None:
    """The server under Streamlit would believe `X-Forwarded-For`, when a program of this computer sends it."""
    port = start("--proxy-header=X-Forwarded-User", "--trusted-proxy=10.0.0.7")
    headers = {"X-Forwarded-User": "lea@x.org", "X-Forwarded-For": "10.0.0.7"}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers))
