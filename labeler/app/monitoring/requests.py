"""A layer in front of the app that notes how long each request takes and how it ends, by the name of its route.

An address is never noted: addresses of audio hold tokens, and those of pages names.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labeler.app.guard.places import HEALTH, OWN

LOG = logging.getLogger("earmark.app")
SLOW_SECONDS = 2.0
"""A request that takes longer is logged."""
ROUTES = ("next", "decisions", "undo", "grid", "preferences", "guide", "remarks", "upload", "audio", "picture", "health", "page")
"""Names of routes; everything else, such as scripts and styles, counts as `page`."""
_MAY_TAKE_LONG = ("upload", "audio")
_OWN = re.compile(rf".*{OWN}/(?:api/)?([a-z]+)(?:/.*)?")


class Watch(Protocol):
    """What keeps figures of requests."""

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request has ended."""

    def opened(self, change: int) -> None:
        """So many pages were opened (1) or closed (-1)."""


class Watched:
    """An ASGI layer that reports every request to its watch, and those that failed or took long to the log."""

    def __init__(self, app: ASGIApp, *, watch: Watch | None = None) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = False

        async def sent(message: Message) -> None:
            nonlocal is_open
            if message["type"] == "websocket.accept" and self._watch is not None:
                is_open = True
                self._watch.opened(1)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            if is_open and self._watch is not None:
                self._watch.opened(-1)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.monotonic(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            self._ended(route_of(scope["path"]), status, time.monotonic() - began)

    def _ended(self, route: str, status: int, seconds: float) -> None:
        if self._watch is not None:
            self._watch.request(route, status, seconds)
        failed = status >= 500 and route != "health"
        if failed or (seconds >= SLOW_SECONDS and route not in _MAY_TAKE_LONG):
            fields = {"route": route, "status": status, "seconds": round(seconds, 3)}
            LOG.info("request_failed" if failed else "request_slow", extra={"fields": fields})


def route_of(path: str) -> str:
    """The name of the route that a path leads to, one of `ROUTES`."""
    if path.endswith((HEALTH, f"{HEALTH}/live")):
        return "health"
    found = _OWN.fullmatch(path)
    return found[1] if found is not None and found[1] in ROUTES else "page"
