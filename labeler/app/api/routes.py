"""Routes beside the pages: clips to label and answers as JSON, audio and pictures by token.

Every response of the API is JSON. An error is one sentence under `error`, never a traceback.
"""

from __future__ import annotations

import functools
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from db.errors import AudioError, DatabaseGoneError, EarmarkError
from db.project import OpenProject
from db.store.failures import STORE_ERRORS, Kind, failure_of
from labeler.app.access.visitors import NotAllowedError, at_the_browser
from labeler.app.api.clip_media import ClipMedia
from labeler.app.api.grid import GridLabelling
from labeler.app.api.known_clips import KnownClips
from labeler.app.api.labelling import Labelling
from labeler.app.api.messages import (
    AnswersRequest,
    GridRequest,
    GuideRequest,
    NextRequest,
    PreferencesRequest,
    RemarksRequest,
    UndoRequest,
    complaint,
)
from labeler.app.api.refusing import RefusedError
from labeler.app.api.remarks import Remarks
from labeler.app.api.uploads import Uploads
from labeler.app.guard.places import address
from labeler.app.media.disk_cache import NoRoomError
from labeler.app.sign_in.person_header import person_in
from labeler.app.sign_in.tokens import TokenError, Tokens

LOG = logging.getLogger("earmark.app")
MOST_BYTES = 256 * 1024
"""The largest message accepted. The outbox (`labeler/player/shared/outbox.js`) sends a fifth of it at once."""
_AT_THE_DATABASE = 8
"""Requests that use the database at the same time. It has 15 connections: when all these requests wait, pages still get one."""
_API_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Message = TypeVar("Message", bound=BaseModel)
Made = TypeVar("Made")
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(project: OpenProject, tokens: Tokens) -> list[BaseRoute]:
    """All routes of one project."""
    known, turns = KnownClips(project), anyio.CapacityLimiter(_AT_THE_DATABASE)
    labelling, media = Labelling(project, tokens, known=known), ClipMedia(project, tokens, known, turns)

    def api(
        path: str,
        kind: type[Message],
        answer: Callable[[Message], dict[str, Any]],
        then: Callable[[Message, dict[str, Any]], None] | None = None,
    ) -> Route:
        return Route(address(f"api/{path}"), _endpoint(turns, kind, answer, then=then), methods=["POST"])

    return [
        api("next", NextRequest, labelling.next_clips, media.make_ahead),
        api("decisions", AnswersRequest, labelling.take_answers, _note_answers),
        api("undo", UndoRequest, labelling.take_back),
        api("grid", GridRequest, GridLabelling(project, tokens, labelling).grid_clips),
        api("preferences", PreferencesRequest, labelling.keep_preferences),
        api("guide", GuideRequest, labelling.guide),
        api("remarks", RemarksRequest, Remarks(project, tokens).of_annotator),
        Route(address("serving"), _serving, methods=["GET"]),
        Route(address("api/upload"), _sentences(Uploads(project, tokens).take), methods=["POST"]),
        Route(address("audio/{token}"), _sentences(media.audio), methods=["GET"]),
        Route(address("picture/{token}"), _sentences(media.picture), methods=["GET"]),
    ]


def _note_answers(_request: AnswersRequest, document: dict[str, Any]) -> None:
    counts = Counter(result["status"] for result in document["results"])
    LOG.info("answers", extra={"fields": {"saved": counts["saved"], "refused": counts["refused"]}})


async def _serving(_request: Request) -> Response:
    """That a project is served here: the start page waits for it (`labeler.app.start_server` answers otherwise)."""
    return _Document({"serving": True}, headers=_API_HEADERS)


def _sentences(endpoint: Endpoint) -> Endpoint:
    """Turn every error into JSON with one sentence."""

    @functools.wraps(endpoint)
    async def safe(request: Request) -> Response:
        at_the_browser.set(person_in(request.headers))
        try:
            return await endpoint(request)
        except RefusedError as error:
            return _refusal(error.status, str(error))
        except (TokenError, NotAllowedError) as error:
            return _refusal(403, str(error))
        except DatabaseGoneError as error:
            LOG.error("%s", error)
            return _refusal(503, str(error))
        except AudioError as error:
            return _refusal(410, str(error))
        except NoRoomError as error:
            return _refusal(503, str(error))
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


def _endpoint(
    turns: anyio.CapacityLimiter,
    kind: type[Message],
    answer: Callable[[Message], dict[str, Any]],
    *,
    then: Callable[[Message, dict[str, Any]], None] | None,
) -> Endpoint:
    """An endpoint that takes a message of one kind as JSON and handles it in a worker thread, when it is its turn.

    `then` starts what follows.
    """

    async def endpoint(request: Request) -> Response:
        try:
            message = kind.model_validate(await _json(request))
        except ValidationError as error:
            raise RefusedError(400, complaint(error)) from error
        document = await anyio.to_thread.run_sync(answer, message, limiter=turns)
        if then is not None:
            then(message, document)
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
