"""The hash of the code behind a result: what changes it, what does not, and what is behind a simulated cell."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.simulation import cells
from learner.simulation.code_version import code_version, modules_behind

TOP = '''"""Uses the room below."""
from typing import TYPE_CHECKING

from house.rooms.middle import doubled

if TYPE_CHECKING:
    from house.typed import Name

ANSWER = doubled(21)
'''
MIDDLE = """def doubled(number: int) -> int:
    from house.rooms import bottom

    return bottom.added(number, number)
"""
BOTTOM = '''def added(one: int, two: int) -> int:
    """The sum."""
    return one + two
'''
HOUSE = {
    "__init__": '"""A package."""\n',
    "top": TOP,
    "typed": "Name = str\n",
    "beside": "from house.top import ANSWER\n",
    "rooms/__init__": "",
    "rooms/middle": MIDDLE,
    "rooms/bottom": BOTTOM,
}
"""Modules of a package: `top` imports `middle`, and `middle`, inside a function, `bottom`; nobody imports `beside`."""

Change = Callable[[str, str, str], str]


@pytest.fixture
def after(tmp_path: Path) -> Change:
    """The version of `top` after some text in one module was replaced by another."""
    for name, text in HOUSE.items():
        path = tmp_path / "house" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def version_after(name: str, old: str, new: str) -> str:
        path = tmp_path / "house" / f"{name}.py"
        assert old in HOUSE[name]
        path.write_text(HOUSE[name].replace(old, new), encoding="utf-8")
        version = code_version("house.top", folders={"house": tmp_path / "house"})
        path.write_text(HOUSE[name], encoding="utf-8")
        return version

    return version_after


@pytest.fixture
def before(after: Change) -> str:
    """The version of `top` as it is."""
    return after("top", "doubled", "doubled")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("top", "21", "22"),
        ("rooms/middle", "number, number", "number, 0"),
        ("rooms/bottom", "one + two", "one - two"),
    ],
)
def test_a_change_of_code_changes_it_however_far_below(after: Change, before: str, name: str, old: str, new: str) -> None:
    assert after(name, old, new) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("rooms/bottom", "The sum.", "One number and another."),
        ("rooms/bottom", "    return", "    # Never negative.\n    return"),
        ("rooms/bottom", "one + two", "(one\n            + two)"),
        ("top", "Uses the room below.", "Asks the room below."),
    ],
)
def test_comments_docstrings_and_layout_do_not_change_it(after: Change, before: str, name: str, old: str, new: str) -> None:
    assert after(name, old, new) == before


def test_modules_that_are_not_run_do_not_change_it(after: Change, before: str) -> None:
    assert after("beside", "ANSWER", "doubled") == before
    assert after("typed", "str", "bytes") == before, "imported for type checkers only"


def test_code_of_a_package_on_the_way_changes_it(after: Change, before: str) -> None:
    assert after("__init__", "\n", "\nprint('loaded')\n") != before


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"learner\.nowhere"):
        code_version("learner.nowhere")


def test_behind_a_cell_is_what_trains_asks_and_evaluates() -> None:
    behind = modules_behind(cells.__name__).keys()
    assert {
        "db.decisions.consensus",
        "db.serving.mixing",
        "learner.dataset.label_aggregation",
        "learner.evaluation.accuracy",
        "learner.evaluation.cross_fitting",
        "learner.heads.discriminant",
        "learner.heads.logistic",
        "learner.heads.self_training",
        "learner.query.badge",
        "learner.query.cold_start",
        "learner.query.committee",
        "learner.query.uncertainty",
        "learner.simulation.replay",
    } <= behind


def test_what_only_makes_stores_or_shows_is_not_behind_a_cell() -> None:
    """An import that brings one of these in would throw away hours of cells with every change there."""
    apart = (
        "db.imports",
        "db.project",
        "db.store",
        "learner.audio",
        "learner.encoders",
        "learner.features.matrix",
        "learner.loop",
        "learner.simulation.cell_cache",
        "learner.simulation.summary",
    )
    assert [name for name in modules_behind(cells.__name__) if name.startswith(apart)] == []


def test_asking_imports_none_of_the_code() -> None:
    script = (
        "import sys; from learner.simulation.code_version import code_version; code_version('learner.simulation.cells'); "
        "print(sorted({'numpy', 'sklearn', 'sqlalchemy', 'learner.heads', 'db.models'} & {*sys.modules}))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
