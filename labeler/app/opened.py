"""The one project that this process serves; opened when it is first needed, and shared by routes and pages."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from db.errors import ProjectError
from db.project import OpenProject, open_project
from labeler.app.sign_in.tokens import Tokens

VARIABLE = "EARMARK_PROJECT"
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Serving:
    """The open project, its identity, and the tokens signed with its secret."""

    project: OpenProject
    uuid: str
    tokens: Tokens


def serving() -> Serving:
    """The project named by EARMARK_PROJECT.

    Raises:
        EarmarkError: it cannot be opened.
    """
    directory = os.environ.get(VARIABLE)
    if not directory:
        raise ProjectError(f"{VARIABLE} names no project; start the app with `earmark --project DIR serve`.")
    with _LOCK:
        return _opened(directory)


@cache
def _opened(directory: str) -> Serving:
    project = open_project(Path(directory))
    info = project.info()
    return Serving(project=project, uuid=info.uuid, tokens=Tokens(info.secret))
