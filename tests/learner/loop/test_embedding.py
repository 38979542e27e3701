"""The running learner makes features that clips lack, and a lead may pause it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.errors import EncoderError
from db.project import OpenProject
from db.records.features import set_paused
from db.status import project_status
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_named
from learner.loop import embedding
from learner.loop.embedding import PAUSED, Embedding
from learner.loop.heartbeat import Reporter
from learner.loop.run import run_learner
from tests.learner.audio_files import import_files, tone, written
from tests.learner.loop.what_was_published import runs, state_of

CLIPS = 40


@pytest.fixture(autouse=True)
def quick_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "project_encoder", lambda _project: encoder_named("logmel"))
    monkeypatch.setattr(embedding, "LOOK_SECONDS", 0.0)


@pytest.fixture
def clips(project: OpenProject, tmp_path: Path) -> list[int]:
    """More than two batches of them."""
    return import_files(project, [written(tmp_path / f"{number}.wav", tone(200 + number, 0.2)) for number in range(CLIPS)])


@pytest.fixture
def at_work(project: OpenProject) -> Embedding:
    return Embedding(project, Reporter(project))


def embedded(project: OpenProject) -> int:
    with project.read() as session:
        return int(project_status(session)["embedded"])


def pause(project: OpenProject, paused: bool) -> None:
    with project.write() as session:
        set_paused(session, paused)


def never() -> bool:
    return False


def stops_when(condition: Callable[[], bool]) -> Callable[[], bool]:
    """For `should_stop`: true once the condition holds; gives up after 20 seconds."""
    until = time.monotonic() + 20

    def stop() -> bool:
        assert time.monotonic() < until
        return condition()

    return stop


def test_the_learner_makes_features_and_then_learns(project: OpenProject, clips: list[int]) -> None:
    run_learner(project, embeds=True, poll_seconds=0.01, should_stop=stops_when(lambda: runs(project) > 0))
    assert embedded(project) == len(clips)


def test_without_being_asked_the_learner_makes_none(project: OpenProject, clips: list[int]) -> None:
    run_learner(project, poll_seconds=0.01, should_stop=stops_when(lambda: bool(state_of(project).detail)))
    assert embedded(project) == 0


def test_it_stops_after_the_batch_in_which_a_lead_pauses_it(project: OpenProject, clips: list[int], at_work: Embedding) -> None:
    def pausing() -> bool:
        pause(project, True)
        return False

    at_work.stretch(pausing)
    assert 0 < embedded(project) < len(clips)
    assert (state_of(project).state, state_of(project).detail) == ("waiting", PAUSED)
    before = embedded(project)
    at_work.stretch(never)
    assert embedded(project) == before
    pause(project, False)
    at_work.stretch(never)
    assert embedded(project) == len(clips)


def test_what_is_due_in_between_comes_first_and_then_it_goes_on(
    project: OpenProject, clips: list[int], at_work: Embedding
) -> None:
    at_work.stretch(lambda: True)
    assert embedded(project) < len(clips)
    at_work.stretch(never)
    assert embedded(project) == len(clips)


def test_new_clips_get_features_in_the_set_in_use(
    project: OpenProject, clips: list[int], at_work: Embedding, tmp_path: Path
) -> None:
    at_work.stretch(never)
    import_files(project, [written(tmp_path / "new.wav", tone(900, 0.2))])
    at_work.stretch(never)
    assert embedded(project) == len(clips) + 1


def test_an_encoder_that_fails_is_reported_and_stops_nothing(
    project: OpenProject, clips: list[int], at_work: Embedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def failing(_project: OpenProject) -> Encoder:
        tried.append(1)
        raise EncoderError("There is no encoder 'x'; name another one.")

    monkeypatch.setattr(embedding, "project_encoder", failing)
    at_work.stretch(never)
    at_work.stretch(never)
    assert tried == [1]
    assert (state_of(project).state, state_of(project).detail) == ("waiting", "There is no encoder 'x'; name another one.")
