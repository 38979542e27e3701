"""Markup in every text that people or files bring in: no page runs it, loads anything for it, or shows more than the text."""

from __future__ import annotations

import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.changes.label_looks import set_guideline
from db.changes.label_set import add_label, merge_label, rename_label
from db.changes.withdrawing import withdraw_clips
from db.decisions.asked_again import ask_again
from db.decisions.comments import append_comment
from db.decisions.flags import append_flag
from db.decisions.guidelines import note_guidelines
from db.decisions.taking import GivenAnswer, take
from db.guidelines import GUIDELINES_FILE
from db.models import Annotator, Answer, Clip, Role, Source
from db.project import OpenProject, create_project
from db.records.labels import active_labels
from db.records.learner_state import count_restart, report_state
from db.records.people.annotators import annotator_named, signed_in_annotator
from db.records.people.events import record_event
from db.records.people.roles import give_role
from db.settings_file import change_settings
from labeler.app.sign_in.tokens import Tokens
from learner.imports.source import import_source
from tests.browser.served import PLAYED, Served
from tests.browser.test_pages import OUTLOOK, evaluated_run, lay_out_clips
from tests.labeler.app.dashboard.reports import team_of
from tests.learner.audio_files import tone, written
from tests.supervised_processes import free_port, wait_for

pytestmark = pytest.mark.browser


def hostile(what: str) -> str:
    """A text that would run a script, and load a picture from elsewhere, wherever it is taken for HTML or Markdown."""
    return f"{what}<img src=//e.io onerror=ran()>![m](http://e.io/{what})"


LEA, ANN, NEW = "Lea", hostile("ann"), hostile("bob")
ANGRY, SAD = hostile("angry"), hostile("sad")
FOLDER = "<img src=x onerror=ran()> ![m](x)"
SPEAKER, SAID, COLUMN, VALUE = (hostile(what) for what in ("speaker", "spoken", "column", "value"))
NOTE, REMARK, REPLY, SKIPPED, REASON = (hostile(what) for what in ("flag", "remark", "reply", "skipped", "withdrawn"))
GUIDELINE = f"{hostile('guide')} [x](javascript:ran()) <script>ran()</script> [y](data:text/html,<script>ran()</script>)"
ENCODER, WRONG, DETAIL = hostile("encoder"), hostile("crash"), hostile("detail")


def clip_name(number: int) -> str:
    return f"{number}<img src=x onerror=ran()>.wav"


WATCH = """window.scriptsRun = []; window.ran = () => window.scriptsRun.push("a marked script");
addEventListener("securitypolicyviolation", (event) => {
  // Vega looks whether it may make functions, and does without.
  if (event.blockedURI !== "eval") scriptsRun.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});"""
ALL_TEXT = """() => {
  const parts = [], bad = [];
  const walk = (root) => {
    for (const each of root.querySelectorAll("*")) {
      if (each.shadowRoot) walk(each.shadowRoot);
      if (each.matches("input, textarea")) parts.push(each.value);
      for (const { name, value } of each.attributes) {
        // A guideline may link to elsewhere; the links open in a tab of their own.
        const leads = { src: /e\\.io|^\\s*javascript:/, href: /^\\s*(javascript|data):/ }[name];
        if (name.startsWith("on") || leads?.test(value)) {
          bad.push(`${each.tagName} ${name}=${value}`);
        }
      }
    }
    const styles = [...root.querySelectorAll("style")];
    parts.push(styles.reduce((text, style) => text.replace(style.textContent, ""), (root.body ?? root).textContent));
  };
  walk(document);
  return { text: parts.join(" ").replace(/\\s+/g, " "), bad };
}"""


class Watched:
    """A page whose every request, script and policy violation is noted."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        page.add_init_script(WATCH)
        page.on("request", lambda request: self._note(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))

    def _note(self, address: str) -> None:
        if not address.startswith((f"{self.url}/", "blob:", "data:")):
            self.elsewhere.append(address)

    def go(self, path: str) -> None:
        answered = self.page.goto(f"{self.url}/{path}{'&' if '?' in path else '?'}annotator={LEA}")
        assert answered is not None
        policy = answered.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]

    def shows(self, *texts: str) -> None:
        """Wait until all of the texts are on the page as they were written; nothing of them runs."""
        wanted = [" ".join(text.split()) for text in texts]
        try:
            wait_for(lambda: all(text in self.seen()["text"] for text in wanted), what="the texts", seconds=10)
        except AssertionError:
            seen = self.seen()["text"]
            raise AssertionError(f"not shown: {[text for text in wanted if text not in seen]}\n{seen[:6000]}") from None
        self.is_harmless()

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(ALL_TEXT)
        return found

    def is_harmless(self) -> None:
        assert self.page.evaluate("window.scriptsRun") == []
        assert self.seen()["bad"] == []
        assert self.elsewhere == []
        assert self.errors == []


def fill(project: OpenProject, folder: Path) -> None:
    """Put such a text into everything that takes one."""
    rows = [f"file_name,label,speaker,transcript,{COLUMN}"]
    for number in range(8):
        written(folder / clip_name(number), tone(300 + number, 0.3))
        rows.append(f"{clip_name(number)},,{SPEAKER if number % 2 else 'other'},{SAID},{VALUE}")
    (folder / "list.csv").write_text("\n".join(rows), encoding="utf-8")
    import_source(project, folder / "list.csv", seed=0)
    (project.directory / GUIDELINES_FILE).write_text(GUIDELINE, encoding="utf-8")
    shutil.copytree(folder, project.directory / "uploads" / "0123456789abcdef")
    change_settings(project.directory, {"shown_columns": [COLUMN], "encoder": ENCODER}, by=LEA)
    with project.write() as session:
        lea, ann = annotator_named(session, LEA).id, annotator_named(session, ANN).id
        bob = signed_in_annotator(session, identity="b<img src=x onerror=ran()>@x.org", name=NEW).id
        give_role(session, annotator_id=lea, role=Role.LEAD, by=LEA)
        record_event(session, hostile("kind")[:32], by=ANN, details={hostile("name"): hostile("detail")})
        clips = list(session.scalars(select(Clip.id).order_by(Clip.id)))
        labels = {label.name: label.id for label in active_labels(session)}
        set_guideline(session, labels[ANGRY], GUIDELINE, by=ANN)
        note_guidelines(session, GUIDELINE, by=ANN)
        add_label(session, hostile("third"), by=ANN)
        rename_label(session, hostile("third"), hostile("fourth"), by=ANN)
        merge_label(session, hostile("fourth"), into=SAD, by=ANN)
        for who, label, number in ((ann, ANGRY, 0), (bob, SAD, 0), (ann, ANGRY, 1), (ann, SAD, 2), (ann, None, 3)):
            given = GivenAnswer(
                uuid=str(uuid.uuid4()),
                clip_id=clips[number],
                annotator_id=who,
                answer=Answer.SKIP if label is None else Answer.LABEL,
                label=label,
                source=Source.UNCERTAIN,
                reason=SKIPPED if label is None else None,
            )
            take(session, given)
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clips[1], annotator_id=ann, note=NOTE)
        append_comment(session, uuid=None, clip_id=clips[1], annotator_id=ann, text=REMARK)
        append_comment(session, uuid=None, clip_id=clips[1], annotator_id=lea, text=REPLY, settled=True)
        ask_again(session, clips[2:3], by=ANN)
        withdraw_clips(session, clips[7:], reason=REASON, by=ANN)


def learn(served: Served) -> None:
    """Report of a run, as the learner would, in which everything is called so."""
    project = served.project
    with project.read() as session:
        clips = list(session.scalars(select(Clip.id).order_by(Clip.id)))[:4]
        ids = {label.name: label.id for label in active_labels(session)}
        people = [row.name for row in session.scalars(select(Annotator).order_by(Annotator.id)) if row.name != LEA]
    recall = {"recall": 0.5, "low": 0.3, "high": 0.7, "clips": 2}
    point = {"threshold": 0.8, "precision": 0.9, "low": 0.8, "high": 1.0, "kept": 0.6, "clips": 23}
    evaluated_run(
        served,
        ua=0.6,
        missing=[SAD],
        outlook=OUTLOOK,
        per_label={ANGRY: recall, SAD: recall},
        confusion={"labels": [ANGRY, SAD], "counts": [[1, 1], [1, 1]]},
        tested=[
            {"clip": clip, "label": ids[ANGRY], "predicted": ids[SAD if place % 2 else ANGRY], "confidence": 0.8}
            for place, clip in enumerate(clips)
        ],
        examples={ANGRY: 4, SAD: 4},
        shares={name: {"share": 0.4, "low": 0.2, "high": 0.5, "clips": 8} for name in (ANGRY, SAD)},
        thresholds={ANGRY: [point], SAD: [point]},
        suspects=[{"clip": clips[1], "label": ids[ANGRY], "likely": ids[SAD], "score": 0.1}],
        team=team_of(project, dict(zip(people, (0.9, 0.4), strict=True))),
    )
    lay_out_clips(served)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the clips come from."""
    return tmp_path_factory.mktemp("sounds")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, sounds: Path) -> Iterator[Served]:
    """The app, once for all tests here."""
    folder = tmp_path_factory.mktemp("hostile")
    project = create_project(folder / FOLDER, labels=[ANGRY, SAD])
    fill(project, sounds)
    running = Served(project, free_port(), folder / "app.log")
    learn(running)
    yield running
    running.kill()
    project.close()


@pytest.fixture
def seen(served: Served, browser: Browser) -> Iterator[Watched]:
    """A page of the lead."""
    context = browser.new_context(viewport={"width": 1280, "height": 2400})
    yield Watched(context.new_page(), served.url)
    context.close()


def test_pages_for_work(seen: Watched) -> None:
    page = seen.page
    seen.go("label")
    expect(page.get_by_test_id("player")).to_have_attribute("data-state", PLAYED)
    seen.shows(ANGRY, SAD, SAID, COLUMN, VALUE, "<img src=x onerror=ran()>.wav")
    page.keyboard.press("g")
    seen.shows("<script>ran()</script>", hostile("guide").partition("!")[0])
    page.keyboard.press("Escape")
    page.keyboard.press(".")
    seen.is_harmless()
    seen.go("grid")
    seen.shows(ANGRY)
    seen.go("grid?like=1")
    seen.shows("Confirm as")
    seen.go("clips")
    seen.shows("7 clips")
    seen.go("clips?mark=flagged")
    seen.shows("1 clip")
    page.locator("[data-testid=stDataFrame] .dvn-scroller").first.click(position={"x": 150, "y": 54})
    seen.shows(clip_name(1), SAID, SPEAKER, COLUMN, VALUE, NOTE, ANN, ANGRY)
    seen.go("review")
    seen.shows(ANGRY, SAD)
    page.get_by_text("Show names").click()
    seen.shows(ANN, SAID, NOTE, clip_name(1))
    page.get_by_role("button", name="Later").click()
    seen.shows(ANN, NEW, clip_name(0))
    page.get_by_text("Doubted labels").click()
    page.get_by_role("button", name="Show the clips that you put off").click()
    seen.shows("Clips to check: 1")
    seen.go("export")
    seen.shows(clip_name(1), ANGRY, SAID)
    page.get_by_role("button", name="Make a backup").click()
    seen.shows(FOLDER, "answers")


def test_the_dashboard(seen: Watched, served: Served) -> None:
    page = seen.page
    with served.project.write() as session:
        count_restart(session, error=WRONG)
        report_state(session, state="training", detail=DETAIL)
    seen.go("dashboard")
    seen.shows(f"Mixed up most: {ANGRY} and {SAD}", DETAIL, WRONG)
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg")).to_have_count(2, timeout=20_000)
    seen.shows(clip_name(1))
    page.get_by_test_id("stVegaLiteChart").last.hover()
    for section, texts in {
        "Each label": (ANGRY, SAD),
        "Annotators": (ANN, NEW),
        "Doubts": (clip_name(1), NOTE, SKIPPED),
        "Map": (),
    }.items():
        page.get_by_role("radio", name=section).click()
        seen.shows(*texts)
    expect(page.locator("[data-testid=stBidiComponentIsolated]").last).to_be_visible()
    seen.is_harmless()


def test_pages_of_the_project(seen: Watched, sounds: Path) -> None:
    page = seen.page
    seen.go("labels")
    seen.shows(ANGRY, SAD)
    page.get_by_role("button", name="Edit").first.click()
    seen.shows("As annotators see it", GUIDELINE.partition("!")[0])
    seen.go("audio")
    field = page.get_by_role("textbox", name="Folder or manifest")
    field.fill(str(sounds / "list.csv"))
    field.press("Enter")
    seen.shows(SPEAKER, SAID, f"{COLUMN}: {VALUE}", clip_name(1))
    page.get_by_text("Upload", exact=True).click()
    seen.shows("list.csv", clip_name(1))
    seen.go("settings")
    seen.shows(COLUMN, ENCODER)
    seen.go("people")
    seen.shows(ANN, NEW, "b<img src=x onerror=ran()>@x.org")


def test_the_activity(seen: Watched) -> None:
    page = seen.page
    seen.go("activity")
    seen.shows(ANN, NEW, REASON, hostile("third"), hostile("fourth"), hostile("name"), hostile("detail"), COLUMN, ENCODER)
    page.get_by_text("Remarks", exact=True).click()
    seen.shows(REMARK, REPLY, ANN, clip_name(1))
    page.get_by_text("Guidelines", exact=True).click()
    page.get_by_text("What changed in version 1").click()
    seen.shows(GUIDELINE, ANN)


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5000\r\n\r\nRIFF",
        b"Content-Length: 99999999999999\r\n\r\nRIFF",
        b"Content-Length: -1\r\n\r\nRIFF",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nRIFFF",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nRIFF\r\nnonsense",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nRIFF",
    ],
    ids=["cut", "huge", "negative", "two lengths", "cut between pieces", "a piece that never ends"],
)
def test_an_upload_whose_length_is_a_lie_leaves_nothing(served: Served, body: bytes) -> None:
    project = served.project
    with project.read() as session:
        lea = session.scalars(select(Annotator.id).where(Annotator.name == LEA)).one()
    token = Tokens(project.info().secret).for_session(lea)
    before = sorted(project.directory.rglob("uploads/**/*"))
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        head = f"POST /earmark/api/upload?name=lie.wav HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nEarmark-Session: {token}\r\n"
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
        replied = line.recv(100)
    assert not replied.startswith(b"HTTP/1.1 200")

    def nothing_left() -> bool:
        return [path for path in sorted(project.directory.rglob("uploads/**/*")) if path.is_file() and path not in before] == []

    wait_for(nothing_left, what="the file to be given up", seconds=10)
