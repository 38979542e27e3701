"""Backups while people answer, and projects made of them again, on both databases."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.decisions.taking import GivenAnswer, take
from db.errors import FeatureError, FormatError, ProjectError
from db.guidelines import read_guidelines
from db.models import Answer, Base, Clip, Decision, LearnerState, Source
from db.project import OpenProject, open_project
from db.records.learner_state import report_state
from db.records.people.annotators import annotator_named
from db.settings import SETTINGS_FILE
from db.store.lock import EMBED_LOCK, locked
from tests.db.damaged import damage_file
from tests.filled_projects import LABELS, add_clips, answer

ANNOTATORS = 20


class Annotators:
    """Twenty people who answer until the block ends; `acknowledged` are the answers that were stored for sure."""

    def __init__(self, project: OpenProject, clips: list[int]) -> None:
        self._project, self._clips = project, clips
        self.acknowledged: list[str] = []
        self._over = threading.Event()
        self._more = threading.Condition()
        self._threads = [threading.Thread(target=self._answer, args=(f"annotator {each}",)) for each in range(ANNOTATORS)]

    def __enter__(self) -> Annotators:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int) -> list[str]:
        """What is acknowledged after so many more answers."""
        with self._more:
            wanted = len(self.acknowledged) + more
            assert self._more.wait_for(lambda: len(self.acknowledged) >= wanted, timeout=60)
            return list(self.acknowledged)

    def _answer(self, name: str) -> None:
        for clip_id in self._clips * 100:
            if self._over.is_set():
                return
            made = str(uuid.uuid4())
            with self._project.write() as session:
                who = annotator_named(session, name).id
                label = LABELS[clip_id % len(LABELS)]
                given = GivenAnswer(
                    uuid=made, clip_id=clip_id, annotator_id=who, answer=Answer.LABEL, label=label, source=Source.UNCERTAIN
                )
                take(session, given)
            with self._more:
                self.acknowledged.append(made)
                self._more.notify_all()


def answers_of(project: OpenProject) -> set[str]:
    with project.read() as session:
        return set(session.scalars(select(Decision.uuid)))


def test_a_backup_holds_every_answer_that_was_acknowledged_before_it_began(any_project: OpenProject, tmp_path: Path) -> None:
    with Annotators(any_project, add_clips(any_project, 30)) as annotators:
        before = annotators.wait_for(100)
        report = back_up(any_project, tmp_path / "b.zip")
        # Nobody was kept from answering.
        annotators.wait_for(ANNOTATORS)

    restore(tmp_path / "b.zip", tmp_path / "again")
    again = open_project(tmp_path / "again")
    restored = answers_of(again)
    again.close()
    assert set(before) <= restored <= set(annotators.acknowledged) | answers_of(any_project)
    assert len(restored) == report.decisions
    with closing(sqlite3.connect(tmp_path / "again" / "earmark.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def rows_of(project: OpenProject) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the learner's state, as its database gives it."""
    with project.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table.name != LearnerState.__tablename__
        }


def filled(project: OpenProject) -> OpenProject:
    """Answers of every kind, with names that are hard to keep."""
    clips = add_clips(project, 6)
    answer(project, clips[0], "angry", annotator="Zoë 👍")
    answer(project, clips[0], "sad", annotator="Zoë 👍")
    answer(project, clips[1], kind=Answer.SKIP, annotator="nan")
    answer(project, clips[2], "happy", annotator="007", gold=True)
    with project.write() as session:
        report_state(session, state="waiting")
        annotator_named(session, "nan").preferences = {"speed": 1.5, "goal": None}
    return project


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_backup_becomes_the_same_project_on_either_database(
    any_project: OpenProject, target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = rows_of(filled(any_project))
    back_up(any_project, tmp_path / "b.zip")
    url = None if target == "sqlite" else str(request.getfixturevalue("another_postgres_url"))
    restore(tmp_path / "b.zip", tmp_path / "again", database_url=url)

    again = open_project(tmp_path / "again")
    assert again.engine.dialect.name == target
    assert rows_of(again) == before
    with pytest.raises(DBAPIError, match="append-only"), again.write() as session:
        session.execute(text("DELETE FROM decision"))
    # Ids go on where they were.
    assert answer(again, 1) in answers_of(again)
    assert add_clips(again, 7)[-1] == 7
    again.close()


def test_the_learner_of_a_restored_project_has_not_run_yet(project: OpenProject, tmp_path: Path) -> None:
    back_up(filled(project), tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "again")
    again = open_project(tmp_path / "again")
    with again.read() as session:
        assert session.scalars(select(LearnerState)).all() == []
    again.close()


def test_a_backup_names_what_is_in_it_and_where_the_audio_is(project: OpenProject, tmp_path: Path) -> None:
    (project.heads_dir / "run_7.npz").write_bytes(b"of a run that was never published")
    report = back_up(filled(project), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.namelist() == ["earmark.toml", "earmark.sqlite", "manifest.json"]
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["audio_folders"] == {"/audio": 6}
    assert (manifest["newest_decision"], manifest["rows"]["decision"], manifest["rows"]["learner_state"]) == (4, 4, 0)
    assert (report.decisions, report.clips, report.heads) == (4, 6, 0)
    assert restore(tmp_path / "b.zip", tmp_path / "again").to_json()["audio_folders"] == [
        {"folder": "/audio", "files": 6, "is_there": False}
    ]


def test_the_label_guidelines_come_along(project: OpenProject, tmp_path: Path) -> None:
    (project.directory / "guidelines.md").write_text("# Angry\nLoud or cold.\n", encoding="utf-8")
    back_up(project, tmp_path / "b.zip")
    restore(tmp_path / "b.zip", tmp_path / "again")
    assert read_guidelines(tmp_path / "again") == "# Angry\nLoud or cold.\n"


def test_many_audio_folders_are_named_by_the_folders_above(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.backups.backing_up.MOST_FOLDERS", 2)
    clips = add_clips(project, 4)
    paths = ["/a/b/c/1.wav", "/a/b/d/2.wav", "/a/b/3.wav", "/z/4.wav"]
    with project.write() as session:
        for clip_id, path in zip(clips, paths, strict=True):
            session.get_one(Clip, clip_id).file.path = path
    assert back_up(project, tmp_path / "b.zip").audio_folders == {"/a/b": 3, "/z": 1}


def test_a_backup_is_for_its_owner_only_since_it_holds_the_projects_secret(project: OpenProject, tmp_path: Path) -> None:
    back_up(project, tmp_path / "b.zip")
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600


def test_the_password_of_the_database_is_not_in_a_backup(project: OpenProject, tmp_path: Path) -> None:
    settings = project.directory / SETTINGS_FILE
    settings.write_text('# ours\ndatabase_url = "postgresql://me:geheim@host/x"\nqueue_size = 7 # clips\n', encoding="utf-8")
    back_up(project, tmp_path / "b.zip")
    assert b"geheim" not in (tmp_path / "b.zip").read_bytes()
    restore(tmp_path / "b.zip", tmp_path / "again")
    assert (tmp_path / "again" / SETTINGS_FILE).read_text(encoding="utf-8") == "# ours\nqueue_size = 7 # clips\n"


def test_an_older_backup_is_replaced_and_nothing_is_left_beside_it(project: OpenProject, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    back_up(project, tmp_path / "out" / "b.zip")
    add_clips(project, 2)
    seen: list[tuple[int, int]] = []
    back_up(project, tmp_path / "out" / "b.zip", progress=lambda done, total: seen.append((done, total)))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.zip"]
    assert restore(tmp_path / "out" / "b.zip", tmp_path / "again").clips == 2
    assert seen[-1][0] == seen[-1][1] > 0


def test_a_damaged_database_makes_no_backup(project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 500)
    project.close()
    damage_file(project.directory / "earmark.sqlite")
    with pytest.raises(ProjectError, match="database .*damaged"):
        back_up(project, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()


def test_a_backup_that_cannot_be_written_is_named(project: OpenProject, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a folder"):
        back_up(project, tmp_path)
    with pytest.raises(FormatError, match="does not exist"):
        back_up(project, tmp_path / "none" / "b.zip")
    with pytest.raises(FormatError, match="is not a regular file"):
        back_up(project, Path("/dev/null"))


def test_features_are_not_copied_while_they_are_written(project: OpenProject, tmp_path: Path) -> None:
    def refused(owner: str) -> ProjectError:
        return ProjectError(owner)

    with (
        locked(project.directory / EMBED_LOCK, refused=refused),
        pytest.raises(FeatureError, match="leave --with-features out"),
    ):
        back_up(project, tmp_path / "b.zip", with_features=True)
    assert not (tmp_path / "b.zip").exists()
