"""Escapes text that Streamlit would otherwise read as Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/\"'])")
_SEAMS = re.compile(r"(?<=:)(?=\S)|(?<=.)(?=@)|(?<=www)(?=\.)|(?<=[<>~=-])(?=[<>~=-])", re.IGNORECASE)
"""Places inside of what Streamlit replaces although it is escaped: addresses (`http://`, `www.`, `a@b.c`), icons and emoji
(`:house:`), and arrows and dashes made of signs (`->`, `--`)."""
_SEPARATOR = ":small[]"
"""An empty stretch of small text. It shows nothing, and is not there when the text is copied."""


def plain(text: str) -> str:
    """`text` on one line, shown as it is: with every mark of Markdown, and of what Streamlit adds to it, escaped.

    Streamlit looks for addresses, icons and arrows after it has resolved the escapes. So these are also taken apart, by something
    that is not seen: Streamlit looks at each stretch of text by itself.
    """
    return _SEPARATOR.join(_MARKS.sub(r"\\\1", part) for part in _SEAMS.split(" ".join(text.split())))
