"""The house is built as its plan says: which room knows which, what a process loads, how long a file is and how full a folder."""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter import cli

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("db", "learner", "labeler")
FOLDERS = (*PACKAGES, "benchmarks", "sample_data", "scripts", "tests")
LONGEST_FILE = 350
MOST_FILES = 14
"""In a folder: a reader takes in so many names at a glance."""
RUN_WHEN_IMPORTED = ("labeler.app.pages.main", "db.store.migrations.env")
"""A Streamlit script and alembic's: they are not modules to import."""
HEAVY = ("cleanlab", "modAL", "sklearn", "torch", "transformers")


def sources(*folders: str, kinds: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((REPOSITORY / folder).rglob("*")) if path.suffix in kinds)


def modules_of(folder: str) -> list[str]:
    names = [path.relative_to(REPOSITORY).with_suffix("").parts for path in sources(folder)]
    return [".".join(part for part in parts if part != "__init__") for parts in names if parts[-1] != "__main__"]


@pytest.fixture
def loggers_stay() -> Iterator[None]:
    """import-linter disables every logger that is there already, and later tests look at what ours write."""
    yield
    for logger in logging.Logger.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


@pytest.mark.usefixtures("loggers_stay")
def test_arrows_point_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(REPOSITORY)
    problems = cli.lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert not problems, capsys.readouterr().out


@pytest.mark.parametrize("package", [*PACKAGES, "labeler.app"])
def test_every_room_has_its_place_in_the_order(package: str) -> None:
    """A room that no list of layers named could import whatever it liked."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    orders = [contract for contract in contracts if contract.get("containers") == [package]]
    assert [(order["type"], order["exhaustive"], "exhaustive_ignores" in order) for order in orders] == [("layers", True, False)]
    named = {room.strip(" ()") for line in orders[0]["layers"] for room in line.split("|")}
    folder = REPOSITORY / package.replace(".", "/")
    rooms = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()} - {"__init__"}
    assert rooms <= named


@pytest.mark.parametrize("folder", ["labeler/app", "labeler/player", "labeler/cli", "labeler/scripting", "db"])
def test_app_and_commands_load_no_heavy_library(folder: str) -> None:
    """What is loaded with a module, its own imports' imports included; not what a function imports when it needs it."""
    names = [name for name in modules_of(folder) if name not in RUN_WHEN_IMPORTED]
    load = f"import importlib, sys; [importlib.import_module(name) for name in {names}]"
    script = f"{load}; print({{*{HEAVY}}} & {{*sys.modules}} or None)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert loaded.stdout.strip() == "None", loaded.stdout + loaded.stderr


def test_no_file_is_long() -> None:
    paths = sources(*FOLDERS, kinds=(".py", ".js", ".mjs"))
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_folder_is_crowded() -> None:
    files = sources("db", "learner", "labeler", "benchmarks", "tests", kinds=(".py", ".js", ".mjs"))
    counts = Counter(str(path.parent.relative_to(REPOSITORY)) for path in files if path.name != "__init__.py")
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_every_library_that_is_imported_is_declared() -> None:
    """What another library happens to bring along may go with its next release."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    lists = (
        project["dependencies"],
        *(project["optional-dependencies"][extra] for extra in ("av", "dask", "egemaps", "metrics", "postgresql", "s3", "vad")),
    )
    declared = {distribution(re.split(r"[<>=\[]", requirement)[0]) for requirements in lists for requirement in requirements}
    # What is not installed (an extra that nothing else brings) goes by its own name.
    found = packages_distributions()
    missing = {module for module in imported() if not declared & {distribution(name) for name in found.get(module, [module])}}
    assert missing == set()


def distribution(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sources(*PACKAGES)]
    statements = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in statements if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names} - set(PACKAGES) - sys.stdlib_module_names


def test_every_module_and_every_room_says_why_it_exists() -> None:
    silent = [str(path) for path in sources(*PACKAGES) if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


@pytest.mark.parametrize(("package", "public"), [("db", []), ("learner", []), ("labeler", ["Head", "Model", "Project"])])
def test_the_packages_promise_these_names_and_no_others(package: str, public: list[str]) -> None:
    """A name that is meant for others goes into `__all__`, into docs/python_api.md, and into this test."""
    module = importlib.import_module(package)
    assert module.__all__ == public
    assert [getattr(module, name).__name__ for name in public] == public
    assert [name for name, value in vars(module).items() if not name.startswith("_") and not inspect.ismodule(value)] == []


def test_the_command_is_the_only_program() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"earmark": "labeler.cli.__main__:run"}
    assert not {"gui-scripts", "entry-points"} & set(project)


def test_nothing_is_unpickled() -> None:
    """Models are safetensors, or arrays with JSON: reading a project or a checkpoint runs nobody's code."""
    text = {path: path.read_text(encoding="utf-8") for path in sources(*PACKAGES)}
    assert [
        path
        for path, code in text.items()
        if re.search(r"^\s*(import|from) (pickle|joblib|dill|shelve|marshal)\b", code, re.MULTILINE)
    ] == []
    loads = [(path, call) for path, code in text.items() for call in re.findall(r"torch\.load\([^)]*\)", code)]
    assert [path for path, call in loads if "weights_only=True" not in call] == []
    assert [path for path, code in text.items() if "allow_pickle=True" in code] == []


def test_nothing_is_called_utils() -> None:
    """A name that says nothing collects everything."""
    vague = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [path for path in sources(*FOLDERS) if path.stem in vague or path.parent.name in vague] == []
