"""Where a network is saved: a new folder, or one that Earmark has saved a network to before."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from db.errors import FormatError
from db.store.files import whole_folder
from learner.prediction.models.document import is_model


def check_target(folder: Path) -> None:
    """Raises FormatError if no network can be saved there: before hours of training, and not after them."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise FormatError(f"{folder} is no folder; give another name for the folder of the network.")
    if folder.is_dir() and any(folder.iterdir()) and not is_model(folder):
        raise FormatError(f"{folder} holds something else than a network of `earmark finetune --save`; give another folder.")
    if not folder.parent.is_dir():
        raise FormatError(f"The folder {folder.parent} does not exist; make it first, or save to another one.")
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise FormatError(f"{folder.parent} cannot be written to; change its permissions, or save to another one.")


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """An empty folder that becomes `folder` once the block is left, in place of an older network; nothing changes if it raises.

    Raises:
        FormatError: it cannot be written, or something else is there.
    """
    check_target(folder)
    place = Path(os.path.realpath(folder))
    if not place.is_dir() or not any(place.iterdir()):
        with whole_folder(place) as part:
            yield part
        return
    new, old = (place.with_name(f".{uuid.uuid4().hex}.part") for _ in range(2))
    try:
        with whole_folder(new) as part:
            yield part
        os.rename(place, old)
        try:
            os.rename(new, place)
        except BaseException:
            os.rename(old, place)
            raise
    except OSError as error:
        raise FormatError(f"{folder} cannot be replaced ({error.strerror}); check its permissions, or save elsewhere.") from error
    finally:
        for left in (new, old):
            with suppress(OSError):
                shutil.rmtree(left)
