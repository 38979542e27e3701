"""Whether this app is alive and can do its work, for a proxy or an orchestrator: `/healthz/live` and `/healthz`.

Whoever reaches the app may ask, without signing in. So an answer holds no path, no address and no name, and the database is asked
once a second at most, however many ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from db.errors import DatabaseGoneError
from db.project import OpenProject
from db.store.failures import STORE_ERRORS, Failure, Kind, failure_of
from db.store.upgrade import newest_revision, revision_in
from labeler.app.guard.places import HEALTH
from labeler.app.sign_in.ways import arranged

PATIENCE = 3.0
"""Seconds that the database may take to answer."""
KEPT = 1.0
"""Seconds for which an answer holds."""
_HEADERS = {"Cache-Control": "no-store"}
_OTHER_SCHEMA = (
    "The database has another schema than this release needs; ask the person who runs Earmark to bring both to the same release."
)
_SILENT = "The database of the project does not answer in time; ask the person who runs Earmark for help."


def health_routes(project: OpenProject, *, patience: float = PATIENCE) -> list[BaseRoute]:
    """The routes, under the path that the app is served under."""
    base, health = arranged().base_path, Health(project, patience=patience)
    return [
        Route(f"{base}{HEALTH}/live", health.live, methods=["GET"]),
        Route(f"{base}{HEALTH}", health.ready, methods=["GET"]),
    ]


class Health:
    """Answers for one project."""

    def __init__(self, project: OpenProject, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._project = project
        self._patience = patience
        self._clock = clock
        self._newest = newest_revision()
        self._turn = anyio.Lock()
        # A check that hangs keeps its thread; there is never a second one.
        self._thread = anyio.CapacityLimiter(1)
        self._trouble: str | None = None
        self._known_until = -KEPT

    async def live(self, _request: Request) -> Response:
        """Status 200: the process answers."""
        return PlainTextResponse("ok\n", headers=_HEADERS)

    async def ready(self, _request: Request) -> Response:
        """Status 200 if the database answers and its schema is that of this release; else 503 and one sentence."""
        async with self._turn:
            if self._clock() >= self._known_until:
                self._trouble = await self._look()
                self._known_until = self._clock() + KEPT
        if self._trouble is None:
            return PlainTextResponse("ok\n", headers=_HEADERS)
        return PlainTextResponse(f"{self._trouble}\n", status_code=503, headers=_HEADERS)

    async def _look(self) -> str | None:
        try:
            with anyio.fail_after(self._patience):
                return await anyio.to_thread.run_sync(self._checked, abandon_on_cancel=True, limiter=self._thread)
        except TimeoutError:
            return _SILENT

    def _checked(self) -> str | None:
        try:
            with self._project.read() as session:
                return None if revision_in(session.connection()) == self._newest else _OTHER_SCHEMA
        except DatabaseGoneError:
            return Failure(Kind.GONE, "", "").for_anybody
        except STORE_ERRORS as error:
            return failure_of(error).for_anybody
