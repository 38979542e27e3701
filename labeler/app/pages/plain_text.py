"""Text that Streamlit would read as Markdown, made inert."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/\"'])")


def plain(text: str) -> str:
    """`text` with every mark of Markdown (and Streamlit's own colours, icons and formulas) escaped, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
