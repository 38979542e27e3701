"""Pages of a project that lacks labels or audio."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.project import OpenProject, create_project
from labeler.app.opened import VARIABLE
from tests.filled_projects import add_clips


def empty_page() -> None:
    """The script of a page."""
    import streamlit as st

    from labeler.app.opened import serving
    from labeler.app.pages.setup.audio import show_audio
    from labeler.app.pages.setup.labels import show_labels
    from labeler.app.pages.setup.still_empty import is_still_empty

    def show_label() -> None:
        if not is_still_empty(serving()):
            st.text("the page itself")

    pages = [
        st.Page(show_label, url_path="label", default=True),
        st.Page(show_labels, url_path="labels"),
        st.Page(show_audio, url_path="audio"),
    ]
    st.navigation(pages).run()


def shown(directory: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(directory))
    page = AppTest.from_function(empty_page, default_timeout=60).run()
    assert not page.exception
    return page.text[0].value, [link.proto.label for link in page.get("page_link")]


def test_a_new_project_leads_to_labels_and_audio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_project(tmp_path / "new", labels=None).close()
    assert shown(tmp_path / "new", monkeypatch) == (
        "This project has no labels and no audio yet.",
        ["Add labels", "Add audio"],
    )


def test_a_project_without_audio_leads_to_audio(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(project.directory, monkeypatch) == ("This project has no audio yet.", ["Add audio"])


def test_a_project_with_both_shows_its_pages(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    add_clips(project, 1)
    assert shown(project.directory, monkeypatch) == ("the page itself", [])
