"""Addresses of audio elsewhere: which are taken, and which hold a secret and are not.

An address that is taken is stored as the path of its clips. So it holds nothing that opens a door: credentials come from the
environment, or from the files of the provider.
"""

from __future__ import annotations

import os
import re
from typing import TypeGuard

from db.errors import FormatError

PROTOCOLS = ("s3", "gs", "gcs", "https", "http", "memory")
ARCHIVE = "zip"
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*)(?:://|::)", re.IGNORECASE)
_PARTS = re.compile(r"([a-z0-9]+)://([^/]*)(/.*)?", re.DOTALL)
_WEB = ("https", "http")
_METADATA = re.compile(r"\[?(169\.254\.|fe80:|fd00:ec2:|metadata\b)", re.IGNORECASE)
"""Hosts that hand out the credentials of a cloud machine."""


def is_address(path: str | os.PathLike[str]) -> TypeGuard[str]:
    """Whether the path of a clip is an address, such as `s3://bucket/a.wav` or `zip://a.wav::s3://bucket/a.zip`."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def checked_address(text: str) -> str:
    """The address as it is stored.

    Raises:
        FormatError: it is of a kind that is not taken, or it holds a user name, a password, a query or a fragment, which may
            all be secrets; the sentence does not repeat them.
    """
    archive, chained, outer = text.partition("::")
    if not chained:
        return _checked(text)
    kind, _, inner = archive.partition("://")
    if kind.lower() != ARCHIVE or "::" in outer:
        raise FormatError("Of addresses with `::` only zip::ADDRESS is known; name the archive so.")
    place = _checked(outer) if is_address(outer) else os.path.abspath(outer)
    return f"{ARCHIVE}://{inner.strip('/')}::{place}"


def archive_of(address: str) -> str | None:
    """The address of the archive that this one lies in; None if it lies in none."""
    _, chained, outer = address.partition("::")
    return outer if chained else None


def _checked(text: str) -> str:
    parts = _PARTS.fullmatch(text[: text.find("://")].lower() + text[text.find("://") :])
    if parts is None or parts[1] not in PROTOCOLS:
        raise FormatError(
            "This kind of address is not known; give s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, https://HOST/PATH or zip::ADDRESS, "
            "or for a folder of this machine its path alone."
        )
    protocol, host = parts[1], parts[2]
    if "@" in host or (protocol in _WEB and ("?" in text or "#" in text)):
        raise FormatError(
            f"The {protocol} address holds a user name, a password, a query or a fragment, which would be stored; leave it "
            "out, and give credentials by the environment."
        )
    if not host and protocol != "memory":
        raise FormatError(f"The {protocol} address names no {'host' if protocol in _WEB else 'bucket'}; give one.")
    if protocol in _WEB and _METADATA.match(host):
        raise FormatError(f"{host} belongs to the machine itself and holds no audio; give another address.")
    return f"{protocol}://{host}{parts[3] or ''}"
