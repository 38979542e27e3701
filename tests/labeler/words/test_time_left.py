"""How long something still takes."""

from __future__ import annotations

import pytest

from labeler.words.time_left import time_left


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "A few seconds left."),
        (44.0, "About 40 seconds left."),
        (95.0, "About 2 minutes left."),
        (3000.0, "About 50 minutes left."),
        (7300.0, "About 2 hours left."),
        (200_000.0, "About 2 days left."),
    ],
)
def test_it_is_as_exact_as_it_is_known(seconds: float, words: str) -> None:
    assert time_left(seconds) == words
