"""UUIDs of imported answers: the same answer always gets the same one, and nobody outside of the project can foresee it."""

from __future__ import annotations

import hashlib
import hmac
import uuid


def made_uuid(secret: bytes, named: str) -> str:
    """A UUID from what names the answer and the project's secret.

    Importing again does not bring back what the annotator took back. Whoever could foresee the UUID could use it first, and the
    answer would count as known.
    """
    return str(uuid.UUID(bytes=hmac.digest(secret, named.encode(), hashlib.sha256)[:16], version=4))
