"""The layer in front of everything: it turns requests away before Streamlit or a route of ours sees them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labeler.app.guard.hosts import AllowedHosts, same_origin
from labeler.app.guard.page_headers import page_headers
from labeler.app.guard.places import is_health, is_private, placed
from labeler.app.sign_in import person_header
from labeler.app.sign_in.proxy import NotSignedInError
from labeler.app.sign_in.ways import Person

LOG = logging.getLogger("earmark.app")
CLOSED = ("/_stcore/upload_file", "/_stcore/agent", "/_stcore/metrics")
"""Streamlit's addresses that no page of ours needs: files into memory, pages for programs, figures of the process."""
_POLICY_VIOLATION = 1008
_MOST_NOTED = 20
"""Refusals that are logged: a stranger must not be able to fill the log."""
_LONGEST_SHOWN = 100


@dataclass(frozen=True)
class _Refusal:
    status: int
    sentence: str


class Guard:
    """An ASGI layer that answers only requests for an allowed host which come from the app's own pages.

    A request for another host, or with another Origin, gets 403; an address that is closed gets 404. Every other response gets
    the headers of `page_headers`, unless it has its own.

    It also finds out who has signed in, and writes that into a header of the request, the only one that the app believes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: AllowedHosts,
        identify: Callable[[HTTPConnection], Person | None] | None = None,
        base_path: str = "",
    ) -> None:
        """`identify` finds out who has signed in, or raises NotSignedInError; None where nobody has to."""
        self._app = app
        self._hosts = hosts
        self._identify = identify
        self._base_path = base_path
        self._headers = page_headers()
        self._noted: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the connection or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": placed(scope["path"], base_path=self._base_path), "headers": _without_person(scope)}
        refusal = self._refusal(scope) or self._stranger(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
            return
        self._note(refusal.sentence)
        if scope["type"] == "websocket":
            # Closed before it is open: the server makes a 403 of it.
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        else:
            response = PlainTextResponse(refusal.sentence, status_code=refusal.status)
            await response(scope, receive, self._with_headers(send))

    def _refusal(self, scope: Scope) -> _Refusal | None:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        # Two of them, and the next program in the row may take the other one.
        if len(hosts) != 1 or len(origins) > 1:
            return _Refusal(403, "A request must have one Host header, and one Origin header at most.")
        if not self._hosts.allow(hosts[0]):
            return _Refusal(
                403,
                f"Earmark does not answer to the name {_shown(hosts[0])}; open localhost instead, "
                "or start `earmark serve` with this name in --allowed-host.",
            )
        if origins and not same_origin(origins[0], hosts[0]):
            return _Refusal(
                403,
                f"Earmark was opened as {_shown(hosts[0])} and takes nothing from {_shown(origins[0])}; "
                "a proxy between them must pass the Host header on as it is.",
            )
        if any(address in scope["path"] for address in CLOSED):
            return _Refusal(404, "There is nothing at this address; open the start page.")
        return None

    def _stranger(self, scope: Scope) -> _Refusal | None:
        """Write down who has signed in; the refusal, if whoever has not may not have what they want."""
        if self._identify is None or is_health(scope["path"], base_path=self._base_path):
            return None
        try:
            person = self._identify(HTTPConnection(scope))
        except NotSignedInError as error:
            return _Refusal(403, str(error))
        if person is not None:
            scope["headers"].append((person_header.NAME.encode(), person_header.written(person)))
        elif is_private(scope["path"], base_path=self._base_path):
            return _Refusal(401, "Sign in first: open the start page.")
        return None

    def _note(self, sentence: str) -> None:
        """Write a refusal to the log once, so that whoever set up a proxy finds the reason."""
        if sentence not in self._noted and len(self._noted) < _MOST_NOTED:
            self._noted.add(sentence)
            LOG.warning("%s", sentence)

    def _with_headers(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = list(message.get("headers", []))
                names = {name.lower() for name, _ in own}
                message["headers"] = [*own, *(header for header in self._headers if header[0] not in names)]
            await send(message)

        return sent


def _without_person(scope: Scope) -> list[tuple[bytes, bytes]]:
    name = person_header.NAME.encode()
    return [(key, value) for key, value in scope["headers"] if key.lower() != name]


def _shown(text: str) -> str:
    """A header's text for a sentence: printable, quoted, and not too long."""
    return ascii(text[:_LONGEST_SHOWN])
