"""Remarks on a source as a whole: what many lines have in common is stated once, with their number and the first of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Remark:
    sentence: Callable[[int], str]
    count: int = 0


class Remarks:
    """Collects remarks while the lines of a source are read."""

    def __init__(self) -> None:
        self._found: dict[str, _Remark] = {}

    def add(self, kind: str, sentence: Callable[[int], str]) -> None:
        """One more line of this kind; of the sentences for a kind, each made from the number of lines, the first is used."""
        self._found.setdefault(kind, _Remark(sentence)).count += 1

    def sentences(self) -> list[str]:
        """A sentence for each kind, in the order in which the kinds were found."""
        return [remark.sentence(remark.count) for remark in self._found.values()]
