"""Finds out who has signed in, from a request: the one function that the guard asks."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import HTTPConnection

from labeler.app.sign_in.oidc import person_from_cookie
from labeler.app.sign_in.proxy import person_from_proxy
from labeler.app.sign_in.ways import Person, SignIn, Way


def identifier(sign_in: SignIn) -> Callable[[HTTPConnection], Person | None] | None:
    """What finds out who has sent a request; None where nobody signs in."""
    if sign_in.way == Way.PROXY:
        return lambda request: person_from_proxy(request, sign_in)
    if sign_in.way == Way.OIDC:
        return lambda request: person_from_cookie(request.cookies, sign_in.oidc)
    return None
