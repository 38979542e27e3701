"""A path that a person typed into a page."""

from __future__ import annotations

from pathlib import Path

from db.errors import ProjectError


def whole_path(text: str) -> Path:
    """The absolute path; `~` is the home folder of whoever runs the server.

    Raises:
        ProjectError: the text is no absolute path.
        RuntimeError: nobody has such a home folder.
    """
    path = Path(text.strip()).expanduser() if text.strip().startswith("~") else Path(text.strip())
    if "\0" in text or not path.is_absolute():
        raise ProjectError(f"{text!r} is no whole path; begin it with /.")
    return path
