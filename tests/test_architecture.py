"""The house is built as its plan says: which package knows which, what a process loads, and how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter import cli

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("db", "learner", "labeler")
FOLDERS = (*PACKAGES, "benchmarks", "sample_data", "scripts", "tests")
LONGEST_FILE = 350
RUN_WHEN_IMPORTED = ("labeler.app.main", "db.migrations.env")
"""A Streamlit script and alembic's: they are not modules to import."""
HEAVY = ("cleanlab", "modAL", "sklearn", "torch", "transformers")


def sources(*folders: str, kinds: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((REPOSITORY / folder).rglob("*")) if path.suffix in kinds)


def modules_of(folder: str) -> list[str]:
    names = [path.relative_to(REPOSITORY).with_suffix("").parts for path in sources(folder)]
    return [".".join(part for part in parts if part != "__init__") for parts in names if parts[-1] != "__main__"]


def test_arrows_point_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(REPOSITORY)
    problems = cli.lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    assert not problems, capsys.readouterr().out


@pytest.mark.parametrize("folder", ["labeler/app", "labeler/player", "labeler/cli", "db"])
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


def test_every_library_that_is_imported_is_declared() -> None:
    """What another library happens to bring along may go with its next release."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    lists = (project["dependencies"], *(project["optional-dependencies"][extra] for extra in ("av", "egemaps", "postgresql")))
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


def test_every_module_says_why_it_exists() -> None:
    silent = [str(path) for path in sources(*PACKAGES) if path.stat().st_size and not path.read_text().startswith('"""')]
    assert silent == []


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
