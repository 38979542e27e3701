"""The one way to write a file: it appears whole or not at all, whatever happens while it is written.

It is written beside its place, under a name that no other process has (a part), and renamed. Take the function that suits the
writer: `write_whole` for a text or bytes, `whole_file` for a library that writes to an open file, `whole` for one that wants a
path or makes a folder, `written_whole` and `whole_folder` for an output that a user has named, and `Part` where other work
lies between writing and
renaming.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from db.errors import FormatError

_PARTS = f".{'[0-9a-f]' * 32}.part"


class Part:
    """A file or folder in the making. Two that are to become the same file do not disturb each other: the later one stays.

    As a context manager it is discarded if the block raises.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f".{uuid.uuid4().hex}.part"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.discard()

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        sync(self.path)

    def become(self, target: Path) -> None:
        """Rename it, in place of a file that may be there. Quick, and seen by others at once."""
        os.replace(self.path, target)

    def discard(self) -> None:
        """Remove it if it has not become anything. Never raises: it is called when something else has failed."""
        with suppress(OSError):
            _remove(self.path)


@contextmanager
def whole(target: Path, *, durable: bool = True) -> Iterator[Path]:
    """A path to write to, as a file or as a folder, that becomes `target` once the block is left; removed if the block raises.

    An older file of that name is replaced, and an older folder only if it is empty. Mode and owner are those of a new file.

    Args:
        durable: survive a power cut too. Not needed for what can be made again and is checked when it is read.

    Raises:
        OSError: it cannot be written.
    """
    with Part(target.parent) as part:
        yield part.path
        if durable:
            part.sync()
        part.become(target)
        if durable:
            sync_names(target.parent)


@contextmanager
def whole_file(target: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """As `whole`, a file opened to write bytes to."""
    with whole(target, durable=durable) as part, part.open("wb") as file:
        yield file


def write_whole(target: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write a file in one go, a text in UTF-8; otherwise as `whole`."""
    with whole_file(target, durable=durable) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def remove_leftovers(folder: Path) -> None:
    """Remove the parts of processes that were killed. Call it only where no other process writes to the folder meanwhile.

    Raises:
        OSError: one cannot be removed.
    """
    for part in folder.glob(_PARTS):
        _remove(part)


@contextmanager
def written_whole(output: Path, *, example: str) -> Iterator[Path]:
    """As `whole`, for an output that a user has named: OSError and ValueError of the block become one sentence.

    A link stays a link, and what is no regular file (a pipe, /dev/stdout) is written to as it is.

    Args:
        output: where the file is wanted.
        example: a file name to propose to somebody who gave a folder.

    Raises:
        FormatError: the output cannot be written.
    """
    if os.path.isdir(output):
        raise FormatError(f"{output} is a folder; give the name of a file, such as {output / example}.")
    if not os.path.isdir(output.parent):
        raise FormatError(f"The folder {output.parent} does not exist; make it first, or write to another one.")
    with _one_sentence(output):
        if os.path.exists(output) and not os.path.isfile(output):
            # It must not be replaced, and there is no file to put beside it.
            yield output
            return
        with whole(Path(os.path.realpath(output))) as part:
            yield part


@contextmanager
def whole_folder(output: Path) -> Iterator[Path]:
    """As `written_whole`, for an output that is a folder: the block gets an empty folder that becomes `output`.

    Raises:
        FormatError: something other than an empty folder is there, or it cannot be written.
    """
    if os.path.lexists(output) and not (os.path.isdir(output) and not os.listdir(output)):
        raise FormatError(f"{output} exists already; remove it, or give another name for the folder.")
    if not os.path.isdir(output.parent):
        raise FormatError(f"The folder {output.parent} does not exist; make it first, or write to another one.")
    with _one_sentence(output), whole(Path(os.path.realpath(output))) as part:
        part.mkdir()
        yield part


@contextmanager
def _one_sentence(output: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(
            f"{output} cannot be written ({reason}); choose another place or check its permissions and space."
        ) from error


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or a folder with all that is in it, is on the disk."""
    if path.is_dir():
        for inside in path.iterdir():
            sync(inside)
        sync_names(path)
        return
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; not every file system can, and not every folder may be read."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(opened)
