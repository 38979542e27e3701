"""The Dashboard refreshes itself: what fails then is one sentence too."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from streamlit.testing.v1 import AppTest

from db.errors import DatabaseGoneError
from db.project import OpenProject
from labeler.app.opened import VARIABLE


def dashboard() -> None:
    """The script of a page."""
    from labeler.app.pages.dashboard.page import show_dashboard

    show_dashboard()


def locked() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("SELECT count(*) FROM clip", {}, error)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (locked(), "Another program keeps the database of the project locked; wait a little. The page tries again by itself."),
        (DatabaseGoneError("The database is gone."), "The database is gone."),
        (OSError("no such thing"), "The project cannot be used; ask the person who runs Earmark for help. The page tries again"),
    ],
    ids=["locked", "gone", "unforeseen"],
)
def test_a_database_that_fails_is_one_sentence_until_it_answers_again(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def failing(_project: OpenProject) -> Any:
        raise error

    # It makes its script the main module, where processes that other tests start would look for what they run.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    page = AppTest.from_function(dashboard, default_timeout=60).run()
    assert not page.error
    with monkeypatch.context() as broken:
        broken.setattr(OpenProject, "read", failing)
        page.run()
        (shown,) = page.error
        assert not page.exception
        assert sentence in shown.value.replace("\\", "")
    page.run()
    assert not page.error
    assert any("Accuracy is not known yet" in text.value for text in page.markdown)
