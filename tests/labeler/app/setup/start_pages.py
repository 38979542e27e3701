"""The start page in a test, which ends no process when a project is chosen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from labeler.app.pages.setup import start


def _script() -> None:
    from labeler.app.pages.setup.start import show_start

    show_start()


def start_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, which writes what is chosen to `answer` in the folder, and proposes `proposed` there."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(start.ANSWER, str(folder / "answer"))
    monkeypatch.setenv(start.PROPOSED, str(folder / "proposed"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setattr(start, "leave_soon", lambda: None)
    return AppTest.from_function(_script, default_timeout=60)
