"""Every test here has a store and a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.learner.audio.elsewhere.storage import elsewhere

__all__ = ["elsewhere"]


@pytest.fixture(autouse=True)
def _kept(elsewhere: Path) -> Path:
    return elsewhere
