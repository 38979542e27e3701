"""The file with the settings of signing in by OIDC (OpenID Connect). It holds secrets: no message shows a value of it."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from db.errors import SettingsError

REQUIRED = ("server_metadata_url", "client_id", "client_secret", "cookie_secret", "redirect_uri")
OPTIONAL = ("client_kwargs", "identity_claim")
SHORTEST_SECRET = 32
"""Characters of the key that signs the cookie of who has signed in."""
CALLBACK = "/oauth2callback"


def read_oidc_file(path: Path, *, base_path: str = "") -> dict[str, Any]:
    """The settings of a TOML file.

    Raises:
        SettingsError: it cannot be read, others may read it, or a value is missing or cannot be used.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read; give a TOML file with {', '.join(REQUIRED)}.") from error
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        raise SettingsError(f"{path} holds secrets, and others on this computer may read it; run `chmod 600 {path}`.")
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        # Without the parser's words, which may show a value.
        raise SettingsError(f'{path} is not TOML; write one line `name = "value"` for each setting.') from None
    _check(path, settings, base_path)
    return settings


def _check(path: Path, settings: Mapping[str, Any], base_path: str) -> None:
    unknown = sorted(set(settings) - {*REQUIRED, *OPTIONAL})
    if unknown:
        raise SettingsError(f"{path} holds {unknown[0]!r}, which is no setting; use {', '.join((*REQUIRED, *OPTIONAL))}.")
    for name in REQUIRED:
        value = settings.get(name)
        if not isinstance(value, str) or not value.strip():
            raise SettingsError(f"{path} has no {name}; add it as a text.")
    if len(settings["cookie_secret"]) < SHORTEST_SECRET:
        raise SettingsError(f"The cookie_secret in {path} is too short; use {SHORTEST_SECRET} random characters or more.")
    if not _is_address(settings["redirect_uri"]) or urlsplit(settings["redirect_uri"]).path != base_path + CALLBACK:
        raise SettingsError(f"The redirect_uri in {path} must be the app's address, with {base_path}{CALLBACK} after the host.")
    if not _is_address(settings["server_metadata_url"]):
        raise SettingsError(f"The server_metadata_url in {path} must be an address with https:// or http://.")
    if not isinstance(settings.get("client_kwargs", {}), dict) or not isinstance(settings.get("identity_claim", ""), str):
        raise SettingsError(f"In {path} client_kwargs must be a table, and identity_claim a text.")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
