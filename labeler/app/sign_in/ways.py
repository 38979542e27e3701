"""How people sign in to this server (not at all, by OIDC, or at a proxy), and under which path it is. Decided when it starts."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

MOST_CHARACTERS = 255
"""Of an identity."""


class Way(enum.StrEnum):
    """How a visitor is known."""

    NAME = "name"
    """A name that the visitor types; it proves nothing."""
    OIDC = "oidc"
    """An identity provider (OpenID Connect) states it, and a signed cookie keeps it."""
    PROXY = "proxy"
    """A header names it, set by a proxy that signs people in."""


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in."""

    identity: str
    """What tells people apart, such as an email address."""
    name: str
    """What the sign-in calls them: text of a stranger."""


@dataclass(frozen=True)
class SignIn:
    """How people sign in, and who leads whatever the database holds."""

    way: Way = Way.NAME
    leads: frozenset[str] = frozenset()
    """Identities."""
    header: str = ""
    """The proxy's header, in small letters."""
    proxies: frozenset[str] = frozenset()
    """Addresses of proxies whose header counts."""
    oidc: dict[str, Any] = field(default_factory=dict, repr=False)
    """Settings of OIDC. They hold secrets, and are in no log."""
    base_path: str = ""
    """The path that the app is served under: empty, or without a last slash."""

    @property
    def needed(self) -> bool:
        """Whether a visitor must sign in."""
        return self.way != Way.NAME


def checked_identity(text: str) -> str | None:
    """The identity without surrounding space; None for what cannot be one."""
    text = text.strip()
    return text if text and len(text) <= MOST_CHARACTERS and text.isprintable() else None


_arranged = SignIn()


def arrange(sign_in: SignIn) -> None:
    """Decide how people sign in to this process; called before it serves anything."""
    global _arranged
    _arranged = sign_in


def arranged() -> SignIn:
    """How people sign in to this process."""
    return _arranged
