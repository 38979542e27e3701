"""The UUIDs of imported labels: the same at every import, so that importing again adds nothing; and foreseen by nobody."""

from __future__ import annotations

import hmac
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from db.decisions.taking import GivenAnswer, take
from db.models import Answer, Clip, Decision, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from learner.imports.source import import_source
from tests.filled_projects import standing, undo
from tests.learner.audio_files import noise, written

LABELS = {"a.wav": "happy", "b.wav": "sad"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A manifest of two labelled clips."""
    for number, name in enumerate(LABELS):
        written(tmp_path / name, noise(0.1, seed=number))
    manifest = tmp_path / "m.csv"
    manifest.write_text("file_name,label\n" + "".join(f"{name},{label}\n" for name, label in LABELS.items()))
    return manifest


def imported(project: OpenProject, source: Path) -> list[Decision]:
    """The labels, imported as Gold's."""
    import_source(project, source, labels_as="gold")
    return [decision for decision in standing(project) if decision.source == Source.IMPORTED]


def foreseen(project: OpenProject, decision: Decision, label: str) -> str:
    """The UUID that imports gave to a label until they made it from the secret: the project's UUID is in every browser."""
    namespace = uuid.UUID(project.info().uuid)
    return str(uuid.uuid5(namespace, f"imported {decision.clip_id} {decision.annotator_id} {label}"))


def give(project: OpenProject, like: Decision, *, label: str, made: str, annotator: str, source: Source) -> None:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        given = GivenAnswer(uuid=made, clip_id=like.clip_id, annotator_id=who, answer=Answer.LABEL, label=label, source=source)
        take(session, given)


def to_be_imported(project: OpenProject, source: Path) -> list[Decision]:
    """Clip and annotator of each label that is still to be imported; only the clips are in the project."""
    import_source(project, source)
    with project.write() as session:
        who = annotator_named(session, "gold").id
        clips = session.scalars(select(Clip.id).order_by(Clip.id))
        return [Decision(clip_id=clip, annotator_id=who) for clip in clips]


def test_they_follow_from_the_projects_secret(project: OpenProject, source: Path) -> None:
    for decision, label in zip(imported(project, source), LABELS.values(), strict=True):
        text = f"imported {decision.clip_id} {decision.annotator_id} {label}"
        digest = hmac.digest(project.info().secret.encode(), text.encode(), "sha256")
        assert decision.uuid == str(uuid.UUID(bytes=digest[:16], version=4))
        assert decision.uuid != foreseen(project, decision, label)


def test_whoever_knows_the_projects_uuid_cannot_keep_a_label_out(any_project: OpenProject, source: Path) -> None:
    for expected, label in zip(to_be_imported(any_project, source), LABELS.values(), strict=True):
        made = foreseen(any_project, expected, label)
        give(any_project, expected, label="angry", made=made, annotator="mallory", source=Source.UNCERTAIN)
    assert len(imported(any_project, source)) == 2


def test_labels_that_an_older_version_imported_are_not_imported_again(any_project: OpenProject, source: Path) -> None:
    for expected, label in zip(to_be_imported(any_project, source), LABELS.values(), strict=True):
        made = foreseen(any_project, expected, label)
        give(any_project, expected, label=label, made=made, annotator="gold", source=Source.IMPORTED)
    assert undo(any_project, annotator="gold")
    assert len(imported(any_project, source)) == 1, "what was taken back since stays away"
