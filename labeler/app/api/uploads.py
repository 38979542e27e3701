"""Files that a lead sends from a browser, written straight to the project's folder `uploads`, piece by piece.

Streamlit's own upload would keep each file in memory, for whoever knows the number of a session. Here a session token says who
sends, the role is checked before the first byte is read, and a file is on the disk when it is acknowledged.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, NoReturn

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse

from db.imports.folder import AUDIO_SUFFIXES
from db.project import OpenProject
from db.store.files import sync_names, whole_file
from labeler.app.access.visitors import Visitors
from labeler.app.api.refusing import RefusedError
from labeler.app.sign_in.tokens import Tokens

SESSION_HEADER = "earmark-session"
MOST_BYTES = 2 * 2**30
"""Of one file."""
KEPT_FREE = 2**30
"""Bytes that must stay free on the disk: answers are written there, too."""
MOST_AT_ONCE = 4
LIST_SUFFIXES = frozenset({".csv", ".tsv", ".json", ".jsonl", ".parquet", ".txt"})
"""Of manifests and answers of other tools."""
STALLED_SECONDS = 60.0
"""How long a file that is arriving may bring nothing: others wait for its place."""
LONGEST_NAME = 200
"""Bytes in UTF-8."""
_BATCH = re.compile(r"[0-9a-f]{16}")
_PIECE = 2**20


class Uploads:
    """Takes files for one project."""

    def __init__(self, project: OpenProject, tokens: Tokens) -> None:
        self._folder = project.uploads_dir
        self._visitors = Visitors(project, tokens)
        self._arriving: set[Path] = set()

    async def take(self, request: Request) -> JSONResponse:
        """Store the body of a request as a file.

        The header Earmark-Session holds the session token of a lead. In the query: `name`, the file's own name, and `batch`, as
        an earlier answer gave it, so that files that belong together get into one folder. The answer is JSON: `path` (from the
        project's folder), `batch`, `name` and `bytes`.
        """
        token = request.headers.get(SESSION_HEADER, "")
        await anyio.to_thread.run_sync(self._visitors.require_lead, token)
        name = checked_file_name(request.query_params.get("name", ""))
        batch = request.query_params.get("batch") or secrets.token_hex(8)
        if not _BATCH.fullmatch(batch):
            raise RefusedError(400, "The batch is not one that this server has made; leave it out for the first file.")
        target = self._folder / batch / name
        if len(self._arriving) >= MOST_AT_ONCE:
            raise RefusedError(503, f"{MOST_AT_ONCE} files are arriving already; send this one when one of them is complete.")
        if target in self._arriving:
            raise _there_already(name)
        self._arriving.add(target)
        try:
            received = await self._receive(request, target)
        finally:
            self._arriving.discard(target)
        content = {"path": f"{self._folder.name}/{batch}/{name}", "batch": batch, "name": name, "bytes": received}
        return JSONResponse(content, headers={"Cache-Control": "no-store"})

    async def _receive(self, request: Request, target: Path) -> int:
        announced = request.headers.get("content-length", "")
        size = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 20 else 0
        _check_size(size)
        await anyio.to_thread.run_sync(_make_place, target, size)
        with whole_file(target) as file:
            received = await self._write(request.stream(), file, target.parent)
        sync_names(target.parent.parent)
        return received

    async def _write(self, body: AsyncIterator[bytes], file: IO[bytes], folder: Path) -> int:
        received, waiting = 0, bytearray()
        async for part in in_time(body):
            received += len(part)
            _check_size(received)
            waiting += part
            if len(waiting) >= _PIECE:
                _check_room(folder, len(waiting))
                await anyio.to_thread.run_sync(file.write, bytes(waiting))
                waiting.clear()
        if received == 0:
            raise RefusedError(400, "The file is empty; choose another one.")
        await anyio.to_thread.run_sync(_finish, file, bytes(waiting))
        return received


async def in_time(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The parts of a body, as long as they come."""
    while True:
        try:
            with anyio.fail_after(STALLED_SECONDS):
                part = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RefusedError(408, "The file stopped arriving; send it again.") from None
        yield part


def _there_already(name: str) -> RefusedError:
    return RefusedError(409, f"{json.dumps(name)} is there already; rename the file, or send it in another batch.")


def _make_place(target: Path, size: int) -> None:
    """Make the folder of a file that is to come."""
    if os.path.lexists(target):
        raise _there_already(target.name)
    if target.parent.is_symlink():
        raise RefusedError(400, "The batch is a link to another folder; leave it out, so that the file gets a folder of its own.")
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_room(target.parent, size)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        most = f"{MOST_BYTES / 2**30:.0f} GiB"
        raise RefusedError(413, f"A file may have {most} at most; copy it to the server, and give its path.")


def _check_room(folder: Path, wanted: int) -> None:
    if shutil.disk_usage(folder).free - wanted < KEPT_FREE:
        raise RefusedError(507, "The disk of the server is nearly full; make room there, and send the file again.")


def _finish(file: IO[bytes], rest: bytes) -> None:
    """Write the rest and wait for the disk, here, in a thread: nobody else should wait for it."""
    file.write(rest)
    file.flush()
    os.fsync(file.fileno())


def checked_file_name(name: str) -> str:
    """The name of a file as it is stored, the one that it had: manifests name files by it.

    Raises:
        RefusedError: it is no name of audio or of a list, or holds a part of a path.
    """

    def refuse(why: str) -> NoReturn:
        raise RefusedError(400, f"{json.dumps(name[:100])} cannot be the name of a file here: {why}.")

    if not name or len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        refuse(f"it must have 1 to {LONGEST_NAME} bytes; rename the file")
    if "/" in name or "\\" in name or ":" in name or name.startswith("."):
        refuse("it holds a part of a path; send the name alone, without /, \\ and :, and without a dot at its start")
    if not name.isprintable() or name != name.strip() or name.endswith("."):
        refuse("it holds characters that cannot be printed, or a space or dot at its end; rename the file")
    suffix = Path(name).suffix.lower()
    if suffix not in AUDIO_SUFFIXES | LIST_SUFFIXES:
        refuse("it must end like a file of audio, such as .wav, or like a list, such as .csv")
    return name
