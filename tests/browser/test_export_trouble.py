"""Export in the browser, where something is in its way."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from db.models import AudioFile
from tests.browser.served import Seat, Served
from tests.filled_projects import answer


def test_a_download_that_fails_says_why(seat: Seat, served: Served) -> None:
    """A name is shown as it is, and audio that is gone is named."""
    answer(served.project, 1, annotator="<b>*Ann*</b>")
    with served.project.read() as session:
        path = Path(session.get_one(AudioFile, 1).path)
    away = path.rename(path.with_suffix(".away"))
    page = seat.page
    page.goto(f"{served.url}/export")
    page.get_by_role("combobox", name="Format").click()
    page.get_by_role("option", name="emonet").click()
    expect(page.get_by_test_id("preview")).to_contain_text("<b>*Ann*</b>", timeout=20_000)
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("alert")).to_contain_text(path.name, timeout=20_000)
    away.rename(path)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith("-emonet.zip")
    expect(page.get_by_role("alert")).to_have_count(0)
