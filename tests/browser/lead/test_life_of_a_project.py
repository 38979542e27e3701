"""The whole life of a project in a browser: set up, audio, features, labels, review, advice, export, backup, restored elsewhere.

Two servers run, as people start them, each in an empty folder. No terminal, and nothing that stands in for a part of the app.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Locator, Page, expect

from db.project import open_project
from db.records.labels import active_labels
from db.status import project_status
from tests.browser.served import Seat
from tests.browser.test_review import press as press_shortcut
from tests.learner.audio_files import tone, written
from tests.supervised_processes import Process, answers, free_port, start_command, wait_for

pytestmark = pytest.mark.browser
LABELS = ["calm", "bored"]
BY_PATH, UPLOADED, BY_ANN = 4, 20, 12
SLOW = 60_000


@dataclass(frozen=True)
class Site:
    """`earmark serve` in an empty folder, and visitors of it."""

    url: str
    context: BrowserContext
    process: Process

    def page(self, path: str = "/") -> Page:
        page = self.context.new_page()
        page.goto(path)
        return page


@pytest.fixture
def serve(tmp_path: Path, browser: Browser) -> Iterator[Callable[..., Site]]:
    """Starts `earmark serve` where there is no project."""
    with ExitStack() as stack:

        def start(name: str, *options: str) -> Site:
            port, log = free_port(), tmp_path / f"{name}.log"
            process = start_command(tmp_path / name, "serve", "--port", str(port), *options, log=log)
            stack.callback(process.kill)
            url = f"http://127.0.0.1:{port}"
            context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=url, accept_downloads=True)
            stack.callback(context.close)
            context.set_default_timeout(15_000)
            wait_for(lambda: answers(port) or process.process.poll() is not None, what="the start page")
            assert process.process.poll() is None, log.read_text()
            return Site(url, context, process)

        yield start


def label_of(file_name: str) -> str:
    """What the tone of this number is."""
    return LABELS[int(re.findall(r"\d+", file_name)[-1]) % 2]


def clip(folder: Path, number: int) -> Path:
    """A tone: the high ones are bored."""
    return written(folder / f"{number:02d}.wav", tone(300 + 10 * number + 900 * (number % 2), 0.3))


def go_to(page: Page, title: str) -> None:
    """Open a page of the menu Project."""
    page.get_by_test_id("stTopNavSection").get_by_text("Project").click()
    page.get_by_role("menuitem", name=title).click()


def set_up(page: Page, project: Path, audio: Path) -> None:
    """A project with two labels, and four clips of a folder on the server."""
    names = [clip(audio, number).name for number in range(BY_PATH)]
    lines = [f"{name},{label_of(name)}" for name in names]
    (audio / "list.csv").write_text("\n".join(["clip,emotion", *lines, "gone.wav,calm"]), encoding="utf-8")

    page.get_by_label("Folder", exact=True).fill(str(project))
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="Add labels").click(timeout=SLOW)
    page.get_by_label("New label").fill("calm")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("0 answers, no guideline")).to_be_visible()

    go_to(page, "Audio")
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


def upload(page: Page, folder: Path) -> None:
    """Clips and their manifest from the visitor's own machine; a file that is neither is refused."""
    folder.mkdir()
    files = [clip(folder, number) for number in range(BY_PATH, BY_PATH + UPLOADED)]
    manifest, stranger = folder / "speakers.csv", folder / "notes.log"
    lines = [f"{file.name},{'ada' if number % 4 < 2 else 'ben'}" for number, file in enumerate(files)]
    manifest.write_text("\n".join(["file_name,speaker", *lines]), encoding="utf-8")
    stranger.write_text("no audio", encoding="utf-8")
    page.get_by_text("Upload", exact=True).click()
    page.get_by_test_id("upload-files").set_input_files([*files, manifest, stranger])
    expect(page.get_by_test_id("upload-done")).to_have_text("21 files arrived, 1 did not.", timeout=SLOW)
    expect(page.get_by_test_id("audio-preview")).to_contain_text("04.wav")
    expect(page.get_by_test_id("audio-preview")).to_contain_text("ada")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("20 clips added")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("^24 of 24 clips with features"))).to_be_visible(timeout=SLOW)


def let_a_second_person_answer(page: Page) -> None:
    """Half of the clips go to two people."""
    go_to(page, "Settings")
    page.get_by_label("Share of clips that a second annotator answers").fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def press(seat: Seat, *, right: bool) -> str:
    """Give the clip on screen its label, or the other one; the clip's name."""
    is_second = label_of(seat.clip) != LABELS[0]
    return seat.press(str(1 + (is_second == right)))


def has_a_clip(seat: Seat) -> bool:
    """Wait for the next clip, or for the end of all of them: a clip that another tab had open comes a few seconds later."""

    def is_done() -> bool:
        return "All done" in (seat.part("notice").text_content() or "")

    wait_for(lambda: seat.clip != "" or is_done(), what="a clip, or the end")
    return seat.clip != ""


def figure(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-figure-{name}")


def exported(page: Page) -> bytes:
    """What the page Export gives out as CSV."""
    page.get_by_role("link", name="Export").click()
    expect(page.get_by_test_id("preview")).to_be_visible(timeout=SLOW)
    return downloaded(page, "Download").read_bytes()


def downloaded(page: Page, button: str) -> Path:
    with page.expect_download() as expected:
        page.get_by_role("button", name=button, exact=True).click()
    download: Download = expected.value
    return Path(download.path())


def labelled_by_two(site: Site) -> tuple[str, str]:
    """Ann labels half of the clips and flags one; Bo labels the rest, and some of hers, of which he gets one wrong.

    Returns:
        The clip that is flagged, and the one that they disagree about.
    """
    ann = Seat(site.context.new_page(), site, annotator="Ann").open()
    ann.page.keyboard.press("f")
    ann.part("flag-note").fill("Is this one a test?")
    ann.page.keyboard.press("Enter")
    expect(ann.part("flagged")).to_be_visible()
    flagged = ann.clip
    answered = {press(ann, right=True) for _ in range(BY_ANN)}
    ann.expect_saved(BY_ANN)
    # Bo gets the clips that were ready for her, too, as soon as the server knows that her page is closed.
    ann.page.close()
    bo, differing = Seat(site.context.new_page(), site, annotator="Bo").open(), ""
    while has_a_clip(bo):
        is_wrong = not differing and bo.clip in answered - {flagged}
        clip = press(bo, right=not is_wrong)
        differing = clip if is_wrong else differing
    expect(bo.part("save-state")).to_have_text("All saved")
    assert differing, "Bo was asked about a clip of Ann's"
    bo.page.close()
    return flagged, differing


def test_from_an_empty_folder_to_a_restored_project(serve: Callable[..., Site], tmp_path: Path) -> None:
    project, again, audio = tmp_path / "project", tmp_path / "again", tmp_path / "audio"
    audio.mkdir()
    site = serve("nothing")
    page = site.page()
    set_up(page, project, audio)
    upload(page, tmp_path / "mine")
    opened = open_project(project)
    with opened.read() as session:
        status = project_status(session)
        assert [label.name for label in active_labels(session)] == LABELS
    opened.close()
    assert (status["clips"], status["embedded"], status["decisions"]) == (BY_PATH + UPLOADED, BY_PATH + UPLOADED, BY_PATH)

    let_a_second_person_answer(page)
    flagged, differing = labelled_by_two(site)

    page.get_by_role("link", name="Review").click()
    expect(page.get_by_text("Clips to review: 2.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(flagged, exact=True)).to_be_visible()
    expect(page.get_by_text("Is this one a test?")).to_be_visible()
    settle(page, flagged, left=1)
    settle(page, differing, left=0)

    page.get_by_role("link", name="Dashboard").click()
    expect(figure(page, "good")).to_contain_text(re.compile("[0-9]+%"), timeout=SLOW)
    expect(figure(page, "stop")).to_contain_text("You can stop", timeout=SLOW)

    given = exported(page)
    rows = {row["file_name"]: row["label"] for row in csv.DictReader(io.StringIO(given.decode("utf-8")))}
    assert len(rows) == BY_PATH + UPLOADED
    assert rows == {name: label_of(name) for name in rows}
    page.get_by_role("button", name="Make a backup").click()
    expect(page.get_by_text(re.compile("holds 24 clips"))).to_be_visible(timeout=SLOW)
    backup = tmp_path / "taken-home.zip"
    backup.write_bytes(downloaded(page, "Download the backup").read_bytes())

    elsewhere = serve("nowhere", "--no-learner").page()
    elsewhere.get_by_label("Backup file", exact=True).fill(str(backup))
    elsewhere.get_by_label("Folder of the new project", exact=True).fill(str(again))
    elsewhere.get_by_role("button", name="Restore").click()
    expect(elsewhere.get_by_role("link", name="Export")).to_be_visible(timeout=SLOW)
    assert exported(elsewhere) == given


def settle(page: Page, clip: str, *, left: int) -> None:
    """Give a clip its label on the page Review."""
    label = label_of(clip)
    expect(page.get_by_text(clip, exact=True)).to_be_visible()
    press_shortcut(page, str(1 + LABELS.index(label)), button=label)
    expect(page.get_by_text(f"Last decided: {clip}: {label}")).to_be_visible()
    what = f"Clips to review: {left}." if left else "No clip waits for a review"
    expect(page.get_by_text(what)).to_be_visible()
