"""Signing in at a proxy: it names the person in a header, and only its own header counts."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.requests import HTTPConnection

from labeler.app.sign_in.ways import Person, SignIn, checked_identity


class NotSignedInError(Exception):
    """A request that nobody who has signed in can have sent; the message is one sentence."""


def person_from_proxy(request: HTTPConnection, sign_in: SignIn) -> Person:
    """The person whom the proxy names.

    Raises:
        NotSignedInError: the request comes from elsewhere, or names nobody or several people.
    """
    peer = None if request.client is None else plain_address(request.client.host)
    if peer not in sign_in.proxies:
        raise NotSignedInError("Earmark answers only to the proxy that signs people in; open its address instead.")
    given = request.headers.getlist(sign_in.header)
    # Of two, one is the visitor's own.
    if len(given) != 1:
        raise NotSignedInError(f"A request must have one {sign_in.header} header from the proxy; sign in there.")
    # HTTP headers are bytes; proxies send names beyond ASCII as UTF-8.
    identity = checked_identity(_text(given[0]))
    if identity is None:
        raise NotSignedInError(f"The {sign_in.header} header of the proxy names nobody; sign in there.")
    return Person(identity, identity)


def _text(value: str) -> str:
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return ""


def plain_address(host: str) -> str:
    """An address as it is written shortest; one of IPv4 inside of IPv6 is the same as without."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
