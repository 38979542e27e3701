"""The label guidelines: `guidelines.md` of the project, as HTML that holds nothing but text, its marks, links and play buttons.

The file is Markdown. A link to a clip's file name, `[a clear case](clips/03.wav)`, becomes a button that plays it. HTML in it is
shown as the text it is; pictures are not loaded; other links lead only to http, https and mailto, in a tab of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

_OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)

Address = Callable[[str], str | None]


def guidelines_html(markdown: str, *, address: Address) -> str:
    """The guidelines as safe HTML.

    Args:
        markdown: text of the file; taken for hostile.
        address: gives the address of a clip's audio by its file name, or None when there is no such clip.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(markdown)
    for token in tokens:
        if token.children:
            _turn_links(token.children, address)
    html: str = reader.renderer.render(tokens, reader.options, {})
    return html


def _turn_links(children: Sequence[Token], address: Address) -> None:
    """Make each link a play button, a link to the outside, or plain text."""
    for opened, closed in _links(children):
        target = str(opened.attrs.get("href", ""))
        audio = None if _OUTSIDE.match(target) else address(unquote(target))
        if audio is not None:
            opened.tag, opened.attrs = "button", {"type": "button", "class": "example", "data-example": audio}
        elif _OUTSIDE.match(target):
            opened.attrs = {"href": target, "target": "_blank", "rel": "noopener noreferrer nofollow"}
        else:
            opened.tag, opened.attrs = "span", {"class": "missing", "title": f"There is no clip called {unquote(target)}"}
        closed.tag = opened.tag


def _links(children: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    """Opening and closing token of each link; Markdown has no link inside a link."""
    opened = None
    for token in children:
        if token.type == "link_open":
            opened = token
        elif token.type == "link_close" and opened is not None:
            yield opened, token
