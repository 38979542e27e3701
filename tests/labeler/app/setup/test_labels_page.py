"""The page Labels: what a lead changes there, and what the guide of the player then shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from db.guidelines import GUIDELINES_FILE
from db.models import Event, Label
from db.project import OpenProject
from labeler.app.api.guidelines import project_guide
from labeler.app.opened import VARIABLE
from labeler.app.sign_in.tokens import Tokens
from tests.filled_projects import add_clips, answer

PALETTE_BLUE = "#3b76c0"


def labels_page() -> None:
    """The script of a page."""
    from labeler.app.pages.setup.labels import show_labels

    show_labels()


@pytest.fixture
def page(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, opened by Lea."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    test = AppTest.from_function(labels_page, default_timeout=60)
    test.query_params["annotator"] = "Lea"
    return test.run()


def stored(project: OpenProject) -> dict[str, Label]:
    with project.read() as session:
        found = {label.name: label for label in session.scalars(select(Label))}
        session.expunge_all()
    return found


def opened(page: AppTest, label: Label) -> AppTest:
    return page.button(key=f"label-edit-{label.id}").click().run()


def test_a_label_is_added_and_a_bad_one_is_refused_in_a_sentence(project: OpenProject, page: AppTest) -> None:
    page.text_input(key="label-new").set_value("bored")
    page.button[-2].click().run()
    assert "bored" in stored(project)
    page.text_input(key="label-new").set_value("bored")
    page.button[-2].click().run()
    assert [error.value.replace("\\", "").replace(":small[]", "") for error in page.error] == [
        "There is a label 'bored' already; choose another name."
    ]


def test_name_colour_and_guideline_are_saved_together(project: OpenProject, page: AppTest) -> None:
    label = stored(project)["angry"]
    opened(page, label)
    page.text_input(key=f"label-name-{label.id}").set_value("anger")
    page.color_picker(key=f"label-colour-{label.id}").set_value("#112233")
    page.text_area(key=f"label-guideline-{label.id}").set_value("Loud, **never** ironic.")
    page.button(key=f"label-save-{label.id}").click().run()
    assert not page.error
    now = stored(project)["anger"]
    assert (now.id, now.colour, now.guideline) == (label.id, "#112233", "Loud, **never** ironic.")
    with project.read() as session:
        events = [(event.kind, event.done_by) for event in session.scalars(select(Event).order_by(Event.id))]
    assert events == [("label-colour", "Lea"), ("label-guideline", "Lea")]


def test_merging_asks_first_and_names_the_answers(project: OpenProject, page: AppTest) -> None:
    for clip in add_clips(project, 3):
        answer(project, clip, "angry")
    label = stored(project)["angry"]
    opened(page, label)
    page.selectbox(key=f"label-into-{label.id}").set_value("sad").run()
    page.button(key=f"label-merge-{label.id}").click().run()
    assert stored(project)["angry"].active
    assert any("The 3 answers of angry will count as sad" in text.value.replace("\\", "") for text in page.markdown)
    page.button(key=f"label-asked-{label.id}-yes").click().run()
    now = stored(project)
    assert (now["angry"].active, now["angry"].merged_into_id) == (False, now["sad"].id)
    page.button(key=f"label-restore-{label.id}").click().run()
    assert stored(project)["angry"].active


def test_retiring_can_be_thought_over(project: OpenProject, page: AppTest) -> None:
    label = stored(project)["angry"]
    opened(page, label)
    page.button(key=f"label-retire-{label.id}").click().run()
    page.button(key=f"label-asked-{label.id}-no").click().run()
    assert stored(project)["angry"].active


def test_hostile_names_and_guidelines_stay_text(project: OpenProject, page: AppTest) -> None:
    hostile = "<img src=x onerror=alert(1)> **b** [x](javascript:alert(2))"
    page.text_input(key="label-new").set_value(hostile)
    page.button[-2].click().run()
    label = stored(project)[hostile]
    opened(page, label)
    page.text_area(key=f"label-guideline-{label.id}").set_value(hostile).run()
    page.button(key=f"label-save-{label.id}").click().run()
    assert not page.exception
    with project.read() as session:
        guide = project_guide(session, project.directory, Tokens("00" * 32)) or ""
    assert "<img" not in guide
    assert 'href="javascript' not in guide


def test_guidelines_of_project_and_labels_are_one_guide(project: OpenProject, page: AppTest) -> None:
    page.text_area(key="project-guidelines").set_value("# Before you begin").run()
    page.button(key="project-guidelines-save").click().run()
    assert (project.directory / GUIDELINES_FILE).read_text(encoding="utf-8") == "# Before you begin"
    label = stored(project)["angry"]
    opened(page, label)
    page.text_area(key=f"label-guideline-{label.id}").set_value("Loud.").run()
    page.button(key=f"label-save-{label.id}").click().run()
    with project.read() as session:
        guide = project_guide(session, project.directory, Tokens("00" * 32))
    assert guide == "<h1>Before you begin</h1>\n<h2>angry</h2>\n<p>Loud.</p>\n"


def test_guidelines_that_somebody_else_changed_meanwhile_are_kept(project: OpenProject, page: AppTest) -> None:
    page.text_area(key="project-guidelines").set_value("mine").run()
    path: Path = project.directory / GUIDELINES_FILE
    path.write_text("theirs", encoding="utf-8")
    page.button(key="project-guidelines-save").click().run()
    assert path.read_text(encoding="utf-8") == "theirs"
    assert "was changed by somebody else meanwhile" in page.error[0].value
