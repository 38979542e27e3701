"""The colour of each label, on pages and in charts: the one that a lead chose, or the next of a palette."""

from __future__ import annotations

from collections.abc import Sequence

from db.models import Label

PALETTE = ("#3b76c0", "#c9762b", "#2f9270", "#b0558f", "#8a7a1f", "#6a5acd", "#c0504d", "#3a8fa3", "#7a6a5a", "#8a939e")
"""All are seen on white and on near-black. The first four differ with any kind of colour vision."""


def label_colours(labels: Sequence[Label]) -> list[str]:
    """`#rrggbb` for each label; those that nobody chose follow the palette by the label's position, so that they never move."""
    return [label.colour or PALETTE[label.position % len(PALETTE)] for label in labels]
