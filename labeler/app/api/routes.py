"""Routes beside the pages: clips to label and answers as JSON, audio and pictures by token.

Every response of the API is JSON. An error is one sentence under `error`, never a traceback.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from db.errors import AudioError, EarmarkError
from db.models import Clip
from db.project import OpenProject
from db.records.clips import ClipAudio, clip_audio, mark_broken
from db.store.failures import STORE_ERRORS, Kind, failure_of
from labeler.app.api.grid import GridLabelling
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
"""The largest message accepted; a hundred answers take a fifth of it."""
_API_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_MEDIA_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

Message = TypeVar("Message", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that cannot be served: status code and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def routes(project: OpenProject, tokens: Tokens) -> list[BaseRoute]:
    """All routes of one project."""
    labelling, media = Labelling(project, tokens), _Media(project, tokens)
    return [
        Route("/earmark/api/next", _api(NextRequest, labelling.next_clips), methods=["POST"]),
        Route("/earmark/api/decisions", _api(AnswersRequest, labelling.take_answers), methods=["POST"]),
        Route("/earmark/api/undo", _api(UndoRequest, labelling.take_back), methods=["POST"]),
        Route("/earmark/api/grid", _api(GridRequest, GridLabelling(project, tokens, labelling).grid_clips), methods=["POST"]),
        Route("/earmark/api/preferences", _api(PreferencesRequest, labelling.keep_preferences), methods=["POST"]),
        Route("/earmark/api/guide", _api(GuideRequest, labelling.guide), methods=["POST"]),
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


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status, headers=_API_HEADERS)


def _api(kind: type[Message], answer: Callable[[Message], dict[str, Any]]) -> Endpoint:
    """An endpoint that takes a message of one kind as JSON and handles it in a worker thread."""

    async def endpoint(request: Request) -> Response:
        try:
            message = kind.model_validate(await _json(request))
        except ValidationError as error:
            raise RefusedError(400, complaint(error)) from error
        document = await anyio.to_thread.run_sync(answer, message)
        return JSONResponse(document, headers=_API_HEADERS)

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


@dataclass(frozen=True)
class _File:
    """A clip's file: its size and time when it was imported, and its length in seconds."""

    imported: tuple[int, int]
    seconds: float


class _Media:
    """Audio and pictures of clips."""

    def __init__(self, project: OpenProject, tokens: Tokens) -> None:
        self._project = project
        self._tokens = tokens
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
        clip, file = await self._clip(request)
        span = with_context(clip, file.seconds) if asked.get("around") else clip
        transcode, level_of = asked.get("as") == "wav", clip if asked.get("level") else None

        def make() -> Playable:
            return self._audio.playable(span, imported=file.imported, transcode=transcode, level_of=level_of)

        found: Playable = await self._made(clip, make)
        headers = {**_MEDIA_HEADERS, "Earmark-Gain": f"{found.gain:.1f}"}
        return FileResponse(found.path, media_type=found.media_type, headers=headers)

    async def picture(self, request: Request) -> Response:
        """The clip's waveform and spectrogram; `page=N` is one page of a long clip, `around=1` adds the audio around it."""
        clip, file = await self._clip(request)
        page = request.query_params.get("page", "")
        span = with_context(clip, file.seconds) if request.query_params.get("around") else clip
        if page:
            span = page_of(clip, int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0)
        path = await self._made(clip, lambda: self._pictures.picture(span))
        return FileResponse(path, media_type="image/png", headers=_MEDIA_HEADERS)

    async def _clip(self, request: Request) -> tuple[ClipAudio, _File]:
        media = self._tokens.media(request.path_params["token"])
        return await anyio.to_thread.run_sync(self._look_up, media.clip_id)

    def _look_up(self, clip_id: int) -> tuple[ClipAudio, _File]:
        with self._project.read() as session:
            file = session.get_one(Clip, clip_id).file
            return clip_audio(session, clip_id), _File((file.size, file.mtime_ns), file.duration)

    async def _made(self, clip: ClipAudio, make: Callable[[], Any]) -> Any:
        """Run `make` in a thread; audio that is broken (not just out of reach) takes its clip out of service."""
        try:
            return await anyio.to_thread.run_sync(make, limiter=self._at_once)
        except AudioMissing:
            raise
        except AudioError as error:
            await anyio.to_thread.run_sync(self._set_aside, clip.clip_id, str(error))
            raise

    def _set_aside(self, clip_id: int, problem: str) -> None:
        LOG.warning("clip %d is set aside: %s", clip_id, problem)
        with self._project.write() as session:
            mark_broken(session, clip_id, problem)
