"""Answers that do not reach the server, or come back otherwise, from a moment on."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route

_DECISIONS = "/earmark/api/decisions"
_SENT = f"**{_DECISIONS}*"


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
