"""Objects behind addresses: what a store says of one, its bytes, and what lies below an address. The one user of `fsspec`."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import AudioError
from learner.audio.address import archive_of, checked_address
from learner.audio.elsewhere.failures import AudioRefused, failure
from learner.audio.elsewhere.web import web_options
from learner.audio.reader import AudioMissing, shown

_VERSIONS = (
    *("ETag", "etag", "generation", "md5Hash", "CRC", "Content-MD5", "Last-Modified"),
    *("LastModified", "updated", "mtime", "created"),
)
"""What stores call that which changes with the bytes, the surest first."""
_BITS = 62
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 2}}
_S3 = {"config_kwargs": _TIMEOUTS, "use_listings_cache": False}
"""Without a cache of listings: it would hide that an object has changed."""


@dataclass(frozen=True)
class ObjectStatus:
    """What a store says of an object, under the names of `os.stat`; `st_mtime_ns` is a number that stands for its version."""

    st_size: int
    st_mtime_ns: int
    st_mode: int = stat.S_IFREG


def status_of_object(address: str) -> ObjectStatus:
    """Size and version of an object, from its store.

    Raises:
        AudioMissing: it is not there, may not be read or cannot be reached; its text holds no address.
    """
    with _failures(shown(address)):
        files, path = _opened(address)
        return _status(files.info(path), address)


def fetch(address: str, target: Path) -> None:
    """Write the bytes of an object to a file.

    Raises:
        AudioMissing: as `status_of_object`.
    """
    with _failures(shown(address)):
        files, path = _opened(address)
        files.get_file(path, str(target))


def objects_below(address: str) -> Iterator[tuple[str, str]]:
    """Name (relative, with `/`) and address of every object below an address, in the order of their names.

    Raises:
        AudioMissing: as `status_of_object`.
    """
    with _failures("This address"):
        files, root = _opened(address)
        found = sorted(files.find(root))
        if not found and archive_of(address) is None:
            files.info(root)
    root, archive = root.rstrip("/"), archive_of(address)
    for path in found:
        if path == root:
            name = path.rpartition("/")[2]
        elif path.startswith(f"{root}/" if root else ""):
            name = path[len(root) :].lstrip("/")
        else:
            continue
        yield name, f"zip://{path.lstrip('/')}::{archive}" if archive else files.unstrip_protocol(path)


def _opened(address: str) -> tuple[Any, str]:
    """The file system that an address belongs to, and the path in it; fsspec keeps and reuses file systems."""
    from fsspec.core import url_to_fs

    place = archive_of(address) or address
    protocol = place.partition("://")[0]
    # Only what this store takes: fsspec gives the rest to it as well.
    given: dict[str, Any] = {}
    if protocol == "s3":
        given = {protocol: _S3}
    elif protocol in ("https", "http"):
        given = {protocol: web_options()}
    return url_to_fs(checked_address(address), **given)  # type: ignore[no-any-return]


def _status(info: Mapping[str, Any], address: str) -> ObjectStatus:
    if info.get("type") == "directory":
        raise AudioMissing(f"{shown(address)} is a folder; name an audio file.")
    size = info.get("size")
    if not isinstance(size, int):
        raise AudioError(f"The server does not state how long {shown(address)} is; copy it to a disk or another store.")
    version = next((f"{key} {info[key]}" for key in _VERSIONS if info.get(key)), "")
    digest = hashlib.sha256(version.encode()).digest()
    return ObjectStatus(size, int.from_bytes(digest[:8], "big") >> (64 - _BITS))


@contextmanager
def _failures(what: str) -> Iterator[None]:
    try:
        yield
    except AudioError:
        raise
    except Exception as error:  # noqa: BLE001 (each store has errors of its own, and none may reach anybody with its text)
        sentence = failure(error, what)
        if isinstance(sentence, AudioRefused):
            _forget_credentials()
        raise sentence from None


def _forget_credentials() -> None:
    """Have them read again when a store is opened next: somebody may have renewed them in the files of the provider."""
    from fsspec import registry

    for kind in list(registry.values()):
        kind.clear_instance_cache()
