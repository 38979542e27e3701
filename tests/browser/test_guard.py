"""What stands in front of the app, as browsers see it: pages work under their policy, and other sites get nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from db.records.learner_state import report_state
from tests.browser.conftest import FLAGS
from tests.browser.served import Seat, Served
from tests.browser.test_grid import GridPage, names  # noqa: F401 (a fixture)
from tests.browser.test_pages import DETAILS, OUTLOOK, evaluated_run
from tests.filled_projects import answer

pytestmark = pytest.mark.browser

WATCH = """addEventListener("securitypolicyviolation",
  (event) => console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));"""


@pytest.fixture
def complaints(seat: Seat) -> list[str]:
    """What a page did not get because of its policy, and the errors of its scripts."""
    found: list[str] = []
    seat.page.add_init_script(WATCH)
    seat.page.on("console", lambda line: found.append(line.text) if re.search("policy", line.text, re.IGNORECASE) else None)
    seat.page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_label_works_under_the_policy(seat: Seat, complaints: list[str]) -> None:
    seat.open()
    seat.press("1")
    seat.expect_saved(1)
    seat.page.keyboard.press("?")
    assert complaints == []


def test_the_grid_works_under_the_policy(
    seat: Seat,
    served: Served,
    names: list[str],  # noqa: F811
    complaints: list[str],
) -> None:
    GridPage(seat.page, served).open().expect_first(names[0])
    seat.page.keyboard.press("ArrowRight")
    expect(seat.page.locator("[data-testid=cell][data-state=playing]")).to_have_count(1)
    assert complaints == []


def test_the_dashboard_draws_its_charts_under_the_policy(seat: Seat, served: Served, complaints: list[str]) -> None:
    evaluated_run(served, ua=0.62, outlook=OUTLOOK, **DETAILS)
    with served.project.write() as session:
        report_state(session, state="evaluating", done=3, total=8)
    seat.page.goto(f"{served.url}/dashboard")
    expect(seat.page.get_by_test_id("stVegaLiteChart").locator("canvas, svg")).to_have_count(2, timeout=20_000)
    seat.page.get_by_role("radio", name="Each label").click()
    seat.page.get_by_text("Is the confidence reliable?").click()
    expect(seat.page.get_by_test_id("stVegaLiteChart").locator("canvas, svg")).to_have_count(3)
    assert complaints == []


def test_review_and_export_work_under_the_policy(seat: Seat, served: Served, complaints: list[str]) -> None:
    for label in ("angry", "sad"):
        answer(served.project, 1, label, annotator=label)
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    sound = page.get_by_test_id("review-audio")
    expect(sound).to_be_attached(timeout=20_000)
    expect(sound).to_have_js_property("readyState", 4)
    page.get_by_role("link", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.path().stat().st_size > 0
    assert complaints == []


@pytest.fixture
def rebound(playwright_driver: Playwright, chromium_path: str) -> Iterator[Page]:
    """A page of a browser that was made to believe that every name points to this machine."""
    opened = playwright_driver.chromium.launch(
        executable_path=chromium_path, args=[*FLAGS, "--host-resolver-rules=MAP * 127.0.0.1"]
    )
    yield opened.new_page()
    opened.close()


def test_a_site_that_lets_its_name_point_here_gets_one_sentence(rebound: Page, served: Served) -> None:
    answer_of = rebound.goto(f"http://rebound.example:{served.port}/")
    assert answer_of is not None
    assert answer_of.status == 403
    expect(rebound.locator("body")).to_contain_text("Earmark does not answer to the name 'rebound.example")
    asked = """async (path) => (await fetch(path, {method: "POST", body: "{}"})).status"""
    assert rebound.evaluate(asked, "/earmark/api/next") == 403


def test_another_site_gets_no_socket_and_sends_nothing(rebound: Page, served: Served) -> None:
    rebound.route("http://other.example/", lambda route: route.fulfill(body="<h1>another site</h1>", content_type="text/html"))
    rebound.goto("http://other.example/")
    socket = """(address) => new Promise((done) => {
      const opened = new WebSocket(address, ["streamlit"]);
      opened.onopen = () => done("open");
      opened.onerror = () => done("refused");
    })"""
    assert rebound.evaluate(socket, f"ws://127.0.0.1:{served.port}/_stcore/stream") == "refused"
    sent = """(address) => fetch(address, {method: "POST", mode: "no-cors", body: "{}"}).then(() => "sent", () => "refused")"""
    assert rebound.evaluate(sent, f"{served.url}/earmark/api/next") == "refused"


def test_another_site_cannot_show_the_app_in_a_frame(seat_in: Callable[..., Seat], browser: Browser, served: Served) -> None:
    page = seat_in(browser).page
    with page.expect_console_message(lambda line: "frame-ancestors" in line.text):
        page.set_content(f'<iframe src="{served.url}/"></iframe>')
