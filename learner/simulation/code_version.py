"""Which code a result came from: a hash over a module and every module of Earmark that it imports, directly or not.

Imports are read from the source files and nothing is imported to find them, so that asking costs no library. What cannot change a
result does not change the hash: comments, layout, docstrings, and what is imported for type checkers only.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGES = ("db", "learner")
"""Imports are followed within these; other libraries do not count."""


def code_version(module: str, *, folders: Mapping[str, Traversable] | None = None) -> str:
    """A hash (SHA-256, hexadecimal) that changes with the code that a module runs, or may run.

    Args:
        module: its full name.
        folders: of the packages that count, by name; those of PACKAGES if none are given.

    Raises:
        ModuleNotFoundError: there is no source file of this module.
    """
    trees = modules_behind(module, folders=folders)
    digest = hashlib.sha256()
    for name in sorted(trees):
        digest.update(f"{name}\n{ast.dump(trees[name])}\n".encode())
    return digest.hexdigest()


def modules_behind(module: str, *, folders: Mapping[str, Traversable] | None = None) -> dict[str, ast.Module]:
    """The module and all that it imports, directly or not, by name, each with the part of its code that counts.

    An import inside a function counts as any other. So does the `__init__` of every package on the way, which Python runs too.

    Args:
        module: its full name.
        folders: as for `code_version`.

    Raises:
        ModuleNotFoundError: there is no source file of this module.
    """
    places = {name: files(name) for name in PACKAGES} if folders is None else folders
    found: dict[str, ast.Module] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        source = _source(name, places)
        if source is not None:
            found[name] = _WhatCounts().visit(ast.parse(source))
            waiting += [*_imported(found[name]), *_above(name)]
    if module not in found:
        raise ModuleNotFoundError(f"There is no source file of {module}; install Earmark with its sources.", name=module)
    return found


def _source(name: str, places: Mapping[str, Traversable]) -> str | None:
    """None for another library, and for a name that is no module: `from package import name` does not say what it names."""
    package, *parts = name.split(".")
    if package not in places:
        return None
    paths = [places[package].joinpath(*parts, "__init__.py")]
    if parts:
        paths.append(places[package].joinpath(*parts[:-1], f"{parts[-1]}.py"))
    return next((path.read_text(encoding="utf-8") for path in paths if path.is_file()), None)


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


class _WhatCounts(ast.NodeTransformer):
    """Takes away what Python never runs, or runs without any effect."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Docstrings, those of attributes included."""
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Of `if TYPE_CHECKING:` only the `else` remains."""
        self.generic_visit(node)
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node.orelse
        return node
