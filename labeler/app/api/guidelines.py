"""The label guidelines, as HTML that holds nothing but text, its marks, links and play buttons.

They are `guidelines.md` of the project, and behind it the guideline of each label. Both are Markdown. A link to a clip's file
name, `[a clear case](clips/03.wav)`, becomes a button that plays it. HTML in it is shown as the text it is; pictures are not
loaded; other links lead only to http, https and mailto, in a tab of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from sqlalchemy.orm import Session

from db.errors import ClipError
from db.guidelines import read_guidelines
from db.records.clips import find_clip
from db.records.labels import active_labels
from labeler.app.guard import places
from labeler.app.sign_in.tokens import Media, Tokens

_OUTSIDE = re.compile(r"(?:https?|mailto):", re.IGNORECASE)

Address = Callable[[str], str | None]


def project_guide(session: Session, directory: Path, tokens: Tokens) -> str | None:
    """The project's guidelines and those of each label in use as safe HTML; None where nobody has written any.

    Raises:
        SettingsError: the file cannot be read.
    """
    general = read_guidelines(directory)
    guided = [label for label in active_labels(session) if label.guideline]
    if general is None and not guided:
        return None
    address = example_addresses(session, tokens)
    parts = [] if general is None else [guidelines_html(general, address=address)]
    parts += [f"<h2>{escape(label.name)}</h2>\n{guidelines_html(label.guideline or '', address=address)}" for label in guided]
    return "".join(parts)


def example_addresses(session: Session, tokens: Tokens) -> Address:
    """Gives the address of a clip's audio by the clip's file name."""

    def address(file_name: str) -> str | None:
        try:
            return places.address(f"audio/{tokens.for_media(Media(find_clip(session, file_name=file_name).id, None))}")
        except ClipError:
            return None

    return address


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
