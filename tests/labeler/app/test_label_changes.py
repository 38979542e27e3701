"""A page that was opened before labels changed: what it still sends is understood, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.changes.label_set import merge_label, rename_label, retire_label
from db.project import OpenProject
from db.records.labels import label_name
from labeler.player.label_keys import project_keys
from learner.withdrawal.withdraw import withdraw
from tests.labeler.app.test_routes import Page, labelled, page_of


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """A page of Ann's."""
    with page_of(project, tmp_path / "audio") as opened:
        yield opened


def stored(page: Page) -> list[str | None]:
    with page.project.read() as session:
        return [label_name(session, decision.label_id) for decision in page.standing()]


def test_answers_with_the_older_names_of_labels_are_taken_for_what_they_are_now(page: Page) -> None:
    first, second = page.next(2)
    with page.project.write() as session:
        rename_label(session, "happy", "joyful")
        merge_label(session, "sad", into="angry")
    results = page.send(labelled(first, "happy"), labelled(second, "sad"))
    assert [result["status"] for result in results] == ["saved", "saved"]
    assert stored(page) == ["joyful", "angry"]


def test_an_answer_with_a_retired_label_is_refused_and_a_later_one_taken(page: Page) -> None:
    first, second = page.next(2)
    with page.project.write() as session:
        retire_label(session, "sad")
    refused, saved = page.send(labelled(first, "sad"), labelled(second, "happy"))
    assert refused["status"] == "refused"
    assert refused["error"] == "'sad' is a label that was retired; use one of: angry, happy."
    assert saved["status"] == "saved"


def test_an_answer_for_a_withdrawn_clip_is_refused_and_its_clip_does_not_come_back(page: Page) -> None:
    answered, waiting = page.next(2)
    assert page.send(labelled(answered))[0]["status"] == "saved"
    withdraw(page.project, [answered["clip"], waiting["clip"]])
    (refused,) = page.send(labelled(waiting))
    assert refused["error"].startswith(f"The clip {waiting['clip']} was withdrawn")
    undone = page.post("undo", {"session": page.session, "uuid": "00000000-0000-4000-8000-000000000001"}).json()
    assert undone["clip"] is None
    assert {clip["clip"] for clip in page.next(6)} == {*page.clips} - {answered["clip"], waiting["clip"]}


def test_a_key_that_the_settings_give_to_a_label_stays_with_it(project: OpenProject) -> None:
    project.settings = project.settings.model_copy(update={"label_keys": {"happy": "h", "sad": "x"}})
    with project.write() as session:
        rename_label(session, "happy", "joyful")
        retire_label(session, "sad")
    assert project_keys(project, ["angry", "joyful"]) == ["1", "h"]
