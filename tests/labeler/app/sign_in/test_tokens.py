"""Tokens: one that another server made, that is of another kind, or that is too old is refused."""

from __future__ import annotations

import time

import pytest

from labeler.app.sign_in import tokens as tokens_module
from labeler.app.sign_in.tokens import Media, Ticket, TokenError, TokenExpiredError, Tokens

TOKENS = Tokens("0" * 64)
TICKET = Ticket(clip_id=7, annotator_id=3, lease_id=11, run_id=None)


def test_a_token_gives_back_what_was_put_in() -> None:
    assert TOKENS.session(TOKENS.for_session(3)) == 3
    assert TOKENS.ticket(TOKENS.for_ticket(TICKET)) == TICKET
    assert TOKENS.media(TOKENS.for_media(Media(7, None))) == Media(7, None)


def test_a_token_of_another_project_is_refused() -> None:
    with pytest.raises(TokenError, match="This server did not make this token"):
        Tokens("1" * 64).session(TOKENS.for_session(3))


def test_one_kind_is_not_accepted_in_place_of_another() -> None:
    """The address of a clip's audio, which ends up in logs, must not let anyone answer."""
    media = TOKENS.for_media(Media(7, 11))
    for read in (TOKENS.ticket, TOKENS.session):
        with pytest.raises(TokenError):
            read(media)


@pytest.mark.parametrize("forged", ["", "x", "../../etc/passwd", "é", "a.b.c", "WzcsMTFd.aaaaaa.bbbbbb", "." * 400])
def test_made_up_tokens_are_refused(forged: str) -> None:
    with pytest.raises(TokenError):
        TOKENS.media(forged)


def test_a_changed_token_is_refused() -> None:
    token = TOKENS.for_media(Media(7, 11))
    with pytest.raises(TokenError):
        TOKENS.media(("A" if token[0] != "A" else "B") + token[1:])


def test_tokens_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    media, ticket = TOKENS.for_media(Media(7, 11)), TOKENS.for_ticket(TICKET)
    later = time.time() + tokens_module.MEDIA_SECONDS + 2
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(TokenError, match="open for too long"):
        TOKENS.media(media)
    assert TOKENS.ticket(ticket) == TICKET, "an answer is taken long after the page was closed"


@pytest.mark.parametrize("seconds", [1, 2, 3600, 400 * 24 * 3600])
def test_a_clock_that_is_set_back_makes_no_token_old(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    session, ticket, media = TOKENS.for_session(3), TOKENS.for_ticket(TICKET), TOKENS.for_media(Media(7, 11))
    earlier = time.time() - seconds
    monkeypatch.setattr(time, "time", lambda: earlier)
    assert TOKENS.session(session) == 3
    assert TOKENS.ticket(ticket) == TICKET
    assert TOKENS.media(media) == Media(7, 11)


def test_an_old_ticket_is_good_for_the_annotator_who_is_at_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = TOKENS.for_ticket(TICKET)
    later = time.time() + tokens_module.TICKET_SECONDS + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert TOKENS.ticket(ticket, of=3) == TICKET
    for somebody in (None, 4):
        with pytest.raises(TokenExpiredError):
            TOKENS.ticket(ticket, of=somebody)
    with pytest.raises(TokenError, match="This server did not make this token"):
        TOKENS.ticket("A" + ticket, of=3)
