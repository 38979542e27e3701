"""The label guidelines: Markdown goes in, harmless HTML comes out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from db.errors import SettingsError
from db.guidelines import GUIDELINES_FILE, MOST_BYTES, read_guidelines
from labeler.app.api.guidelines import guidelines_html

HOSTILE = """
# <img src=x onerror=alert(1)> & <script>alert(2)</script>

<div onclick="alert(3)">click</div>
<!-- --><iframe src="javascript:alert(4)"></iframe>

[one](javascript:alert(5)) [two](JaVaScRiPt&#58;alert(6)) [three](data:text/html,<script>alert(7)</script>)
[four](vbscript:x) [five](//evil.example/x) [six](https://example.org/"onmouseover="alert(8)) ![seven](https://example.org/a.png)
[eight](<x" data-example="javascript:alert(9)>) <https://example.org/'><b>nine</b>

```"><script>
</code><script>alert(10)</script>
```
"""
ALLOWED = {"h1", "p", "a", "span", "pre", "code"}


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def nowhere(_file_name: str) -> str | None:
    return None


def test_nothing_hostile_is_left() -> None:
    for tag, attributes in Elements(guidelines_html(HOSTILE, address=nowhere)).found:
        assert tag in ALLOWED
        assert set(attributes) <= {"href", "target", "rel", "class", "title"}
        if tag == "a":
            assert re.match(r"https://example\.org/", attributes["href"] or "")
            assert attributes["rel"] == "noopener noreferrer nofollow"


def test_a_link_to_a_clip_becomes_a_play_button() -> None:
    clips = {"clips/a b ü.wav": "/earmark/audio/TOKEN"}
    html = guidelines_html("Hear [a *clear* case](<clips/a b ü.wav>), not [this](gone.wav).", address=clips.get)
    assert '<button type="button" class="example" data-example="/earmark/audio/TOKEN">a <em>clear</em> case</button>' in html
    assert '<span class="missing" title="There is no clip called gone.wav">this</span>' in html


def test_markdown_is_rendered() -> None:
    html = guidelines_html("## angry\n\n- loud\n- *tense*\n\n| a | b |\n|---|---|\n| 1 | 2 |", address=nowhere)
    assert "<h2>angry</h2>" in html
    assert "<li><em>tense</em></li>" in html
    assert "<td>2</td>" in html


def test_the_file_may_be_absent_and_must_be_text(tmp_path: Path) -> None:
    assert read_guidelines(tmp_path) is None
    path = tmp_path / GUIDELINES_FILE
    path.write_text("# Hör zu", encoding="utf-8")
    assert read_guidelines(tmp_path) == "# Hör zu"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="save it as UTF-8"):
        read_guidelines(tmp_path)
    path.write_text("x" * (MOST_BYTES + 1), encoding="utf-8")
    with pytest.raises(SettingsError, match="make it shorter"):
        read_guidelines(tmp_path)
