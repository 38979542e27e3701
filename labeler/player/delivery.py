"""How the scripts get to the browser: as ES modules, each from an address of its own.

Streamlit's own way for components of several files (`asset_dir`) was not taken. Relative imports work there too, but Streamlit
looks for a second `pyproject.toml`: among the files of a wheel, or in a package that has the distribution's name. An editable
install lists no such files, and there is no package `earmark`. Streamlit also serves every file of the folder, and its addresses
stay the same when the files change.

So a route of the app serves the modules. Their address names a version, the hash of all of them: browsers keep them for good, and
never mix two versions.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ADDRESS = "/earmark/player"
ROOMS = ("grid", "label", "shared")
_HERE = Path(__file__).parent
_IMPORT = re.compile(r"""^(?:import|export)\b[^"';]*?["']([^"']+)["'];$""", re.MULTILINE)
_FOUND = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_NOT_FOUND = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def read(name: str) -> str:
    """The text of a file of the player, named from this folder."""
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def modules() -> Mapping[str, bytes]:
    """Every module by its path from this folder. They are read once, so that all pages of a process get the same version."""
    paths = [path for room in ROOMS for path in sorted((_HERE / room).glob("*.js"))]
    return {path.relative_to(_HERE).as_posix(): path.read_bytes() for path in paths}


@cache
def version() -> str:
    """The hash of all modules."""
    digest = hashlib.sha256()
    for path, content in modules().items():
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def imports(path: str) -> list[str]:
    """The paths of the modules that a module imports."""
    named = _IMPORT.findall(modules()[path].decode("utf-8"))
    return [posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in named]


@cache
def reached(entry: str) -> tuple[str, ...]:
    """The entry, and every module that it needs, nearest first."""
    found = [entry]
    for path in found:
        found += [name for name in dict.fromkeys(imports(path)) if name not in found]
    return tuple(found)


def component_data(seat: DataclassInstance, entry: str) -> dict[str, Any]:
    """What a component gets: the seat, named as scripts name things, and for `loader.js` where its modules are."""
    where = {"address": f"{ADDRESS}/{version()}", "entry": entry, "others": reached(entry)[1:]}
    return {**{_camel(name): value for name, value in asdict(seat).items()}, "modules": where}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def module_routes() -> list[BaseRoute]:
    """The route of the modules. The address of each attempt to load them differs, and all of them answer the same."""
    return [Route(f"{ADDRESS}/{{version}}/{{attempt}}/{{path:path}}", _module, methods=["GET"])]


async def _module(request: Request) -> Response:
    # The path is looked up among the modules that were read, and never on the disk.
    content = modules().get(request.path_params["path"])
    if content is None or request.path_params["version"] != version():
        return Response("There is no such module; reload the page.", 404, _NOT_FOUND, "text/plain")
    return Response(content, headers=_FOUND, media_type="text/javascript")
