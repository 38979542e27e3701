"""Real corpora for tests: EARMARK_CORPORA names their folder. Without it the tests that need one are skipped, with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def corpus(name: str) -> Path:
    """The manifest of a corpus."""
    folder = os.environ.get("EARMARK_CORPORA")
    manifest = Path(folder or "") / f"{name}.csv"
    if not folder or not manifest.is_file():
        pytest.skip(f"EARMARK_CORPORA does not hold {name}.csv")
    return manifest
