"""A withdrawn clip leaves features, predictions and copies; the user's own file stays, and an interrupted call is finished."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Clip, FeatureRow, Rejection
from db.project import OpenProject
from db.records.clips import clip_audio
from labeler.app.media.pictures import Pictures
from labeler.app.media.playable import AudioFiles
from learner.features.matrix import open_features
from learner.imports.source import import_source
from learner.loop.publishing import Published, Publisher
from learner.loop.run import learn_once
from learner.search.likely import read_likely
from learner.search.predicted import read_predictions
from learner.withdrawal import withdraw as room
from learner.withdrawal.withdraw import finish_withdrawals, withdraw, withdraw_in_portions
from tests.filled_projects import add_clips
from tests.learner.audio_files import import_files, noise, written
from tests.learner.loop.what_was_published import newest_run, queued
from tests.learner.synthetic_projects import embedded_project, label_truly


def make_copies(project: OpenProject, clip_id: int) -> None:
    """A picture and a louder copy, as the app makes them."""
    with project.read() as session:
        clip = clip_audio(session, clip_id)
    Pictures(project.cache_dir / "pictures").picture(clip)
    AudioFiles(project.cache_dir / "audio").playable(clip, imported=(clip.size, clip.mtime_ns), form="wav", level_of=clip)


def copies(project: OpenProject) -> list[Path]:
    return [path for name in ("audio", "pictures") for path in (project.cache_dir / name).iterdir()]


def test_features_predictions_and_copies_go_and_the_next_run_knows_nothing_of_the_clip(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    labelled, unlabelled = clips[0], clips[20]
    report = withdraw(project, [labelled, unlabelled], reason="consent withdrawn", by="Lee")
    assert (report.clips, report.vectors, report.overlapping) == ([labelled, unlabelled], 2, 0)
    assert read_likely(project.heads_dir) is None
    predicted = read_predictions(project.heads_dir)
    assert predicted is not None
    assert predicted.of([unlabelled]) == {}
    assert len(predicted.clip_ids) == 17, "of 18 that nobody had answered"
    assert unlabelled not in {entry.clip_id for entry in queued(project)}
    learn_once(project)
    assert (newest_run(project).decisions, newest_run(project).labeled) == (11, 11)
    likely, features = read_likely(project.heads_dir), open_features(project)
    assert likely is not None
    assert unlabelled not in likely.clip_ids
    assert features is not None
    assert not features.has([labelled, unlabelled]).any()


def test_a_run_that_began_before_writes_nothing_of_the_clip(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    publish = Publisher.publish

    def withdrawn_before_the_scoring(publisher: Publisher) -> Published | None:
        published = publish(publisher)
        withdraw(project, [clips[20]])
        return published

    monkeypatch.setattr(Publisher, "publish", withdrawn_before_the_scoring)
    learn_once(project)
    likely, predicted = read_likely(project.heads_dir), read_predictions(project.heads_dir)
    assert likely is not None
    assert predicted is not None
    assert clips[20] not in likely.clip_ids
    assert clips[20] not in predicted.clip_ids


def test_predictions_that_cannot_be_read_are_deleted(project: OpenProject) -> None:
    clips = add_clips(project, 1)
    path = project.heads_dir / "predicted_1.npz"
    path.write_bytes(b"no predictions at all")
    withdraw(project, clips)
    assert not path.exists()


def test_lists_without_the_clip_stay(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    label_truly(project, clips[:12])
    learn_once(project)
    withdraw(project, [clips[0]])
    assert read_likely(project.heads_dir) is not None


def test_copies_of_the_audio_go_and_the_users_own_file_stays(project: OpenProject, tmp_path: Path) -> None:
    files = [written(tmp_path / f"{number}.wav", noise(0.3, seed=number)) for number in range(2)]
    gone, kept = import_files(project, files)
    for clip in (gone, kept):
        make_copies(project, clip)
    before, bytes_before = copies(project), files[0].read_bytes()
    report = withdraw(project, [gone])
    assert report.cached_files == 3, "a picture, a copy and its gain"
    assert len(copies(project)) == len(before) - 3
    assert files[0].read_bytes() == bytes_before


def test_a_withdrawn_file_is_rejected_by_the_next_import_with_the_reason(project: OpenProject, tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    files = [written(folder / f"{number}.wav", noise(0.3, seed=number)) for number in range(2)]
    gone, _ = import_files(project, files)
    withdraw(project, [gone])
    report = import_source(project, folder).to_json()
    assert (report["added"], report["known"]) == (0, 1)
    (rejected,) = report["rejected"]
    assert rejected["file_name"] == "0.wav"
    assert rejected["reason"].startswith(f"This audio was withdrawn (clip {gone})")
    with project.read() as session:
        assert session.scalars(select(Rejection)).all() == [], "its name is not stored again"


def test_what_was_deleted_is_not_in_the_database_file_any_more(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    with project.write() as session:
        session.get_one(Clip, clip).transcript = "my name is Annabella"
    report = withdraw(project, [clip])
    assert report.log_emptied
    project.close()
    for name in ("earmark.sqlite", "earmark.sqlite-wal"):
        path = project.directory / name
        assert not path.exists() or b"Annabella" not in path.read_bytes()


def test_a_reader_keeps_the_log_and_the_report_tells(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    reader = sqlite3.connect(project.directory / "earmark.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM clip").fetchall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("db.store.overwriting.WAIT_MS", 10)
        assert not withdraw(project, [clip]).log_emptied
    reader.close()


def test_an_interrupted_withdrawal_is_finished_by_the_next_call(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = embedded_project(project, 5)

    def killed(_project: OpenProject) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "erase_withdrawn", killed)
    with pytest.raises(KeyboardInterrupt):
        withdraw(project, [clips[0]])
    monkeypatch.undo()
    assert finish_withdrawals(project) == (1, 0)
    assert finish_withdrawals(project) == (0, 0)


def test_the_vectors_that_a_probe_kept_go_with_the_clip(project: OpenProject) -> None:
    clip = add_clips(project, 1)[0]
    kept = project.features_dir / "probe" / "0123"
    kept.mkdir(parents=True)
    (kept / "vectors.npy").write_bytes(b"x")
    withdraw(project, [clip])
    assert not kept.exists()


def test_many_clips_go_in_portions_and_their_files_also_when_it_stops_early(project: OpenProject) -> None:
    clips = embedded_project(project, 30)
    portions = withdraw_in_portions(project, clips, reason="consent", by="lead", portion=4)
    assert [next(portions), next(portions)] == [4, 8]
    assert not erased(project, clips[:8])
    portions.close()
    assert erased(project, clips[:8])
    assert list(withdraw_in_portions(project, clips[:12], reason="consent", by="lead", portion=5)) == [0, 2, 4]


def erased(project: OpenProject, clips: list[int]) -> bool:
    """Whether no vector of these clips is known any more."""
    with project.read() as session:
        return not session.scalars(select(FeatureRow.clip_id).where(FeatureRow.clip_id.in_(clips))).all()


def test_an_uploaded_file_goes_with_the_last_of_its_clips(project: OpenProject) -> None:
    folder = project.uploads_dir / "0123456789abcdef"
    folder.mkdir(parents=True)
    files = [written(folder / f"{number}.wav", noise(0.3, seed=number)) for number in range(3)]
    gone, _ = import_files(project, files[:2])
    withdraw(project, [gone])
    assert [path.exists() for path in files] == [False, True, True], "the last one is not imported yet"
