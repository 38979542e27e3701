"""Where things are when the app is served under a path, and what of it is for people who have signed in only."""

from __future__ import annotations

import re

from labeler.app.sign_in.ways import arranged

OWN = "/earmark"
"""Before every address of ours, after the path that the app is served under."""
HEALTH = "/healthz"
"""Where anybody may ask whether the app can work, after the same path."""
_OWN_ROUTE = re.compile(r"/earmark/((api|audio|picture)/[^/]+|serving)")
_STREAMLITS_FILES = "/media/"
"""What pages offer for download."""


def address(path: str) -> str:
    """The address of a route of ours, for example of `audio/TOKEN`."""
    return f"{arranged().base_path}{OWN}/{path}"


def placed(path: str, *, base_path: str) -> str:
    """The path with the base path in front. Some proxies take it away before they pass a request on."""
    inside = path == base_path or path.startswith(f"{base_path}/")
    if not base_path or (inside and not _OWN_ROUTE.fullmatch(path)):
        return path
    return base_path + path


def is_health(path: str, *, base_path: str) -> bool:
    """Whether a path, as `placed` gives it, only asks whether the app can work."""
    return path.removeprefix(base_path) in (HEALTH, f"{HEALTH}/live")


def is_private(path: str, *, base_path: str) -> bool:
    """Whether a path, as `placed` gives it, leads to audio, answers or other contents of the project.

    Pages come through a socket, and check for themselves who is there; the scripts and styles that show them are nobody's secret.
    """
    return path.removeprefix(base_path).startswith((f"{OWN}/", _STREAMLITS_FILES))
