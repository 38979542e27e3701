"""The headers of every response: what a browser may load and run on the pages, and who may show them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import streamlit

_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def page_headers() -> list[tuple[bytes, bytes]]:
    """Names (in small letters) and values, as ASGI wants them."""
    return [
        (b"content-security-policy", _policy().encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        # An address holds the annotator's name: it goes to no other site. Without any referrer, browsers would call their own
        # origin "null" in some requests.
        (b"referrer-policy", b"same-origin"),
        # For browsers that do not know frame-ancestors.
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-resource-policy", b"same-origin"),
        # A site that opens the app in a window gets no hold of that window.
        (b"cross-origin-opener-policy", b"same-origin"),
    ]


def _policy() -> str:
    """The Content-Security-Policy.

    Scripts come from this server, or from blob: addresses, where Streamlit and `labeler/player/loader.js` put the components. The
    scripts inside Streamlit's own page are known by their hashes. Its reader of messages runs WebAssembly; text still cannot
    become a script. Streamlit writes its styles into the page. Nothing is fetched from elsewhere, and no other site may show the
    app in a frame.
    """
    scripts = " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *(f"'sha256-{digest}'" for digest in _inline_scripts())])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def _inline_scripts() -> list[str]:
    """The SHA-256 of each script that stands inside Streamlit's page, in base64."""
    page = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = _INLINE_SCRIPT.findall(page.read_bytes())
    return [base64.b64encode(hashlib.sha256(script).digest()).decode("ascii") for script in scripts]
