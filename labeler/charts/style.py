"""Colours and sizes that all charts share."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

BLUE, GREY, ORANGE, GREEN = "#3b76c0", "#8a939e", "#c9762b", "#2f9270"
"""All are readable on white and on near-black."""
HEIGHT, WIDTH = 320, 640

PALETTE = (
    "#3b76c0", "#c9762b", "#2f9270", "#b65aa0", "#8d7f1c", "#4fa3c7", "#c2504a", "#7c6fd0", "#6f7f8d", "#5f9e3a",
)  # fmt: skip
"""Colours of labels in their order, for those that have none of their own. Readable on white and on near-black; neighbours in the
list differ in lightness and hue, so that most readers with any colour vision tell them apart."""


def label_colours(own: Sequence[str | None]) -> list[str]:
    """A colour `#rrggbb` for each label, in their order: its own, or the next of the palette that no label has taken."""
    taken = {colour.lower() for colour in own if colour}
    free = [colour for colour in PALETTE if colour not in taken] or list(PALETTE)
    others = itertools.cycle(free)
    return [colour or next(others) for colour in own]
