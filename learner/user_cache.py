"""Where files lie that can be made again and belong to no project."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """The folder of what can be computed again: EARMARK_CACHE, or `earmark` in the user's cache folder.

    Raises:
        RuntimeError: the user has no home folder.
    """
    asked = os.environ.get("EARMARK_CACHE")
    if asked:
        return Path(asked).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "earmark"
