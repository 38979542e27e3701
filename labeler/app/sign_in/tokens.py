"""Signed, expiring tokens: a browser may request only what this server handed to it.

There are three kinds. Each is signed under its own name, so that no kind is accepted in place of another:

    session   an annotator's page; may request clips and undo
    ticket    one clip handed to one annotator; an answer carries it, and is accepted long after the page is gone
    media     one clip's audio and picture; the only kind that is part of an address, and so of logs

The server's clock may be set back. A token that then seems to come from the future is as good as a new one: its signature shows
that this server made it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

HOUR = 3600
SESSION_SECONDS = 7 * 24 * HOUR
MEDIA_SECONDS = 24 * HOUR
TICKET_SECONDS = 90 * 24 * HOUR
"""Answers wait in the browser until they are acknowledged: a laptop may stay shut over a holiday."""


class TokenError(Exception):
    """A token was not made by this server, or has expired; the message is one sentence."""


class TokenExpiredError(TokenError):
    """This server made the token, but too long ago."""


@dataclass(frozen=True)
class Ticket:
    """A clip that was handed to an annotator: the lease it came with (if any) and the run that was live (if any)."""

    clip_id: int
    annotator_id: int
    lease_id: int | None
    run_id: int | None
    suggested_id: int | None = None
    """The label that is shown as a suggestion."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody who has opened a page and given nothing yet: the project has no row of theirs."""

    name: str
    identity: str | None = None
    """Who this is according to the sign-in; None for a name that was typed."""


@dataclass(frozen=True)
class Media:
    """A clip's audio and picture, and the lease that they came with (if any)."""

    clip_id: int
    lease_id: int | None


class Tokens:
    """Makes and reads the tokens of one project, signed with its secret."""

    def __init__(self, secret: str) -> None:
        self._session = URLSafeTimedSerializer(secret, salt="earmark.session")
        self._ticket = URLSafeTimedSerializer(secret, salt="earmark.ticket")
        self._media = URLSafeTimedSerializer(secret, salt="earmark.media")

    def for_session(self, who: int | Newcomer) -> str:
        """A session token for this annotator (by id) or newcomer, valid for seven days."""
        return self._session.dumps([who.name, who.identity] if isinstance(who, Newcomer) else who)

    def for_ticket(self, ticket: Ticket) -> str:
        """A token for one clip that was handed to an annotator."""
        parts = [ticket.clip_id, ticket.annotator_id, ticket.lease_id, ticket.run_id]
        return self._ticket.dumps(parts if ticket.suggested_id is None else [*parts, ticket.suggested_id])

    def for_media(self, media: Media) -> str:
        """A token that fits into an address."""
        return self._media.dumps([media.clip_id, media.lease_id])

    def visitor(self, token: str) -> int | Newcomer:
        """Whom a session token was made for; TokenError if it is invalid or has expired."""
        who = _read(self._session, token, SESSION_SECONDS)
        return who if isinstance(who, int) else Newcomer(*who)

    def session(self, token: str) -> int:
        """The annotator's id; TokenError if the token is invalid, has expired, or is of a newcomer.

        `labeler.app.access.visitors` finds newcomers too, and checks who has signed in.
        """
        who = self.visitor(token)
        if isinstance(who, Newcomer):
            raise TokenError("Answer a clip first, then reload the page.")
        return who

    def ticket(self, token: str, *, of: int | None = None) -> Ticket:
        """What `for_ticket` was given.

        Args:
            token: as the browser sent it.
            of: an annotator who is at the page now: their own tickets are good at any age.

        Raises:
            TokenExpiredError: the ticket is too old, and not that annotator's.
            TokenError: this server did not make it.
        """
        try:
            return Ticket(*_read(self._ticket, token, TICKET_SECONDS))
        except TokenExpiredError:
            ticket = Ticket(*_read(self._ticket, token, None))
            if ticket.annotator_id != of:
                raise
            return ticket

    def media(self, token: str) -> Media:
        """What `for_media` was given; TokenError if the token is invalid or has expired."""
        clip_id, lease_id = _read(self._media, token, MEDIA_SECONDS)
        return Media(clip_id, lease_id)


def _read(serializer: URLSafeTimedSerializer, token: str, seconds: int | None) -> Any:
    """What was signed; `seconds` bounds the age."""
    try:
        # The serializer's own check of the age also refuses a token that is younger than the clock.
        content, signed_at = serializer.loads(token, return_timestamp=True)
    except BadData as error:
        raise TokenError("This server did not make this token; reload the page.") from error
    if seconds is not None and time.time() - signed_at.timestamp() > seconds:
        raise TokenExpiredError("This page has been open for too long; reload it.")
    return content
