"""The settings of a project as they are now: a file that has changed is read again, so that nothing has to be restarted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from db.errors import SettingsError
from db.settings import SETTINGS_FILE, Settings, read_settings

_Signature = tuple[int, int, int, int]
_UNSEEN: _Signature = (0, 0, 0, 0)


@dataclass(frozen=True)
class _Held:
    """What was read last, in one piece: threads replace it without a lock."""

    signature: _Signature | None
    settings: Settings
    problem: str | None


class SettingsWatch:
    """Holds the newest settings that can be used. Looking at an unchanged file costs one `stat`; any thread may look."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory = directory
        self._path = directory / SETTINGS_FILE
        self._database_url = settings.database_url
        self._held = _Held(_UNSEEN, settings, None)

    def now(self) -> Settings:
        """The settings of the file; those that were good last, if the file cannot be read or used."""
        return self._look().settings

    def problem(self) -> str | None:
        """Why the file as it is now is not in use, as a sentence; None if it is in use."""
        return self._look().problem

    def _look(self) -> _Held:
        held = self._held
        # Looked at before it is read, so that a change during the reading is seen next time.
        signature = _signature(self._path)
        if signature != held.signature:
            held = self._held = self._read(signature, held.settings)
        return held

    def _read(self, signature: _Signature | None, last: Settings) -> _Held:
        try:
            settings = read_settings(self._directory)
        except SettingsError as error:
            return _Held(signature, last, f"{str(error).rstrip('.')}. Until then the settings that were read before stay in use.")
        if settings.database_url == self._database_url:
            return _Held(signature, settings, None)
        kept = settings.model_copy(update={"database_url": self._database_url})
        return _Held(signature, kept, f"database_url in {self._path} has changed; restart `earmark serve` to use the new one.")


def _signature(path: Path) -> _Signature | None:
    """It differs whenever the file was written or replaced; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
