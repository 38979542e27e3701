"""The running learner encodes transcripts that come or change, and a project without words loads nothing for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from db.models import Clip
from db.project import OpenProject
from db.records.clip_changes import set_details
from db.records.features import set_paused, words_signature
from db.settings_file import change_settings
from learner.loop import words
from learner.loop.heartbeat import Reporter
from learner.loop.words import WordEmbedding
from tests.filled_projects import add_clips
from tests.learner.loop.what_was_published import state_of
from tests.learner.text_encoders.small_bert import small_bert


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(small_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture
def at_work(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> WordEmbedding:
    monkeypatch.setattr(words, "LOOK_SECONDS", 0.0)
    add_clips(project, 3)
    say(project, 0, "good")
    say(project, 1, "bad")
    return WordEmbedding(project, Reporter(project))


def say(project: OpenProject, number: int, text: str) -> None:
    with project.write() as session:
        clip = session.query(Clip).order_by(Clip.id).offset(number).limit(1).one()
        set_details(session, clip, transcript=text)


def encoded(project: OpenProject) -> int:
    """How many transcripts have a vector."""
    with project.read() as session:
        signature = words_signature(session, project.settings.text_encoder)
    return signature[1] if signature else 0


def never() -> bool:
    return False


def test_transcripts_that_come_are_encoded_if_a_text_encoder_is_set(
    project: OpenProject, at_work: WordEmbedding, bert: str
) -> None:
    at_work.stretch(never)
    assert encoded(project) == 0
    change_settings(project.directory, {"text_encoder": bert}, by="Lee")
    at_work.stretch(never)
    assert encoded(project) == 2
    with project.read() as session:
        before = words_signature(session, bert)
    say(project, 0, "bad")
    at_work.stretch(never)
    with project.read() as session:
        assert words_signature(session, bert) != before, "the learner must read the pool again"
    say(project, 2, "new")
    at_work.stretch(never)
    assert encoded(project) == 3


def test_a_pause_holds_for_words_too(project: OpenProject, at_work: WordEmbedding, bert: str) -> None:
    change_settings(project.directory, {"text_encoder": bert}, by="Lee")
    with project.write() as session:
        set_paused(session, True)
    at_work.stretch(never)
    assert encoded(project) == 0


def test_a_text_encoder_that_is_not_there_is_reported_and_tried_again_later(
    project: OpenProject, at_work: WordEmbedding, bert: str, tmp_path: Path
) -> None:
    change_settings(project.directory, {"text_encoder": str(tmp_path / "gone")}, by="Lee")
    at_work.stretch(never)
    state = state_of(project)
    assert state.state == "waiting"
    assert "There is no text encoder" in state.detail
    change_settings(project.directory, {"text_encoder": bert}, by="Lea")
    at_work.stretch(never)
    assert encoded(project) == 2, "another one is tried at once"


def test_the_learner_of_a_project_without_words_loads_nothing_that_reads_text() -> None:
    script = (
        "import sys, learner.loop.words, learner.dataset.project_pool\n"
        "print(sorted(name for name in sys.modules if name.startswith(('learner.text_encoders', 'transformers', 'torch'))))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
