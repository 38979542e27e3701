"""The awkward project, made once: exports change nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from db.project import OpenProject
from tests.db.exports.formats.awkward import make_awkward_project


@pytest.fixture(scope="session")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    """Clips with awkward names and labels, two of them parts of a recording."""
    project = make_awkward_project(tmp_path_factory.mktemp("awkward"))
    yield project
    project.close()


@pytest.fixture(scope="session")
def awkward_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    """The same, but every clip is a whole file."""
    project = make_awkward_project(tmp_path_factory.mktemp("awkward-files"), with_spans=False)
    yield project
    project.close()
