"""Audio and pictures of clips, by token; what is not sent as it is on disk is made once, ahead of need where possible."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from db.errors import AudioError, EarmarkError
from db.project import OpenProject
from db.records.clips import mark_broken
from labeler.app.api.known_clips import KnownClip, KnownClips
from labeler.app.api.messages import NextRequest
from labeler.app.media.disk_cache import DiskCache
from labeler.app.media.jobs import Jobs, Lane
from labeler.app.media.pictures import Pictures
from labeler.app.media.playable import LONG_SECONDS, AudioFiles, Form, Playable
from labeler.app.media.spans import page_of, with_context
from labeler.app.sign_in.tokens import Tokens
from learner.audio.reader import AudioMissing

LOG = logging.getLogger("earmark.app")
_SET_ASIDE_SECONDS = 1.0
"""How long a request for a broken clip waits until the clip is noted as such. While the database is busy, it is noted later."""
_FORMS: dict[str, Form] = {"wav": "wav", "opus": "opus"}
_MEDIA_HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}

Made = TypeVar("Made")


@dataclass(frozen=True)
class _Sound:
    """What is asked for of a clip's sound."""

    form: Form
    level: bool
    around: bool


class _HeldFile(FileResponse):
    """A file that stays in its cache until all of it is sent."""

    def __init__(self, cache: DiskCache, path: Path, *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__(path, media_type=media_type, headers=headers)
        self._cache, self._held = cache, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._cache.release(self._held)


async def _held(cache: DiskCache, make: Callable[[], Awaitable[Made]], path_of: Callable[[Made], Path]) -> tuple[Made, Path]:
    """What was made, and its file, held; made again if the file went before it could be held."""
    while True:
        made = await make()
        path = path_of(made)
        if cache.hold(path):
            if await anyio.to_thread.run_sync(path.is_file):
                return made, path
            # A clip's own file may go while its sound is made ahead; whoever makes it again gets the sentence.
            cache.release(path)


class ClipMedia:
    """Audio and pictures of clips.

    The database is asked only for a clip that is not in memory, or whose audio is not where it was. Audio that is broken, and not
    just out of reach, takes its clip out of service.
    """

    def __init__(self, project: OpenProject, tokens: Tokens, known: KnownClips, turns: anyio.CapacityLimiter) -> None:
        self._project = project
        self._tokens = tokens
        self._known = known
        self._turns = turns
        self._audio = AudioFiles(project.cache_dir / "audio")
        self._pictures = Pictures(project.cache_dir / "pictures")
        self._jobs = Jobs()

    async def audio(self, request: Request) -> Response:
        """The clip's audio; Range requests get their part.

        In the query: `as=wav` rewrites a file that a browser could not play, `as=opus` sends Opus where that is smaller,
        `level=1` brings it to the common loudness, `around=1` adds the audio before and after the clip. The header Earmark-Form
        names what is sent (file, wav or opus), Earmark-Gain the decibels.
        """
        asked = request.query_params
        wanted = _Sound(_FORMS.get(asked.get("as", ""), "file"), level=bool(asked.get("level")), around=bool(asked.get("around")))

        async def made() -> Playable:
            return await self._made(self._clip_id(request), lambda known: self._sound(known, wanted))

        found, path = await _held(self._audio.cache, made, lambda found: found.path)
        headers = {**_MEDIA_HEADERS, "Earmark-Gain": f"{found.gain:.1f}", "Earmark-Form": found.form}
        return _HeldFile(self._audio.cache, path, media_type=found.media_type, headers=headers)

    async def picture(self, request: Request) -> Response:
        """The clip's waveform and spectrogram; `page=N` is one page of a long clip, `around=1` adds the audio around it."""
        page, around = request.query_params.get("page", ""), bool(request.query_params.get("around"))

        async def made() -> Path:
            return await self._made(self._clip_id(request), lambda known: self._picture(known, page, around=around))

        _, path = await _held(self._pictures.cache, made, lambda path: path)
        return _HeldFile(self._pictures.cache, path, media_type="image/png", headers=_MEDIA_HEADERS)

    def make_ahead(self, request: NextRequest, document: dict[str, Any]) -> None:
        """Start to make the sounds of clips that have just been handed out, where they are not sent as they are."""
        wanted = _Sound("opus" if request.opus else "file", level=request.level, around=False)
        for leased in document["clips"]:
            self._jobs.ahead(functools.partial(self._sound_ahead, leased["clip"], wanted))

    async def _sound_ahead(self, clip_id: int, wanted: _Sound) -> None:
        try:
            known = self._known.kept(clip_id) or await self._read(clip_id)
            if known.audio.duration <= LONG_SECONDS:
                await self._sound(known, wanted)
        except Exception:
            # The player asks for the clip in a moment, and gets the error itself.
            LOG.debug("clip %d was not made ahead", clip_id, exc_info=True)

    async def _sound(self, known: KnownClip, wanted: _Sound) -> Playable:
        clip = known.audio
        span = with_context(clip, known.file_seconds) if wanted.around else clip
        level_of = clip if wanted.level else None

        def make() -> Playable:
            return self._audio.playable(span, imported=(clip.size, clip.mtime_ns), form=wanted.form, level_of=level_of)

        return await self._jobs.made(("sound", known, wanted), make, Lane.of(span.duration, picture=False))

    async def _picture(self, known: KnownClip, page: str, *, around: bool) -> Path:
        clip = known.audio
        span = with_context(clip, known.file_seconds) if around else clip
        if page:
            span = page_of(clip, int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0)
        key = ("picture", known, span.start, span.end)
        return await self._jobs.made(key, lambda: self._pictures.picture(span), Lane.of(span.duration, picture=True))

    def _clip_id(self, request: Request) -> int:
        return self._tokens.media(request.path_params["token"]).clip_id

    async def _made(self, clip_id: int, make: Callable[[KnownClip], Awaitable[Made]]) -> Made:
        """What is made of the clip as it is known, or, where that fails, as the database has it now."""
        kept = self._known.kept(clip_id)
        known = kept or await self._read(clip_id)
        try:
            return await make(known)
        except AudioError as error:
            now = known if kept is None else await self._read(clip_id)
            if now != known:
                return await make(now)
            if not isinstance(error, AudioMissing):
                await self._set_aside(clip_id, str(error))
            raise

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
