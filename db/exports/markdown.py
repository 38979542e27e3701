"""Names in Markdown: data sheets and model cards."""

from __future__ import annotations


def plain_text(text: str) -> str:
    """A name as a cell of a Markdown table, with nothing in it that Markdown reads as a mark."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return "".join(f"\\{character}" if character in "\\`*_{}[]<>#|!" else character for character in printable)
