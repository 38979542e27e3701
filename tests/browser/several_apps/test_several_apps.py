"""Two apps of one project behind one address, with the nginx configuration that Earmark ships."""

from __future__ import annotations

import re
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.models import Decision
from db.project import OpenProject
from tests.browser.signing_in.nginx import nginx
from tests.browser.warm_app import WarmApp
from tests.learner.audio_files import import_files, tone, written
from tests.supervised_processes import answers, free_port, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
SHIPPED = Path(__file__).resolve().parents[3] / "deployment" / "nginx.conf"


def shipped(ports: list[int]) -> tuple[str, str]:
    """The maps and the group of apps, with these ports, and what stands in the server, without TLS."""
    text = SHIPPED.read_text().replace("Secure; ", "")
    for old, new in zip((8501, 8502), ports, strict=True):
        assert f"127.0.0.1:{old}" in text
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    beside, _, server = text.partition("\nserver {")
    inside = server.rpartition("}")[0]
    return beside, re.sub(r"^ *(listen|server_name|ssl_\w+) .*$", "", inside, flags=re.MULTILINE)


def press(page: Page, keys: str) -> None:
    """Answer one clip after the other."""
    player = page.get_by_test_id("player")
    for key in keys:
        before = player.get_attribute("data-clip") or ""
        page.keyboard.press(key)
        expect(player).not_to_have_attribute("data-clip", before)
        expect(player).to_have_attribute("data-state", re.compile("playing|ended"))


def open_pages(port: int) -> float:
    """How many pages are connected to an app, as it reports to Prometheus on this port."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
        found = re.search(r"^earmark_pages_open (.+)$", response.read().decode(), flags=re.MULTILINE)
    assert found is not None
    return float(found[1])


def uuids(project: OpenProject) -> list[UUID]:
    with project.read() as session:
        return [UUID(each) for each in session.scalars(select(Decision.uuid))]


def test_whoever_labels_by_an_app_that_dies_goes_on_by_the_other(
    postgres_project: OpenProject, browser: Browser, tmp_path: Path
) -> None:
    project, folder = postgres_project, tmp_path / "audio"
    folder.mkdir()
    import_files(project, [written(folder / f"{number}.wav", tone(200 + 20 * number, 0.4)) for number in range(12)])
    ports, metrics = [free_port(), free_port()], [free_port(), free_port()]
    beside, inside = shipped(ports)
    with ExitStack() as stack:
        apps = [
            WarmApp(project.directory, port, log=tmp_path / f"{port}.log", options=[f"--metrics={figures}"])
            for port, figures in zip(ports, metrics, strict=True)
        ]
        for app in apps:
            stack.callback(app.kill)
        wait_for(lambda: all(map(answers, ports)), what="both apps to answer")
        (address,) = stack.enter_context(nginx(tmp_path / "nginx", servers=[inside], beside=beside))
        page = browser.new_page()
        page.goto(f"{address}/?annotator=Ann")
        expect(page.get_by_test_id("player")).to_have_attribute("data-state", re.compile("playing|ended"), timeout=20_000)
        press(page, "12")
        expect(page.get_by_test_id("saved-count")).to_have_text("2")
        pages = [open_pages(port) for port in metrics]
        assert sorted(pages) == [0, 1]
        apps[pages.index(1)].kill()
        press(page, "123")
        expect(page.get_by_test_id("save-state")).to_have_text("All saved", timeout=30_000)
        press(page, "1")
        expect(page.get_by_test_id("saved-count")).to_have_text("6")
        assert page.request.get(f"{address}/healthz").status == 404
        page.close()
    assert len(set(uuids(project))) == 6
