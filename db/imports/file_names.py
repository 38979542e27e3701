"""Where the files lie that a manifest names: names in another Unicode form, Windows paths, and `file:` addresses.

A name that exists exactly as it is written is always that file. Otherwise:

- macOS writes `Ä` in file names as two characters (A and a diaeresis), most other programs as one. So a name is matched by its
  normal form (Unicode Standard Annex 15), if only one file has it.
- A Windows path leads nowhere on another machine. Its longest end that exists below the manifest's folder is taken, since people
  move a folder as a whole.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from db.imports.remarks import Remarks

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE_ADDRESS = re.compile(r"file:(?://([^/\\]*))?([/\\].*)", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SHARE = re.compile(r"\\\\[^\\/]+[\\/]")
_MOST_LISTED = 500_000
"""So many names are remembered of the folders that were listed last."""


class NameProblemError(Exception):
    """A name that cannot be that of a file; the message is the rest of a sentence that begins with the line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies: its absolute path, and what to say if nothing is there (None for the usual sentence)."""

    path: str
    if_missing: str | None = None


def absolute_path(folder: str, name: str) -> str:
    """The absolute path of `name` relative to `folder`; `..` is resolved as the operating system does it, also after links."""
    joined = os.path.join(folder, name)
    return os.path.realpath(joined) if ".." in joined.split("/") else os.path.normpath(joined)


def is_web_address(name: str) -> bool:
    """Whether the name is an address on the network, such as https://…; `file:` addresses are not."""
    return _ADDRESS.match(name) is not None and not name.lower().startswith("file:")


class FileNames:
    """Finds the files of one manifest. What was matched by more than the exact name goes into the remarks."""

    def __init__(self, folder: str, remarks: Remarks) -> None:
        self._folder, self._remarks = folder, remarks
        self._listed: dict[str, dict[str, list[str]]] = {}
        self._names_listed = 0
        self._taken: dict[str, str] = {}

    def place(self, name: str) -> Place:
        """Where the file of this name lies, whether or not there is one.

        Raises:
            NameProblemError: the name cannot be that of a file here.
        """
        is_odd = not name.isascii() or "\\" in name or name[1:2] == ":" or name[:5].lower() == "file:"
        if not is_odd or os.path.lexists(absolute_path(self._folder, name)):
            return Place(absolute_path(self._folder, name))
        address = _FILE_ADDRESS.fullmatch(name)
        written = _of_address(address) if address else name
        if "\\" in written or _DRIVE.match(written):
            return self._of_windows(name, written)
        return Place(self._same_form(absolute_path(self._folder, written), name))

    def _of_windows(self, name: str, written: str) -> Place:
        parts = [part for part in re.split(r"[\\/]", written) if part not in ("", ".")]
        if _DRIVE.match(written) or _SHARE.match(written):
            del parts[0]
        elif not written.startswith("\\"):
            path = self._same_form(absolute_path(self._folder, "/".join(parts)), name)
            return self._found(name, path) if _is_there(path) else Place(absolute_path(self._folder, name))
        # With `..` the end of a path could lead out of the folder.
        for end in (parts[first:] for first in range(len(parts)) if ".." not in parts[first:]):
            path = self._same_form(absolute_path(self._folder, "/".join(end)), name)
            if _is_there(path):
                first = self._taken.setdefault(path, name)
                if _compared(first) != _compared(name):
                    raise NameProblemError(
                        f"names {shown(name)}, but {shown(path)} was taken for {shown(first)}; "
                        "copy the files below the manifest with their folders"
                    )
                return self._found(name, path)
        return Place(
            absolute_path(self._folder, name),
            f"{shown(name)} is a Windows path, and no end of it exists below {self._folder}; "
            "copy the files there with their folders, or write names relative to the manifest.",
        )

    def _found(self, name: str, path: str) -> Place:
        below = os.path.relpath(path, self._folder)
        self._remarks.add(
            "windows",
            lambda count: (
                f"{lines_name(count)} a Windows path; the files were found below {self._folder} by the ends of their paths "
                f"(the first, {shown(name)}, is {shown(below)})."
            ),
        )
        return Place(path)

    def _same_form(self, path: str, name: str) -> str:
        """The path, or the one that exists and differs in the Unicode form of its names only."""
        if path.isascii() or os.path.lexists(path):
            return path
        parts = path.split("/")[1:]
        here = "/"
        for part in parts:
            exact = os.path.join(here, part)
            if os.path.lexists(exact):
                here = exact
                continue
            same = self._names(here).get(unicodedata.normalize("NFC", part), [])
            if not same:
                return path
            if len(same) > 1:
                raise NameProblemError(
                    f"names {shown(name)}, but {shown(here)} holds {len(same)} such names in other Unicode forms; "
                    "write the name exactly as one of them"
                )
            here = os.path.join(here, same[0])
        self._remarks.add(
            "form",
            lambda count: (
                f"{lines_name(count)} a file in another Unicode form than its folder does (the first is {shown(name)}); "
                "the files were found by the normal form of their names."
            ),
        )
        return here

    def _names(self, folder: str) -> dict[str, list[str]]:
        """The names in a folder by their normal form; names of ASCII have one form only and are left out."""
        if folder not in self._listed:
            found: dict[str, list[str]] = {}
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if not entry.name.isascii():
                            found.setdefault(unicodedata.normalize("NFC", entry.name), []).append(entry.name)
            except OSError:
                pass
            self._listed[folder] = found
            self._names_listed += len(found) + 1
            while len(self._listed) > 1 and self._names_listed > _MOST_LISTED:
                self._names_listed -= len(self._listed.pop(next(iter(self._listed)))) + 1
        return self._listed[folder]


def _of_address(address: re.Match[str]) -> str:
    """The path in a `file:` address (RFC 8089)."""
    try:
        path = unquote(address[2], errors="strict")
    except UnicodeDecodeError:
        raise NameProblemError("has an address whose bytes are not UTF-8; give the path instead") from None
    if "\0" in path:
        raise NameProblemError("has an address that holds a NUL character; remove it")
    machine = unquote(address[1] or "")
    if _DRIVE.match(machine + path):
        return machine + path
    if machine and machine.lower() != "localhost":
        return f"\\\\{machine}{path}"
    return path[1:] if _DRIVE.match(path[1:]) else path


def _is_there(path: str) -> bool:
    """Whether there is anything but a folder: an end such as `..` leads to one."""
    return os.path.lexists(path) and not os.path.isdir(path)


def _compared(name: str) -> str:
    """Windows paths that mean one file: letter case does not matter there, and a `file:` address may stand for a path."""
    return re.sub(r"^file:/*|[\\/]+", "/", name.casefold()).lstrip("/")


def lines_name(count: int) -> str:
    """The beginning of a sentence about so many lines."""
    return "1 line names" if count == 1 else f"{count} lines name"


def shown(name: str) -> str:
    """A name as it may stand in a one-line message: short, and what cannot be printed escaped."""
    short = name if len(name) <= 100 else f"{name[:40]}…{name[-60:]}"
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in short) + "'"
