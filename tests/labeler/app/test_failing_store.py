"""What a browser is answered when the database or the disk fails: what is wrong, and nothing of the inside."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.project import OpenProject
from labeler.app.api.routes import routes
from labeler.app.sign_in.tokens import Tokens


def raising(error: Exception) -> Callable[..., Any]:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    return fails


def sqlite_error(code: int, words: str) -> OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return OperationalError("INSERT INTO decision", {}, error)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (
            sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full"),
            503,
            "The disk of the project is full; ask the person who",
        ),
        (
            sqlite_error(sqlite3.SQLITE_READONLY, "readonly"),
            503,
            "This user has no permission to use the project; ask the person",
        ),
        (sqlite_error(sqlite3.SQLITE_CORRUPT, "malformed"), 503, "The database of the project is damaged; ask"),
        (
            sqlite_error(sqlite3.SQLITE_BUSY, "locked"),
            503,
            "Another program keeps the database of the project locked; wait a little.",
        ),
        (sqlite3.DatabaseError("no code"), 503, "The database refused a statement; ask"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/cache"),
            503,
            "The disk of the project is full; ask the person",
        ),
        (OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "/secret/cache"), 500, "The project cannot be used; ask"),
    ],
)
def test_the_answer_is_what_is_wrong(project: OpenProject, error: Exception, status: int, sentence: str) -> None:
    tokens = Tokens(project.info().secret)
    with pytest.MonkeyPatch.context() as patched, TestClient(Starlette(routes=routes(project, tokens))) as client:
        patched.setattr(OpenProject, "read", raising(error))
        patched.setattr(OpenProject, "write", raising(error))
        reply = client.post("/earmark/api/next", json={"session": tokens.for_session(1), "want": 1})
    assert reply.status_code == status
    assert reply.json()["error"].startswith(sentence)
    assert "secret" not in reply.text
