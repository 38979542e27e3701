"""The Dashboard is left when the browser shows it without its poll, and not long after it was asked for."""

from __future__ import annotations

import time

import pytest
import streamlit as st

from labeler.app.pages.dashboard import leaving


class GoneError(Exception):
    """Stands for Streamlit's change of the page."""


class AgainError(Exception):
    """Stands for Streamlit's run of the page from its beginning."""


def go() -> None:
    raise GoneError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The session of a visitor who has pressed a button that leads to another page."""

    def again() -> None:
        raise AgainError

    session: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(st, "rerun", again)
    assert not leaving.is_leaving()
    with pytest.raises(AgainError):
        leaving.leave(go)  # type: ignore[arg-type]
    return session


def test_the_page_is_left_once_the_browser_has_drawn_it_without_its_poll(
    asked: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "is_drawn", lambda **_: False)
    assert leaving.is_leaving()
    leaving.go_on()
    monkeypatch.setattr(leaving, "is_drawn", lambda **_: True)
    with pytest.raises(GoneError):
        leaving.go_on()
    assert not leaving.is_leaving()


def test_a_visitor_who_came_back_later_is_not_taken_away(asked: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    pressed = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: pressed + 11)
    monkeypatch.setattr(leaving, "is_drawn", lambda **_: True)
    assert not leaving.is_leaving()
    leaving.go_on()
