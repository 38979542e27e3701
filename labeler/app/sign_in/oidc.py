"""Signing in by OIDC (OpenID Connect): the cookie in which Streamlit keeps who has signed in.

Streamlit itself talks to the provider (`st.login`, with Authlib), and signs its cookie with `cookie_secret` of the settings
(`labeler.processes.oidc_file`). The cookie is read here for routes and pages alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from labeler.app.sign_in.ways import Person, checked_identity

_CLAIM = "email"


def secrets_for_streamlit(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What Streamlit calls its secrets: the section `auth` alone."""
    return {"auth": {name: value for name, value in settings.items() if name != "identity_claim"}}


def person_from_cookie(cookies: Mapping[str, str], settings: Mapping[str, Any]) -> Person | None:
    """Who has signed in according to the cookie; None where it is missing, forged, or too old.

    The identity is the claim named by `identity_claim` (an email address unless set otherwise), and without it the issuer's own
    name for the person, `sub`. An email address counts only if the provider does not call it unverified: otherwise anybody could
    claim somebody else's.
    """

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(settings["cookie_secret"], name, value.encode("latin-1", "replace"))

    content = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    if content is None:
        return None
    claims = json.loads(content)
    redirect = urlsplit(settings["redirect_uri"])
    if not claims.get("is_logged_in") or claims.get("origin") != f"{redirect.scheme}://{redirect.netloc}":
        return None
    return person_of(claims, identity_claim=settings.get("identity_claim") or _CLAIM)


def person_of(claims: Mapping[str, Any], *, identity_claim: str) -> Person | None:
    """The person whom these claims describe."""
    claimed = [claims.get(identity_claim), claims.get("sub")]
    if identity_claim == _CLAIM and claims.get("email_verified") in (False, "false"):
        del claimed[0]
    identity = next((found for each in claimed if isinstance(each, str) and (found := checked_identity(each))), None)
    name = claims.get("name")
    return None if identity is None else Person(identity, name if isinstance(name, str) and name.strip() else identity)
