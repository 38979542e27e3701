"""The directions in which clips differ most, labelled or not: with few labels, a head learns in these alone.

The features of an encoder that knows much about speech, such as Whisper, describe above all what was said and who spoke. Along
most directions clips of one label differ by chance, and a few labelled clips cannot show which directions matter. The largest
directions of many clips are known without any label. So the head gets few directions with few labels, more with more labels,
and all of them as soon as there are enough labels. One rule fits features that need few directions and features that need many.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from learner.arrays import Float64Array

FOR_A_LABEL = 1.5
"""Directions for each labelled clip."""
FEWEST = 40
"""Never fewer directions: in a few, even the largest, there may be nothing about the labels."""
ENOUGH_LABELS = 100
"""With so many labelled clips a head learns in all directions."""
_NONE = 1e-9
"""Directions with a smaller share of the largest variance are rounding errors."""


def directions_for(labels: int, *, dim: int, clips: int, enough: int = ENOUGH_LABELS) -> int | None:
    """How many directions a head learns in; None for all.

    Args:
        labels: labelled clips.
        dim: features of a clip.
        clips: labelled and unlabelled clips together.
        enough: see `ENOUGH_LABELS`.
    """
    wanted = max(round(FOR_A_LABEL * labels), FEWEST)
    return wanted if labels < enough and wanted < min(dim, clips) else None


def principal_points(products: Float64Array, count: int) -> tuple[Float64Array, Float64Array]:
    """Where the clips stand along the `count` directions with the largest mean square.

    Args:
        products: inner products of the clips, [n, n].

    Returns:
        Coordinates of the clips, [n, count or fewer], and the directions as sums of clips, [n, count or fewer]: with features X
        the directions are `sums.T @ X`.
    """
    clips = len(products)
    sizes, vectors = eigh(products, subset_by_index=[clips - count, clips - 1], check_finite=False)
    there = sizes > _NONE * max(float(sizes[-1]), 1e-300)
    lengths = np.sqrt(sizes[there])
    found: Float64Array = vectors[:, there]
    return found * lengths, found / lengths
