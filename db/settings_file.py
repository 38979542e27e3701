"""Changes the settings of a project in its file, for pages and scripts: whole, durable, and with every comment kept."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from db.errors import SettingsError
from db.project import connect_project
from db.records.people.events import record_event
from db.settings import SETTINGS_FILE, Settings
from db.settings_text import with_changes
from db.store.engine import write_session
from db.store.failures import STORE_ERRORS, failure_of
from db.store.files import whole_file
from db.store.lock import SETTINGS_LOCK, wait_for

_ATTEMPTS = 5
EVENT = "setting"


def change_settings(
    directory: Path, changes: Mapping[str, Any], *, by: str | None, seen: Mapping[str, Any] | None = None
) -> Settings:
    """Write new values into the settings file of the project in `directory`; whoever has it open uses them at once.

    Each key that changes is recorded as an event, with its value before and after. If anything is wrong, nothing is changed.

    Args:
        changes: new values by key; None for a key whose default is none.
        by: the name of the person, None for a command.
        seen: values by key that the person saw; a key that has another value by now is refused, so that nobody's change is
            lost.

    Returns:
        The settings as they are now.

    Raises:
        SettingsError: a value cannot be used, a key is unknown, fixed by an environment variable or changed by somebody else,
            or the file cannot be read or written. Its `key` names the setting.
        ProjectError: there is no project in the directory.
    """
    for key in changes:
        _check_key(key)
    path = Path(os.path.realpath(directory / SETTINGS_FILE))
    with wait_for(directory / SETTINGS_LOCK):
        for _ in range(_ATTEMPTS):
            before = _read(path)
            old = _values(before)
            _refuse_changed_meanwhile(seen or {}, old)
            after = with_changes(before.decode("utf-8"), changes).encode("utf-8")
            settings = _checked(after, changes, path)
            if after == before or _written(directory, settings, before, after, by=by, changed=_changed(old, changes)):
                return settings
    raise SettingsError(f"{path} is being changed by something else; try again.")


def overridden_by(key: str) -> str | None:
    """The environment variable that fixes this setting, or None."""
    variable = f"EARMARK_{key.upper()}"
    return next((name for name in os.environ if name.upper() == variable), None)


def _check_key(key: str) -> None:
    if key not in Settings.model_fields:
        raise SettingsError(f"There is no setting {key!r}; use one of: {', '.join(Settings.model_fields)}.", key=key)
    if key == "database_url":
        raise SettingsError(
            "database_url cannot be changed here; to move the database, use `earmark backup` and `earmark restore`.", key=key
        )
    variable = overridden_by(key)
    if variable is not None:
        raise SettingsError(
            f"{key} is fixed by the environment variable {variable}; change it there, or start Earmark without it.", key=key
        )


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        content.decode("utf-8")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); correct the file first.") from error
    return content


def _values(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{SETTINGS_FILE} cannot be read ({error}); correct the file first.") from error


def _default(key: str) -> Any:
    return Settings.model_fields[key].get_default(call_default_factory=True)


def _refuse_changed_meanwhile(seen: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in seen.items():
        if values.get(key, _default(key)) != value:
            raise SettingsError(f"{key} was changed by somebody else meanwhile; look at its new value, then save again.", key=key)


def _changed(old: Mapping[str, Any], changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "before": old.get(key, _default(key)), "after": value}
        for key, value in changes.items()
        if old.get(key, None if value is None else _UNSET) != value
    ]


_UNSET = object()


def _checked(content: bytes, changes: Mapping[str, Any], path: Path) -> Settings:
    """The whole file as the Settings model reads it."""
    try:
        return Settings(**_values(content))
    except ValidationError as error:
        found = {str(each["loc"][0]): each for each in reversed(error.errors()) if each["loc"]}
        key = next((name for name in changes if name in found), next(iter(found), ""))
        reason = str(found[key]["msg"]) if key else str(error)
        sentence = f"{key} cannot be used: {reason[0].lower()}{reason[1:]}"
        where = "" if key in changes else f" It stands in {path}; correct it there first."
        raise SettingsError(f"{sentence}.{where}", key=key or None) from error


def _written(
    directory: Path, settings: Settings, before: bytes, after: bytes, *, by: str | None, changed: list[dict[str, Any]]
) -> bool:
    """Write the file and record the events, both or neither; False if the file was changed since it was read."""
    path = Path(os.path.realpath(directory / SETTINGS_FILE))
    try:
        engine, _ = connect_project(directory, settings=settings)
        try:
            with write_session(engine) as session:
                for details in changed:
                    record_event(session, EVENT, by=by, details=details)
                session.flush()
                # Last, so that a database that refuses the event leaves the file as it is.
                mode = stat.S_IMODE(path.stat().st_mode)
                if path.read_bytes() != before:
                    raise _ChangedMeanwhile
                with whole_file(path) as file:
                    # The address of a database in it may hold a password, and be for its owner's eyes only.
                    os.fchmod(file.fileno(), mode)
                    file.write(after)
        finally:
            engine.dispose()
    except _ChangedMeanwhile:
        return False
    except STORE_ERRORS as error:
        failure = failure_of(error, place=directory)
        raise SettingsError(f"The settings cannot be changed ({failure.reason}): {failure.clause}") from error
    return True


class _ChangedMeanwhile(Exception):  # noqa: N818 (no error)
    """The file is not the one that was read."""
