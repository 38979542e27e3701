"""The names under which the app may be opened, and the origins that may send to it.

A web page can let its own name point to an address of this machine (DNS rebinding). The visitor's browser then takes the app for
a part of that page, and lets the page read and write here. Only the Host header shows it: it holds the page's name. A page cannot
do this with an address in numbers, because nobody looks that up.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("", "0.0.0.0", "::")
"""What `--host` may be for a server that listens on every address of the machine."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")


@dataclass(frozen=True)
class AllowedHosts:
    """Names and addresses that a Host header may hold; the port does not matter, because tunnels change it."""

    names: frozenset[str]
    any_address: bool
    """Whether every address in numbers is allowed too."""

    def allow(self, host: str) -> bool:
        """Whether a Host header may be answered."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = _normal(found[1])
        return name in self.names or (self.any_address and _is_address(name))


def allowed_hosts(*, listening_on: str, also: Iterable[str] = ()) -> AllowedHosts:
    """What a server may be called that listens on this address.

    Always the names of this machine for itself (127.0.0.1, localhost, ::1), the address listened on, and the names in `also`.
    A server that listens on every address may also be called by any address in numbers and by the machine's own name. The
    server cannot know all its addresses: a router or a container may stand before it.
    """
    everywhere = listening_on in EVERYWHERE
    names = {*LOOPBACK, *also, *(_own_names() if everywhere else [listening_on])}
    return AllowedHosts(frozenset(_normal(name) for name in names), any_address=everywhere)


def same_origin(origin: str, host: str) -> bool:
    """Whether an Origin header names the very host and port that the Host header names.

    The two are compared letter by letter, as Streamlit compares them: what differs for Streamlit must not pass here, since it
    would then look up this machine's address on the internet. Browsers write both alike.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == host


def _own_names() -> list[str]:
    name = socket.gethostname()
    short = name.partition(".")[0]
    return [name, short, f"{short}.local"]


def _normal(name: str) -> str:
    bare = name.strip("[]").lower().removesuffix(".")
    return str(ip_address(bare)) if _is_address(bare) else bare


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
