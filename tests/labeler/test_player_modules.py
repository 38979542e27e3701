"""How the scripts of player and grid get to the browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from labeler.player.delivery import ADDRESS, ROOMS, component_data, imports, module_routes, modules, reached, version
from labeler.player.grid.component import GridSeat

ENTRIES = ("label/player.js", "grid/grid.js")


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A browser on the route of the modules alone."""
    with TestClient(Starlette(routes=module_routes())) as client:
        yield client


@pytest.mark.parametrize("path", modules())
def test_every_module_is_served_as_a_script_that_browsers_keep(client: TestClient, path: str) -> None:
    reply = client.get(f"{ADDRESS}/{version()}/0/{path}")
    assert reply.status_code == 200
    assert reply.content == modules()[path]
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path",
    [
        "label/%2e%2e/label/player.js",
        "..%2fdelivery.py",
        "../delivery.py",
        "delivery.py",
        "label/component.py",
        "label/player.html",
        "shared/earmark.css",
        "loader.js",
        "label/nothing.js",
        "label/",
        "label//player.js",
        "/etc/passwd",
        "",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    reply = client.get(f"{ADDRESS}/{version()}/0/{path}")
    assert reply.status_code == 404
    assert "immutable" not in reply.headers.get("cache-control", "")


def test_another_version_is_not_served(client: TestClient) -> None:
    """Its address promises files that never change."""
    reply = client.get(f"{ADDRESS}/0123456789abcdef/0/label/player.js")
    assert reply.status_code == 404
    assert reply.headers["cache-control"] == "no-store"


def test_each_attempt_gets_the_same_modules(client: TestClient) -> None:
    replies = [client.get(f"{ADDRESS}/{version()}/{attempt}/label/player.js") for attempt in (0, 1)]
    assert replies[0].content == replies[1].content


@pytest.mark.parametrize("path", modules())
def test_every_import_is_of_a_module_that_is_served(path: str) -> None:
    text = modules()[path].decode("utf-8")
    assert set(imports(path)) <= set(modules())
    assert text.count(' from "') + text.count('import "') == len(imports(path)), "an import is written in a way that nobody found"
    assert "import(" not in text


@pytest.mark.parametrize("path", modules())
def test_rooms_import_what_they_may(path: str) -> None:
    room = path.split("/")[0]
    assert {name.split("/")[0] for name in imports(path)} <= {room, "shared"}


def test_no_module_lies_about_unused() -> None:
    assert {path for entry in ENTRIES for path in reached(entry)} == set(modules())
    assert {path.split("/")[0] for path in modules()} == set(ROOMS)


def test_a_component_is_given_its_seat_and_all_its_modules_at_once() -> None:
    seat = GridSeat(
        session="token",
        project="uuid",
        annotator_id=7,
        annotator="Ann",
        asked={"likely": "happy"},
        words="likely happy",
        likely=True,
        label="happy",
        least_heard=0.5,
        preferences={},
    )
    data = component_data(seat, "grid/grid.js")
    assert (data["annotatorId"], data["leastHeard"]) == (7, 0.5)
    assert data["modules"]["address"] == f"{ADDRESS}/{version()}"
    assert data["modules"]["entry"] == "grid/grid.js"
    assert set(data["modules"]["others"]) == set(reached("grid/grid.js")) - {"grid/grid.js"}
    assert not [path for path in data["modules"]["others"] if path.startswith("label/")]
