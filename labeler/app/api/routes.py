"""Routes beside the pages: clips to label and answers as JSON, audio and pictures by token.

Every response of the API is JSON. An error is one sentence under `error`, never a traceback.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio.to_thread
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from db.errors import AudioError, EarmarkError
from db.project import OpenProject
from labeler.app.api.clip_media import ClipMedia
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
from labeler.app.media.disk_cache import NoRoomError
from labeler.app.sign_in.tokens import TokenError, Tokens

LOG = logging.getLogger("earmark.app")
MOST_BYTES = 256 * 1024
"""The largest message accepted; a hundred answers take a fifth of it."""
_API_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Message = TypeVar("Message", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """A request that cannot be served: status code and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def routes(project: OpenProject, tokens: Tokens) -> list[BaseRoute]:
    """All routes of one project."""
    labelling, media = Labelling(project, tokens), ClipMedia(project, tokens)
    return [
        Route("/earmark/api/next", _api(NextRequest, labelling.next_clips, then=media.make_ahead), methods=["POST"]),
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
        except NoRoomError as error:
            return _refusal(503, str(error))
        except EarmarkError as error:
            return _refusal(400, str(error))
        except ClientDisconnect:
            return _refusal(400, "The connection was closed; send the message again.")
        except DBAPIError:
            LOG.exception("the database did not answer")
            return _refusal(503, "The database is busy; the page will try again by itself.")
        except Exception:
            LOG.exception("%s failed", request.url.path)
            return _refusal(500, "Something went wrong on the server; see its log.")

    return safe


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status, headers=_API_HEADERS)


def _api(
    kind: type[Message],
    answer: Callable[[Message], dict[str, Any]],
    *,
    then: Callable[[Message, dict[str, Any]], None] | None = None,
) -> Endpoint:
    """An endpoint that takes a message of one kind as JSON and handles it in a worker thread; `then` starts what follows."""

    async def endpoint(request: Request) -> Response:
        try:
            message = kind.model_validate(await _json(request))
        except ValidationError as error:
            raise RefusedError(400, complaint(error)) from error
        document = await anyio.to_thread.run_sync(answer, message)
        if then is not None:
            then(message, document)
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
