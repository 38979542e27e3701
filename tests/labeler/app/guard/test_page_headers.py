"""What browsers may run on the pages; whether the pages still work with it, `tests/browser/test_guard.py` shows."""

from __future__ import annotations

from labeler.app.guard.page_headers import page_headers


def policy() -> dict[str, list[str]]:
    (text,) = [value.decode() for name, value in page_headers() if name == b"content-security-policy"]
    return {words[0]: words[1:] for words in (part.split() for part in text.split("; "))}


def test_no_text_can_become_a_script() -> None:
    scripts = policy()["script-src"]
    assert {"'self'", "blob:"} <= set(scripts)
    assert "'unsafe-inline'" not in scripts
    assert "'unsafe-eval'" not in scripts


def test_nothing_is_fetched_from_elsewhere() -> None:
    own = {"'self'", "'none'", "data:", "blob:", "'unsafe-inline'", "'wasm-unsafe-eval'"}
    assert [source for sources in policy().values() for source in sources if source not in own and "sha256-" not in source] == []
    assert policy()["connect-src"] == ["'self'"]


def test_nobody_can_show_the_app_in_a_frame() -> None:
    assert policy()["frame-ancestors"] == ["'none'"]
    assert (b"x-frame-options", b"DENY") in page_headers()
