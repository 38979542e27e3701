"""The settings file as pages change it, and as processes that have the project open notice it."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.errors import SettingsError
from db.models import Event
from db.project import OpenProject, open_project
from db.settings import SETTINGS_FILE, Settings, read_settings
from db.settings_file import change_settings


def text_of(project: OpenProject) -> str:
    return (project.directory / SETTINGS_FILE).read_text(encoding="utf-8")


def settings_problem(project: OpenProject) -> str | None:
    return project.settings_problem


def events(project: OpenProject) -> list[tuple[str, str | None, dict[str, Any]]]:
    with project.read() as session:
        return [(event.kind, event.done_by, event.details) for event in session.scalars(select(Event).order_by(Event.id))]


def test_a_change_is_in_the_file_in_use_and_recorded(any_project: OpenProject) -> None:
    project, before = any_project, text_of(any_project)
    settings = change_settings(project.directory, {"random_share": 0.5, "suggestions": True}, by="Ada")
    assert (settings.random_share, project.settings.random_share, project.settings.suggestions) == (0.5, 0.5, True)
    after = before.replace("# random_share = 0.2", "random_share = 0.5").replace("# suggestions = false", "suggestions = true")
    assert text_of(project) == after
    assert events(project) == [
        ("setting", "Ada", {"key": "random_share", "before": 0.2, "after": 0.5}),
        ("setting", "Ada", {"key": "suggestions", "before": False, "after": True}),
    ]
    change_settings(project.directory, {"random_share": 0.5}, by="Ada")
    assert len(events(project)) == 2


@pytest.mark.parametrize(
    ("changes", "key", "message"),
    [
        ({"random_share": 1.5}, "random_share", "random_share cannot be used: input should be less than or equal to 1."),
        ({"queue_size": 10, "lease_seconds": 1}, "lease_seconds", "lease_seconds cannot be used: input should be greater"),
        ({"colour": "red"}, "colour", "There is no setting 'colour'; use one of: database_url, "),
        ({"database_url": "postgresql://me:secret@host/x"}, "database_url", "to move the database, use `earmark backup`"),
    ],
)
def test_what_is_wrong_changes_nothing(project: OpenProject, changes: dict[str, Any], key: str, message: str) -> None:
    before = text_of(project)
    with pytest.raises(SettingsError) as refused:
        change_settings(project.directory, changes, by="Ada")
    assert refused.value.key == key
    assert message in str(refused.value)
    assert "secret" not in str(refused.value)
    assert (text_of(project), events(project)) == (before, [])


def test_a_key_that_the_environment_fixes_is_refused(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_HEAD_C", "0.5")
    with pytest.raises(SettingsError, match="head_c is fixed by the environment variable EARMARK_HEAD_C"):
        change_settings(project.directory, {"head_c": 2.0}, by=None)
    change_settings(project.directory, {"queue_size": 7}, by=None)
    assert (project.settings.head_c, project.settings.queue_size) == (0.5, 7)


def test_a_change_by_somebody_else_is_not_lost(project: OpenProject) -> None:
    change_settings(project.directory, {"head_c": 2.0}, by="Ada")
    with pytest.raises(SettingsError, match=r"head_c was changed by somebody else meanwhile"):
        change_settings(project.directory, {"head_c": 3.0}, by="Bob", seen={"head_c": 0.1})
    change_settings(project.directory, {"queue_size": 7}, by="Bob", seen={"queue_size": 2000})
    assert (project.settings.head_c, project.settings.queue_size) == (2.0, 7)


def test_two_who_change_different_keys_at_once_both_succeed(project: OpenProject) -> None:
    changes: list[dict[str, Any]] = [{"queue_size": 7}, {"head_c": 2.0}, {"random_share": 0.5}, {"overlap_share": 0.1}]
    threads = [threading.Thread(target=change_settings, args=(project.directory, each), kwargs={"by": None}) for each in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    now = project.settings
    assert (now.queue_size, now.head_c, now.random_share, now.overlap_share) == (7, 2.0, 0.5, 0.1)
    assert len(events(project)) == 4


def test_an_edit_in_between_is_kept(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project.directory / SETTINGS_FILE
    edited = iter([lambda: path.write_text("# mine\n" + text_of(project) + "queue_size = 7\n", encoding="utf-8")])

    def checked(*arguments: Any, **more: Any) -> None:
        next(edited, lambda: None)()

    monkeypatch.setattr("db.settings_file.record_event", checked)
    change_settings(project.directory, {"head_c": 2.0}, by=None)
    assert (project.settings.head_c, project.settings.queue_size) == (2.0, 7)
    assert text_of(project).startswith("# mine\n")


def test_a_link_stays_a_link_and_a_private_file_private(project: OpenProject, tmp_path: Path) -> None:
    path, elsewhere = project.directory / SETTINGS_FILE, tmp_path / "ours.toml"
    path.rename(elsewhere)
    elsewhere.chmod(0o600)
    path.symlink_to(elsewhere)
    change_settings(project.directory, {"head_c": 2.0}, by=None)
    assert path.is_symlink()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600
    assert read_settings(project.directory).head_c == 2.0


def test_a_wrong_value_can_be_put_right(project: OpenProject) -> None:
    path = project.directory / SETTINGS_FILE
    path.write_text("random_share = 7\nhead_c = 2.0\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"random_share cannot be used: .* It stands in .*earmark\.toml"):
        change_settings(project.directory, {"head_c": 3.0}, by=None)
    change_settings(project.directory, {"random_share": 0.7}, by=None)
    assert text_of(project) == "random_share = 0.7\nhead_c = 2.0\n"


@pytest.mark.parametrize("text", ["random_share = 9\n", "random_share = = 1\n", "\udcff", None])
def test_a_wrong_file_leaves_the_last_good_settings_in_use(project: OpenProject, text: str | None) -> None:
    path = project.directory / SETTINGS_FILE
    change_settings(project.directory, {"random_share": 0.5}, by=None)
    assert settings_problem(project) is None
    if text is None:
        path.unlink()
    else:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert project.settings.random_share == 0.5
    problem = settings_problem(project)
    assert problem is not None
    assert str(path) in problem
    assert problem.endswith("Until then the settings that were read before stay in use.")
    path.write_text("random_share = 0.7\n", encoding="utf-8")
    assert (project.settings.random_share, settings_problem(project)) == (0.7, None)


def test_the_database_does_not_change_under_an_open_project(project: OpenProject) -> None:
    path = project.directory / SETTINGS_FILE
    path.write_text('database_url = "postgresql+psycopg://me:secret@nowhere/x"\nhead_c = 2.0\n', encoding="utf-8")
    assert (project.settings.database_url, project.settings.head_c) == (None, 2.0)
    assert "restart `earmark serve`" in (project.settings_problem or "")
    assert "secret" not in (project.settings_problem or "")


def test_an_unchanged_file_is_not_read_again(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.settings.head_c == 0.1
    monkeypatch.setattr("db.settings_watch.read_settings", lambda _: pytest.fail("read again"))
    assert project.settings.head_c == 0.1
    # A file that only has another date is read again.
    os.utime(project.directory / SETTINGS_FILE, ns=(1, 1))
    with pytest.raises(pytest.fail.Exception):
        _ = project.settings


def test_settings_given_by_hand_stay(project: OpenProject) -> None:
    project.settings = Settings(head_c=5.0)
    change_settings(project.directory, {"head_c": 2.0}, by=None)
    assert (project.settings.head_c, open_project(project.directory).settings.head_c) == (5.0, 2.0)


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
