"""File names of an export: safe on every system, and different also where letter case or the Unicode form does not count."""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata

MOST_BYTES = 200
"""Of one part of a path; file systems take 255, and other programs add to names."""
_LONGEST_SUFFIX = 20
_FORBIDDEN = frozenset('<>:"|?*\\/')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ .]*(?:\.|$)", re.IGNORECASE)
"""Names of devices, which Windows keeps with every suffix."""
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:/|(?:.*[/\\])?\.\.(?:[/\\]|$)", re.DOTALL)
"""An absolute path, an address, or one that leads out of its folder."""


class SafeNames:
    """Gives out the names in one folder."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, name: str, *, identity: str, addition: str = "", suffix: str | None = None, flat: bool = False) -> str:
        """A relative path, with slashes, that nobody has got before.

        A name that is safe stays as it is, with its folders. Any other gets a readable form and a short hash of `identity`, and
        so does a name that is taken already. Only in the latter case a name depends on those that were taken before.

        Args:
            name: as somebody wrote it: hostile.
            identity: what no other file has.
            addition: put between the name and its suffix.
            suffix: in place of its own one, with the dot.
            flat: without folders; their names become a part of the file's.
        """
        parts = _parts(name)
        if flat:
            parts = ["__".join(parts)]
        stem, own = _split(parts[-1])
        suffix = own if suffix is None else suffix
        folders = [_safe(part) for part in parts[:-1]]
        safe = _safe(stem + addition + suffix)
        short = hashlib.sha256(f"{identity}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        changed = _OUTSIDE.match(name) or [*folders, safe] != [*parts[:-1], stem + addition + suffix]
        tries = [] if changed else ["/".join([*folders, safe])]
        stem, suffix = _split(_safe(stem + suffix))
        marked = _safe(f"{_shortened(stem, MOST_BYTES // 2)}{addition}-{short}{suffix}")
        tries += ["/".join([*folders, marked]), marked, *(f"{short}-{number}{suffix}" for number in range(2, 1000))]
        return next(each for each in tries if self._is_free(each))

    def _is_free(self, path: str) -> bool:
        """Whether nothing has this path yet, nor is one of its folders a file; then it is taken."""
        key = folded(path)
        above = [key[: place.start()] for place in re.finditer("/", key)]
        if key in self._files or key in self._folders or any(folder in self._files for folder in above):
            return False
        self._files.add(key)
        self._folders.update(above)
        return True


def folded(text: str) -> str:
    """Texts that some file system takes for the same have the same folded form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _parts(name: str) -> list[str]:
    """The parts of a path; of one that is absolute or leads out of its folder the last."""
    if _OUTSIDE.match(name):
        parts = [part for part in re.split(r"[/\\]", name) if part.strip(" .")][-1:]
    else:
        parts = [part for part in name.split("/") if part not in ("", ".")]
    return parts or ["clip"]


def _safe(part: str) -> str:
    """A part that every system takes; the same one if it is safe already."""
    # A name that begins with a dot is hidden: tools pass it over. So they do with one that begins with two underscores.
    found = "".join(c if c.isprintable() and c not in _FORBIDDEN else "_" for c in part).strip(" ").rstrip(". ")
    if found.startswith(".") or _RESERVED.match(found):
        found = "_" + found
    if found.startswith("__"):
        found = found.lstrip("_")
    stem, suffix = _split(found or "clip")
    return _shortened(stem, MOST_BYTES - len(suffix.encode())).rstrip(". ") + suffix


def _split(part: str) -> tuple[str, str]:
    """Stem and suffix; what is too long for a suffix belongs to the stem."""
    stem, suffix = posixpath.splitext(part)
    return (stem, suffix) if len(suffix.encode("utf-8", "surrogatepass")) <= _LONGEST_SUFFIX else (part, "")


def _shortened(text: str, most_bytes: int) -> str:
    return text.encode("utf-8", "replace")[:most_bytes].decode(errors="ignore")
