"""Routes beside the pages: clips to label and answers as JSON, audio and pictures by token.

Every response of the API is JSON. An error is one sentence under `error`, never a traceback.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from db.errors import AudioError, DatabaseGoneError, EarmarkError
from db.project import OpenProject
from db.records.clips import mark_broken
from db.store.failures import STORE_ERRORS, Kind, failure_of
from labeler.app.api.grid import GridLabelling
from labeler.app.api.known_clips import KnownClip, KnownClips
from labeler.app.api.labelling import Labelling
from labeler.app.api.messages import (
    AnswersRequest,
    GridRequest,
    GuideRequest,
    NextRequest,
    PreferencesRequest,
    UndoRequest,
    complaint,
)
from labeler.app.media.pictures import Pictures
from labeler.app.media.playable import AudioFiles, Playable
from labeler.app.media.spans import page_of, with_context
from labeler.app.sign_in.tokens import TokenError, Tokens
from learner.audio.reader import AudioMissing

LOG = logging.getLogger("earmark.app")
MOST_BYTES = 256 * 1024
"""The largest message accepted. The outbox (`labeler/player/shared/outbox.js`) sends a fifth of it at once."""
_AT_THE_DATABASE = 8
"""Requests that use the database at the same time. It has 15 connections: when all these requests wait, pages still get one."""
_SET_ASIDE_SECONDS = 1.0
"""How long a request for a broken clip waits until the clip is noted as such. While the database is busy, it is noted later."""
_API_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_MEDIA_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

Message = TypeVar("Message", bound=BaseModel)
Made = TypeVar("Made")
Endpoint = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that cannot be served: status code and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def routes(project: OpenProject, tokens: Tokens) -> list[BaseRoute]:
    """All routes of one project."""
    known, turns = KnownClips(project), anyio.CapacityLimiter(_AT_THE_DATABASE)
    labelling, media = Labelling(project, tokens, known=known), _Media(project, tokens, known, turns)

    def api(path: str, kind: type[Message], answer: Callable[[Message], dict[str, Any]]) -> Route:
        return Route(f"/earmark/api/{path}", _endpoint(turns, kind, answer), methods=["POST"])

    return [
        api("next", NextRequest, labelling.next_clips),
        api("decisions", AnswersRequest, labelling.take_answers),
        api("undo", UndoRequest, labelling.take_back),
        api("grid", GridRequest, GridLabelling(project, tokens, labelling).grid_clips),
        api("preferences", PreferencesRequest, labelling.keep_preferences),
        api("guide", GuideRequest, labelling.guide),
        Route("/earmark/audio/{token}", _sentences(media.audio), methods=["GET"]),
        Route("/earmark/picture/{token}", _sentences(media.picture), methods=["GET"]),
    ]


def _sentences(endpoint: Endpoint) -> Endpoint:
    """Turn every error into JSON with one sentence."""

    @functools.wraps(endpoint)
    async def safe(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedError as error:
            return _refusal(error.status, str(error))
        except TokenError as error:
            return _refusal(403, str(error))
        except DatabaseGoneError as error:
            LOG.error("%s", error)
            return _refusal(503, str(error))
        except AudioError as error:
            return _refusal(410, str(error))
        except EarmarkError as error:
            return _refusal(400, str(error))
        except ClientDisconnect:
            return _refusal(400, "The connection was closed; send the message again.")
        except STORE_ERRORS as error:
            failure = failure_of(error)
            LOG.error("%s: %s", request.url.path, failure.sentence, exc_info=not failure.is_known)
            return _refusal(500 if failure.kind is Kind.OTHER else 503, failure.for_page)
        except Exception:
            LOG.exception("%s failed", request.url.path)
            return _refusal(500, "Something went wrong on the server; see its log.")

    return safe


class _Document(JSONResponse):
    """JSON in ASCII: a text that UTF-8 cannot hold (half of a surrogate pair) goes back as it came."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def _refusal(status: int, sentence: str) -> JSONResponse:
    return _Document({"error": sentence}, status_code=status, headers=_API_HEADERS)


def _endpoint(turns: anyio.CapacityLimiter, kind: type[Message], answer: Callable[[Message], dict[str, Any]]) -> Endpoint:
    """An endpoint that takes a message of one kind as JSON and handles it in a worker thread, when it is its turn."""

    async def endpoint(request: Request) -> Response:
        try:
            message = kind.model_validate(await _json(request))
        except ValidationError as error:
            raise RefusedError(400, complaint(error)) from error
        document = await anyio.to_thread.run_sync(answer, message, limiter=turns)
        return _Document(document, headers=_API_HEADERS)

    return _sentences(endpoint)


async def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(415, "The message must be JSON; send it with the content type application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise RefusedError(413, f"The message is larger than {MOST_BYTES // 1024} KiB; send it in parts.")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "The message is not JSON; reload the page.") from error


class _Media:
    """Audio and pictures of clips."""

    def __init__(self, project: OpenProject, tokens: Tokens, known: KnownClips, turns: anyio.CapacityLimiter) -> None:
        self._project = project
        self._tokens = tokens
        self._known = known
        self._turns = turns
        self._audio = AudioFiles(project.cache_dir / "audio")
        self._pictures = Pictures(project.cache_dir / "pictures")
        self._at_once = anyio.CapacityLimiter(4)
        """Decoding takes a processor each; more at once would only starve the answers."""

    async def audio(self, request: Request) -> Response:
        """The clip's audio; Range requests get their part.

        In the query: `as=wav` rewrites a file that a browser could not play, `level=1` brings it to the common loudness (the
        header Earmark-Gain gives the decibels), `around=1` adds the audio before and after the clip.
        """
        asked = request.query_params
        transcode = asked.get("as") == "wav"

        def make(known: KnownClip) -> Playable:
            clip = known.audio
            span = with_context(clip, known.file_seconds) if asked.get("around") else clip
            imported, level_of = (clip.size, clip.mtime_ns), clip if asked.get("level") else None
            return self._audio.playable(span, imported=imported, transcode=transcode, level_of=level_of)

        found = await self._made(request, make)
        headers = {**_MEDIA_HEADERS, "Earmark-Gain": f"{found.gain:.1f}"}
        return FileResponse(found.path, media_type=found.media_type, headers=headers)

    async def picture(self, request: Request) -> Response:
        """The clip's waveform and spectrogram; `page=N` is one page of a long clip, `around=1` adds the audio around it."""
        page, around = request.query_params.get("page", ""), request.query_params.get("around")

        def make(known: KnownClip) -> Path:
            span = with_context(known.audio, known.file_seconds) if around else known.audio
            if page:
                span = page_of(known.audio, int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0)
            return self._pictures.picture(span)

        path = await self._made(request, make)
        return FileResponse(path, media_type="image/png", headers=_MEDIA_HEADERS)

    async def _made(self, request: Request, make: Callable[[KnownClip], Made]) -> Made:
        """Run `make` on the clip that the token names, in a thread.

        The database is asked only for a clip that is not in memory, or whose audio is not where it was. Audio that is broken (not
        just out of reach) takes its clip out of service.
        """
        clip_id = self._tokens.media(request.path_params["token"]).clip_id
        kept = self._known.kept(clip_id)
        known = kept or await self._read(clip_id)
        try:
            return await self._in_turn(make, known)
        except AudioError as error:
            now = known if kept is None else await self._read(clip_id)
            if now != known:
                return await self._in_turn(make, now)
            if not isinstance(error, AudioMissing):
                await self._set_aside(clip_id, str(error))
            raise

    async def _in_turn(self, make: Callable[[KnownClip], Made], known: KnownClip) -> Made:
        return await anyio.to_thread.run_sync(make, known, limiter=self._at_once)

    async def _read(self, clip_id: int) -> KnownClip:
        return await anyio.to_thread.run_sync(self._known.read, clip_id)

    async def _set_aside(self, clip_id: int, problem: str) -> None:
        LOG.warning("clip %d is set aside: %s", clip_id, problem)
        with anyio.move_on_after(_SET_ASIDE_SECONDS):
            await anyio.to_thread.run_sync(self._mark_broken, clip_id, problem, abandon_on_cancel=True, limiter=self._turns)

    def _mark_broken(self, clip_id: int, problem: str) -> None:
        try:
            with self._project.write() as session:
                mark_broken(session, clip_id, problem)
        except (DBAPIError, EarmarkError):
            # Whoever asks for the clip next tries it again.
            LOG.exception("clip %d could not be set aside", clip_id)
