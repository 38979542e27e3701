"""Who has signed in by OpenID Connect: Streamlit's cookie, and what of its claims counts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.auth_util import set_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from labeler.app.sign_in.oidc import person_from_cookie, person_of, secrets_for_streamlit
from labeler.app.sign_in.ways import Person, SignIn, Way

SETTINGS = {"cookie_secret": "x" * 32, "redirect_uri": "https://label.example/oauth2callback", "client_secret": "hush"}
CLAIMS = {"origin": "https://label.example", "is_logged_in": True, "email": "ann@x.org", "name": "Ann"}


def cookies(claims: dict[str, Any], *, secret: str = SETTINGS["cookie_secret"], name: str = "_streamlit_user") -> dict[str, str]:
    """As Streamlit writes them."""
    made: dict[str, str] = {}

    def signed(cookie: str, value: str) -> bytes:
        return create_signed_value(secret, cookie, value)

    def write(cookie: str, value: str) -> None:
        made[cookie] = signed(cookie, value).decode()

    set_cookie_with_chunks(write, signed, name, claims, cookie_attr_size=100)
    return made


def test_streamlits_cookie_is_read() -> None:
    assert person_from_cookie(cookies(CLAIMS), SETTINGS) == Person("ann@x.org", "Ann")


def test_a_cookie_that_streamlit_had_to_cut_is_read() -> None:
    long = cookies({**CLAIMS, "groups": [f"{number**9}-{number**7}" for number in range(900)]})
    assert len(long) > 1
    assert person_from_cookie(long, SETTINGS) == Person("ann@x.org", "Ann")
    del long["_streamlit_user_1"]
    assert person_from_cookie(long, SETTINGS) is None


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"_streamlit_user": ""},
        {"_streamlit_user": "é"},
        {"_streamlit_user": json.dumps(CLAIMS)},
        cookies(CLAIMS, secret="y" * 32),
        cookies({**CLAIMS, "is_logged_in": False}),
        cookies({**CLAIMS, "origin": "https://other.example"}),
        cookies({**CLAIMS, "email": None}),
        {"_streamlit_user": cookies(CLAIMS, name="_streamlit_user_tokens")["_streamlit_user_tokens"]},
    ],
    ids=["none", "empty", "odd", "unsigned", "another's", "logged out", "another origin", "nobody", "another cookie"],
)
def test_any_other_cookie_names_nobody(sent: dict[str, str]) -> None:
    assert person_from_cookie(sent, SETTINGS) is None


@pytest.mark.parametrize(
    ("claims", "claim", "person"),
    [
        ({"email": "ann@x.org", "sub": "7"}, "email", Person("ann@x.org", "ann@x.org")),
        ({"email": "ann@x.org", "email_verified": True, "name": "Ann"}, "email", Person("ann@x.org", "Ann")),
        # Anybody could write this address into their account.
        ({"email": "lea@x.org", "email_verified": False, "sub": "7"}, "email", Person("7", "7")),
        ({"email": "lea@x.org", "email_verified": "false"}, "email", None),
        ({"email": "ann@x.org", "preferred_username": "ann", "name": " "}, "preferred_username", Person("ann", "ann")),
        ({"sub": 7}, "email", None),
        ({"email": ["ann@x.org"], "sub": "a\nb"}, "email", None),
    ],
)
def test_what_a_person_is_known_by(claims: dict[str, Any], claim: str, person: Person | None) -> None:
    assert person_of(claims, identity_claim=claim) == person


def test_secrets_are_in_no_text_about_the_way_to_sign_in() -> None:
    assert "hush" not in repr(SignIn(way=Way.OIDC, oidc=SETTINGS))
    assert secrets_for_streamlit({**SETTINGS, "identity_claim": "sub"}) == {"auth": SETTINGS}
