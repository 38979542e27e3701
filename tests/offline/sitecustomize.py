"""Refuses every connection that leaves this machine, and writes down who tried.

Python imports a module of this name whenever it starts, so with this folder on PYTHONPATH every process of the product is
covered, not only the tests' own. An audit hook sees what Python's socket module does, whichever library asks; what C libraries
connect to by themselves (PostgreSQL's client) it does not see.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

LOG_VARIABLE = "EARMARK_TEST_NETWORK_LOG"
"""Names the file that takes a line for each refused attempt."""

CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
RESOLVING = {"socket.getaddrinfo", "socket.gethostbyname"}


class NetworkRefusedError(ConnectionRefusedError):
    """Something tried to leave the machine during the tests."""


def on_this_machine(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in ("", "localhost")
    return address.is_loopback or address.is_unspecified


def _host(event: str, arguments: tuple[Any, ...]) -> Any:
    if event in RESOLVING:
        return arguments[0]
    address = arguments[1]
    return address[0] if isinstance(address, tuple) and address else None  # a socket file has no host


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in CONNECTING and event not in RESOLVING:
        return
    host = _host(event, arguments)
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or on_this_machine(host):
        return
    attempt = f"{event} to {host!r} by {' '.join(sys.argv)[:200]}"
    log = os.environ.get(LOG_VARIABLE)
    if log:
        with open(log, "a", encoding="utf-8") as file:
            file.write(attempt.replace("\n", " ") + "\n")
    raise NetworkRefusedError(f"The tests refuse the network: {attempt}")


sys.addaudithook(_refuse)
