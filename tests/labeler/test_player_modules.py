"""How the scripts of player and grid become modules in the browser."""

from __future__ import annotations

import json
import re

import pytest

from labeler.player.scripts import ROOMS, imports, in_order, modules, named_for_scripts, read, script

ENTRIES = (
    *("label/player.js", "grid/grid.js", "page/page.js", "cliplist/cliplist.js", "map/map.js"),
    *("upload/upload.js", "waiting/waiting.js", "into_view/into_view.js", "leaving/leaving.js"),
)


def texts_in(component: str) -> list[list[str]]:
    """Path and text of each module, as a component's script carries them."""
    found = re.search(r"^const MODULES = (.*);$", script(component), re.MULTILINE)
    assert found is not None
    texts: list[list[str]] = json.loads(found[1])
    return texts


@pytest.mark.parametrize("path", modules())
def test_every_import_is_of_a_module_that_is_there(path: str) -> None:
    text = read(path)
    assert set(imports(path)) <= set(modules())
    assert len(re.findall(r"\bfrom\s*[\"']|\bimport\s*[\"'(]", text)) == len(imports(path)), "an import is written in another way"


@pytest.mark.parametrize("path", modules())
def test_rooms_import_what_they_may(path: str) -> None:
    room = path.split("/")[0]
    assert {name.split("/")[0] for name in imports(path)} <= {room, "shared"}


def test_no_module_lies_about_unused() -> None:
    assert {path for entry in ENTRIES for path in in_order(entry)} == set(modules())
    assert {path.split("/")[0] for path in modules()} == set(ROOMS)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_component_carries_each_of_its_modules_once_after_those_that_it_imports(entry: str) -> None:
    paths = [path for path, _ in texts_in(entry)]
    assert paths[-1] == entry
    assert len(paths) == len(set(paths))
    assert [path for path in paths if not set(imports(path)) <= set(paths[: paths.index(path)])] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_but_the_addresses_of_imports_is_changed(entry: str) -> None:
    for path, text in texts_in(entry):
        assert re.findall(r'"earmark:([^"]+)"', text) == imports(path)
        assert re.sub(r'from "[^"]+"', "", text) == re.sub(r'from "[^"]+"', "", read(path))


def test_a_component_carries_nothing_of_the_other() -> None:
    assert not [path for path, _ in texts_in("grid/grid.js") if path.startswith("label/")]
    assert not [path for path, _ in texts_in("label/player.js") if path.startswith("grid/")]


def test_values_are_named_as_scripts_name_things() -> None:
    named = named_for_scripts({"annotator_id": 7, "least_heard": 0.5, "label": "happy"})
    assert named == {"annotatorId": 7, "leastHeard": 0.5, "label": "happy"}
