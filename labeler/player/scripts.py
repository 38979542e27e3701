"""How the scripts get to the browser: as ES modules, all of them in the one script that Streamlit takes for a component.

Two other ways are possible, and slower or less sure. Streamlit's own for components of several files (`asset_dir`) wants a second
`pyproject.toml`: among the files of a wheel, or in a package that has the distribution's name. An editable install lists no such
files, and there is no package `earmark`. A route of the app that serves each module by itself works everywhere. But a component
has twenty modules, and a browser fetches six at a time: with 150 ms to the server and back, a first visit took 0.7 s longer, and
0.5 s with the modules preloaded.

So the texts travel in Streamlit's own message, where they cost no request that could fail, and `loader.js` makes modules of them.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping
from functools import cache, partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

ROOMS = ("cliplist", "grid", "into_view", "label", "leaving", "map", "page", "shared", "upload", "waiting")
_HERE = Path(__file__).parent
_IMPORT = re.compile(r"""^((?:import|export)\b[^"';]*?)"(\.[^"]+)";$""", re.MULTILINE)
_PLACE_OF_MODULES = "const MODULES = [];"


def read(name: str) -> str:
    """The text of a file of the player, named from this folder."""
    return (_HERE / name).read_text(encoding="utf-8")


def modules() -> list[str]:
    """Every module, by its path from this folder."""
    return [path.relative_to(_HERE).as_posix() for room in ROOMS for path in sorted((_HERE / room).glob("*.js"))]


def imports(path: str) -> list[str]:
    """The modules that a module imports."""
    return [_resolved(path, name) for _, name in _IMPORT.findall(read(path))]


def in_order(entry: str) -> list[str]:
    """The entry and every module that it needs, each after those that it imports; so the entry comes last.

    Raises:
        graphlib.CycleError: modules import one another in a circle.
    """
    needed = {entry: imports(entry)}
    waiting = [entry]
    while waiting:
        new = [name for name in needed[waiting.pop()] if name not in needed]
        needed.update({name: imports(name) for name in new})
        waiting += new
    return list(TopologicalSorter(needed).static_order())


@cache
def script(entry: str) -> str:
    """The script of a component: `loader.js` with the texts of the modules, in which imports name modules as `earmark:path`."""
    texts = [(path, _IMPORT.sub(partial(_named, path), read(path))) for path in in_order(entry)]
    return read("loader.js").replace(_PLACE_OF_MODULES, f"const MODULES = {json.dumps(texts)};")


def named_for_scripts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the names that scripts give them: `least_heard` is `leastHeard` there."""
    return {_camel(name): value for name, value in values.items()}


def _resolved(path: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), name))


def _named(path: str, found: re.Match[str]) -> str:
    return f'{found[1]}"earmark:{_resolved(path, found[2])}";'


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
