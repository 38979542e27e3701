"""A served project: the real app in a separate process, and a browser page that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, Route, expect

from db.decisions.log import live_query
from db.models import Annotator, Answer, Clip, Decision, Label
from db.project import OpenProject
from tests.browser.warm_app import WarmApp
from tests.supervised_processes import answers, wait_for

PLAYED = re.compile("playing|ended")
_DECISIONS = "/earmark/api/decisions"
_SENT = f"**{_DECISIONS}*"


@dataclass(frozen=True)
class Answered:
    """A standing answer with names instead of ids."""

    file_name: str
    answer: Answer
    label: str | None
    annotator: str
    seconds: float | None
    plays: int | None
    reason: str | None


class Served:
    """A project and the app that serves it; the app can be killed and started again."""

    def __init__(self, project: OpenProject, port: int, log: Path) -> None:
        self.project = project
        self.port = port
        self.log = log
        self.process: WarmApp | None = None
        self.start()

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the app and wait until it answers."""
        process = self.process = WarmApp(self.project.directory, self.port, log=self.log)
        wait_for(lambda: answers(self.port) or process.ended, what="the app to answer")
        assert not process.ended, self.log.read_text()

    def kill(self) -> None:
        """Kill the app, as a power cut would."""
        if self.process is not None:
            self.process.kill()

    def standing(self) -> list[Answered]:
        """All standing answers, oldest first."""
        with self.project.read() as session:
            query = live_query().join(Clip, Clip.id == Decision.clip_id).join(Annotator, Annotator.id == Decision.annotator_id)
            query = query.outerjoin(Label, Label.id == Decision.label_id).order_by(Decision.id)
            rows = session.execute(
                query.with_only_columns(
                    Clip.file_name,
                    Decision.answer,
                    Label.name,
                    Annotator.name,
                    Decision.seconds,
                    Decision.plays,
                    Decision.reason,
                )
            )
            return [Answered(*row) for row in rows]

    def answers_of(self, file_names: list[str]) -> list[tuple[str, str]]:
        """Label (or kind of answer) by clip, in the order given."""
        found = {row.file_name: row.label or str(row.answer) for row in self.standing()}
        return [(name, found[name]) for name in file_names]


class Site(Protocol):
    """Where the app is."""

    @property
    def url(self) -> str:
        """The page's address."""


class Seat:
    """An annotator's seat: the Label page in a browser."""

    def __init__(self, page: Page, served: Site, *, annotator: str = "Ann") -> None:
        self.page = page
        self.served = served
        self.annotator = annotator

    def open(self, *, state: str | re.Pattern[str] = PLAYED, path: str = "/") -> Seat:
        """Open the page and wait until the player is in this state."""
        self.page.goto(f"{self.served.url}{path}?annotator={self.annotator}")
        expect(self.player).to_have_attribute("data-state", state, timeout=20_000)
        self._expect_drawn()
        return self

    def open_untouched(self, *, state: str) -> Seat:
        """Open the page and wait for the state without touching the page.

        When Playwright inspects a page, the browser counts that as a gesture of the visitor and lets the page play sound. So the
        page itself writes the state of the player to its console.
        """
        self.page.add_init_script(
            """const watch = setInterval(() => {
              const host = document.querySelector("[data-testid=stBidiComponentIsolated]");
              const player = host?.shadowRoot?.querySelector("[data-testid=player]");
              if (!player || player.dataset.state === "loading") return;
              clearInterval(watch);
              console.log(`player: ${player.dataset.state}, touched: ${navigator.userActivation.hasBeenActive}`);
            }, 20);"""
        )
        with self.page.expect_console_message(lambda line: line.text.startswith("player: ")) as message:
            self.page.goto(f"{self.served.url}/?annotator={self.annotator}")
        assert message.value.text == f"player: {state}, touched: false"
        return self

    @property
    def player(self) -> Locator:
        """The player."""
        return self.page.get_by_test_id("player")

    @property
    def clip(self) -> str:
        """The file name of the clip on screen."""
        return self.player.get_attribute("data-clip") or ""

    def part(self, name: str) -> Locator:
        """A part of the player by its data-testid."""
        return self.page.get_by_test_id(name)

    def press(self, key: str) -> str:
        """Press a key that answers, and wait until the next clip plays; the file name that was on screen before."""
        before = self.clip
        self.page.keyboard.press(key)
        expect(self.player).not_to_have_attribute("data-clip", before)
        self.expect_state(re.compile("playing|ended|empty"))
        self._expect_drawn()
        return before

    def _expect_drawn(self) -> None:
        """Wait until the screen shows the clip that plays; it is drawn after the sound starts."""
        expect(self.part("file-name")).to_have_text(self.clip)

    def expect_state(self, state: str | re.Pattern[str]) -> None:
        """Wait until the player is in this state."""
        expect(self.player).to_have_attribute("data-state", state)

    def expect_saved(self, count: int) -> None:
        """Wait until the server has acknowledged this many answers, and nothing waits to be sent."""
        expect(self.part("saved-count")).to_have_text(str(count))
        expect(self.part("save-state")).to_have_text("All saved")

    def record_keys(self) -> None:
        """From the next page on, record every key with the clip it met (before the player gets the key)."""
        self.page.add_init_script(
            """window.pressed = [];
            window.addEventListener("keydown", (event) => {
              const host = document.querySelector("[data-testid=stBidiComponentIsolated]");
              const player = host?.shadowRoot?.querySelector("[data-testid=player]");
              // A clip that could not be loaded takes no label.
              const clip = player?.dataset.state === "broken" ? "" : player?.dataset.clip;
              window.pressed.push([event.key, clip ?? ""]);
            }, true);"""
        )

    def recorded_keys(self) -> list[Any]:
        """The keys and the clips they met."""
        keys: list[Any] = self.page.evaluate("window.pressed")
        return keys


def no_connection(route: Route) -> None:
    """As without a network."""
    route.abort("connectionfailed")


def answers_meet(page: Page, handler: Callable[[Route], None]) -> None:
    """Have the answers of all tabs of a visitor meet the handler from now on, until `let_through`.

    Chromium says that it intercepts requests a moment before its pages know, so this waits until one of this page is intercepted.
    """
    trials: list[str] = []

    def met(route: Route) -> None:
        if route.request.url.endswith("?trial"):
            trials.append(route.request.url)
            route.abort()
        else:
            handler(route)

    page.context.route(_SENT, met)
    for _ in range(100):
        page.evaluate(f"() => fetch('{_DECISIONS}?trial').catch(() => null)")
        if trials:
            return
    raise AssertionError("requests of the page are not intercepted")


def let_through(page: Page) -> None:
    """Let answers reach the server again."""
    page.context.unroute(_SENT)
