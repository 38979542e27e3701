"""A lead sets a project up in the browser, without a terminal: start page, labels, audio by path and by upload, features."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from db.project import open_project
from db.records.labels import active_labels
from db.status import project_status
from labeler.app.pages.setup.adding.uploading import FOLDER
from tests.learner.audio_files import tone, written
from tests.supervised_processes import answers, free_port, start_command, wait_for

pytestmark = pytest.mark.browser
BATCH = "0123456789abcdef"
SLOW = 60_000


@pytest.fixture
def start_page(tmp_path: Path, browser: Browser) -> Iterator[Page]:
    """`earmark serve` where there is no project, opened in a browser."""
    port, log = free_port(), tmp_path / "serve.log"
    command = start_command(tmp_path / "nothing", "serve", "--port", str(port), log=log)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=f"http://127.0.0.1:{port}")
    try:
        wait_for(lambda: answers(port) or command.process.poll() is not None, what="the start page")
        assert command.process.poll() is None, log.read_text()
        page = context.new_page()
        page.goto("/")
        yield page
    finally:
        context.close()
        command.kill()


def uploads_into(page: Page, project: Path) -> None:
    """Stand for the route of uploads, which is tested elsewhere."""

    def take(route: Route) -> None:
        asked = parse_qs(urlsplit(route.request.url).query)
        folder = project / FOLDER / BATCH
        folder.mkdir(parents=True, exist_ok=True)
        (folder / asked["name"][0]).write_bytes(tone_bytes(project))
        assert route.request.headers["earmark-session"]
        route.fulfill(json={"path": f"{FOLDER}/{BATCH}/{asked['name'][0]}", "batch": BATCH})

    page.route("**/earmark/api/upload?*", take)


def tone_bytes(project: Path) -> bytes:
    """Playwright does not hand the bytes of a file on, so that the stand-in brings its own."""
    return written(project.parent / "tone.wav", tone(900, 0.3)).read_bytes()


def test_from_the_start_page_to_features(start_page: Page, tmp_path: Path) -> None:
    page, project, audio = start_page, tmp_path / "project", tmp_path / "audio"
    audio.mkdir()
    names = [written(audio / f"{number}.wav", tone(300 + 40 * number, 0.3)).name for number in range(4)]
    lines = [f"{name},{label}" for name, label in zip(names, ["calm", "bored"] * 2, strict=True)]
    (audio / "list.csv").write_text("\n".join(["clip,emotion", *lines, "gone.wav,calm"]), encoding="utf-8")

    page.get_by_label("Folder", exact=True).fill(str(project))
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="Add labels").click(timeout=SLOW)
    page.get_by_label("New label").fill("calm")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("0 answers, no guideline")).to_be_visible()

    page.get_by_role("link", name="Audio").click()
    page.get_by_label("Your name").fill("Lea")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Folder or manifest", exact=True).fill(str(audio / "list.csv"))
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("audio-problems")).to_contain_text("gone.wav")
    page.get_by_role("button", name="Add these labels").click()
    expect(page.get_by_role("button", name="Add these labels")).to_have_count(0)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("4 clips added")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("4 of 4 clips with features")).to_be_visible(timeout=SLOW)

    uploads_into(page, project)
    page.get_by_text("Upload", exact=True).click()
    page.get_by_test_id("upload-files").set_input_files([audio / names[0], tmp_path / "serve.log"])
    expect(page.get_by_test_id("upload-done")).to_have_text("1 file arrived, 1 did not.")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("1 clip added")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("^5 of 5 clips with features"))).to_be_visible(timeout=SLOW)

    opened = open_project(project)
    with opened.read() as session:
        status = project_status(session)
        assert [label.name for label in active_labels(session)] == ["calm", "bored"]
    opened.close()
    assert (status["clips"], status["embedded"], status["decisions"]) == (5, 5, 4)


def test_a_site_in_the_users_browser_makes_no_project(start_page: Page, tmp_path: Path) -> None:
    """All that the start page does goes through its socket, which is refused to other sites, and to names that point here."""
    own = urlsplit(start_page.url).netloc
    port = own.partition(":")[2]
    rebound = f"rebound.example:{port}"
    for host, origin in (
        (own, "http://evil.example"),
        (own, "http://127.0.0.1:9"),
        (own, "null"),
        (rebound, f"http://{rebound}"),
    ):
        line = socket.create_connection(("127.0.0.1", int(port)))
        with pytest.raises(InvalidStatus, match="403"), connect(f"ws://{host}/_stcore/stream", sock=line, origin=Origin(origin)):
            pass
        assert status(own, "/", {"Host": host, "Origin": origin}) == 403
        assert status(own, "/", {"Host": host, "Origin": origin}, b"start-folder=/tmp/x") == 403
    assert status(own, "/", {"Host": rebound}) == 403
    for path in ("/", "/start", "/earmark/serving", "/earmark/api/upload", "/_stcore/upload_file/a/b"):
        assert status(own, path, {}, b"start-folder=/tmp/x") in (404, 405)
    assert not (tmp_path / "nothing").exists()


def status(server: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://{server}{path}", data=body, headers=headers)) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
