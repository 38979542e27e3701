"""Escapes text that Streamlit would otherwise read as Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=@/\"'])")


def plain(text: str) -> str:
    """`text` on one line, with every mark of Markdown (and of Streamlit's colours, icons and formulas) escaped."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
