"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.errors import FormatError


@contextmanager
def written_whole(output: Path, *, example: str) -> Iterator[Path]:
    """A path to write to (a file, or a folder for formats that are one), which becomes `output` once the block is left.

    An older file of that name is replaced only by a whole one. What the block raises as OSError or ValueError is told as one
    sentence.

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
    if os.path.exists(output) and not os.path.isfile(output):
        # A pipe, /dev/null or /dev/stdout: it must not be replaced, and there is no file to put beside it.
        with _told(output):
            yield output
        return
    # Beside the real file, so that the last step is a rename, and a link stays a link.
    target = Path(os.path.realpath(output))
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with _told(output):
            yield part
            if part.is_file():
                with open(part, "rb") as file:
                    os.fsync(file.fileno())
            os.replace(part, target)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


@contextmanager
def _told(output: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FormatError(
            f"{output} cannot be written ({reason}); choose another place or check its permissions and space."
        ) from error
