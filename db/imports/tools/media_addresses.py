"""Where the audio lies that another tool addresses: its own uploads, files that it serves, and objects in a cloud storage.

Nothing is downloaded. An address is matched with a file below one folder by the longest end of its path that exists there, since
people copy a folder as a whole.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import unquote

from db.imports.file_names import FileNames, NameProblemError, absolute_path, shown
from db.imports.remarks import Remarks

_HOST = r"(?:https?://[^/?#]+(?:/[^?#]*?)?)?"
_LOCAL = re.compile(_HOST + r"/data/local-files/?\?(?:[^#]*&)?d=(.+)", re.IGNORECASE | re.DOTALL)
_UPLOAD = re.compile(_HOST + r"/data/(upload/[^?#]+)(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_WEB = re.compile(r"https?://[^/?#]+/([^?#]+)(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_STORAGE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://[^/]+/(.+)", re.IGNORECASE | re.DOTALL)
_UPLOADED = re.compile(r"[0-9a-f]{8}-(.+)", re.DOTALL)
"""Label Studio puts a random number before the name of a file that somebody uploads."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file: the name that the address gives it, its absolute path, and what to say if nothing is there."""

    name: str
    path: str
    if_missing: str | None = None


class MediaAddresses:
    """Finds the files of one export of another tool below a folder.

    Args:
        folder: absolute.
        by_ends: whether plain paths, too, are matched by their ends: if somebody named the folder for this purpose.
    """

    def __init__(self, folder: str, remarks: Remarks, *, by_ends: bool) -> None:
        self._folder, self._by_ends = folder, by_ends
        self._names = FileNames(folder, remarks)
        self._taken: dict[str, str] = {}

    def find(self, address: str) -> Found:
        """Where the file lies, whether or not there is one.

        Raises:
            NameProblemError: it addresses no file, or the same one as another address.
        """
        if address[:5].lower() == "data:":
            raise NameProblemError("holds its audio as text instead of a file name; export the tasks without it")
        if local := _LOCAL.fullmatch(address):
            name = unquote(local[1])
            return self._by_end(address, name, [absolute_path("/", name)])
        if upload := _UPLOAD.fullmatch(address):
            name = unquote(upload[1])
            original = _UPLOADED.fullmatch(name.rpartition("/")[2])
            return self._by_end(address, name, [], original[1] if original else None)
        if web := _WEB.fullmatch(address):
            return self._by_end(address, unquote(web[1]), [])
        if storage := _STORAGE.fullmatch(address):
            return self._by_end(address, storage[1], [])
        place = self._names.place(address)
        if self._by_ends and not _is_file(place.path):
            return self._by_end(address, address, [])
        return Found(address, place.path, place.if_missing)

    def _by_end(self, address: str, name: str, elsewhere: list[str], last: str | None = None) -> Found:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or "\0" in name:
            raise NameProblemError(f"names no file in {shown(address)}; give its path")
        # With `..` an end could lead out of the folder.
        ends = ["/".join(parts[first:]) for first in range(len(parts)) if ".." not in parts[first:]]
        for place, end in enumerate([*ends, *([last] if last else [])]):
            path = self._names.place(end).path
            if _is_file(path):
                return Found(name, self._only(path, address) if place else path)
            if place == 0:
                for other in elsewhere:
                    if _is_file(other):
                        return Found(name, other)
        missing = (
            f"Nothing is downloaded, and no end of {shown(address)} exists below {self._folder}; copy the audio to this machine "
            "and name its folder with --audio-folder."
        )
        return Found(name, elsewhere[0] if elsewhere else absolute_path(self._folder, "/".join(parts)), missing)

    def _only(self, path: str, address: str) -> str:
        first = self._taken.setdefault(path, address)
        if first != address:
            raise NameProblemError(
                f"names {shown(address)}, but {shown(path)} was taken for {shown(first)}; copy the files with their folders"
            )
        return path


def _is_file(path: str) -> bool:
    return os.path.lexists(path) and not os.path.isdir(path)
