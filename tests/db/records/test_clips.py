"""What becomes of files that are imported once, twice, under two names, or changed."""

from __future__ import annotations

import random

import pytest

from db.errors import ClipError
from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clips import NewClip, Outcome, find_clip, mark_broken, ready_clips_without_features, register_clip
from db.records.features import add_rows, ensure_feature_set
from db.serving.upcoming import upcoming
from tests.filled_projects import add_clips, answer, new_file


def register(
    project: OpenProject, name: str, *, content: str | None = None, start: float = 0.0, end: float = 1.0
) -> tuple[int, Outcome]:
    clip = NewClip(file=new_file(name, content=content), file_name=name, start=start, end=end)
    with project.write() as session:
        registered = register_clip(session, clip, rng=random.Random(0))
    return registered.clip_id, registered.outcome


def test_importing_twice_changes_nothing(any_project: OpenProject) -> None:
    assert register(any_project, "a.wav")[1] == "added"
    assert register(any_project, "a.wav")[1] == "known"


def test_the_same_bytes_under_another_name_are_an_alias(any_project: OpenProject) -> None:
    first, _ = register(any_project, "a.wav", content="same")
    assert register(any_project, "b.wav", content="same") == (first, "alias")
    assert register(any_project, "b.wav", content="same") == (first, "known")
    with any_project.read() as session:
        assert find_clip(session, file_name="b.wav").id == first
        assert [clip.clip_id for clip in upcoming(session, limit=9, random_share=0.2)] == [first], "queued once"


def test_a_path_with_new_bytes_is_a_new_clip_and_the_old_decision_stays(any_project: OpenProject) -> None:
    old, _ = register(any_project, "a.wav", content="before")
    answer(any_project, old)
    new, outcome = register(any_project, "a.wav", content="after")
    assert (outcome, new == old) == ("renewed", False)
    with any_project.read() as session:
        assert session.get_one(Clip, old).state == ClipState.REPLACED
        assert find_clip(session, file_name="a.wav").id == new


def test_an_alias_takes_over_when_the_first_path_changes(any_project: OpenProject) -> None:
    clip, _ = register(any_project, "a.wav", content="same")
    register(any_project, "b.wav", content="same")
    register(any_project, "a.wav", content="other")
    with any_project.read() as session:
        survivor = session.get_one(Clip, clip)
        assert (survivor.state, survivor.file_name, survivor.file.path) == (ClipState.READY, "b.wav", "/audio/b.wav")


def test_old_bytes_that_come_back_are_the_old_clip(any_project: OpenProject) -> None:
    old, _ = register(any_project, "a.wav", content="before")
    register(any_project, "a.wav", content="after")
    assert register(any_project, "a.wav", content="before") == (old, "renewed")


def test_spans_of_one_file_are_clips_of_their_own(any_project: OpenProject) -> None:
    first, _ = register(any_project, "long.wav", start=0.0, end=0.4)
    second, _ = register(any_project, "long.wav", start=0.4, end=1.0)
    with any_project.read() as session:
        with pytest.raises(ClipError, match=r"Several clips are called 'long\.wav'"):
            find_clip(session, file_name="long.wav")
        assert find_clip(session, file_name="long.wav", start=0.4).id == second != first


def test_an_unknown_clip_is_named(any_project: OpenProject) -> None:
    with any_project.read() as session:
        with pytest.raises(ClipError, match=r"no clip 'gone\.wav'"):
            find_clip(session, file_name="gone.wav")
        with pytest.raises(ClipError, match="no clip 7"):
            find_clip(session, clip_id=7)
        for number in (0, -1, 2**31, 10**30):
            with pytest.raises(ClipError, match=f"no clip {number};"):
                find_clip(session, clip_id=number)


def test_broken_and_embedded_clips_are_not_embedded_again(any_project: OpenProject) -> None:
    broken, embedded, waiting = add_clips(any_project, 3)
    with any_project.write() as session:
        features = ensure_feature_set(session, fingerprint="f" * 64, encoder="e", dim=2, settings={})
        mark_broken(session, broken, "cannot be decoded")
        add_rows(session, features, [(embedded, 0, 0)])
        assert [clip.clip_id for clip in ready_clips_without_features(session, features)] == [waiting]
