"""Two corpora of tones, and models of each mode that are trained on them once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.learner.many_corpora.tiny_corpora import tones, trained


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all of it; `cache` in it holds spectrograms."""
    return tmp_path_factory.mktemp("many")


@pytest.fixture(scope="session")
def manifests(home: Path) -> list[Path]:
    """`pitch` with five speakers, `voices` without any."""
    return [
        tones(home, "pitch", {"low": 200, "high": 2000}),
        tones(home, "voices", {"bass": 100, "alto": 800, "tenor": 400}, each=6, speakers=0),
    ]


@pytest.fixture(scope="session")
def adapters(home: Path, manifests: list[Path]) -> Path:
    """A model of mode adapters with two runs."""
    trained(manifests, home / "adapters", mode="adapters", cache=home / "cache", runs=2)
    return home / "adapters"


@pytest.fixture(scope="session")
def scratch(home: Path, manifests: list[Path]) -> Path:
    """A model of mode scratch."""
    trained(manifests, home / "scratch", mode="scratch", cache=home / "cache")
    return home / "scratch"
