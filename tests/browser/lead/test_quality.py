"""Remarks that survive a server in trouble, news for annotators, and a run of answers that is taken back and brought back."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.decisions.log import live_decisions
from db.guidelines import GUIDELINES_FILE
from db.models import Clip, Comment
from tests.browser.served import Seat, Served, answers_meet, let_through, no_connection
from tests.filled_projects import answer

HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **two** people"


def remarks_in(served: Served) -> list[str]:
    with served.project.read() as session:
        return [row.text for row in session.scalars(select(Comment).order_by(Comment.id))]


def standing(served: Served) -> int:
    with served.project.read() as session:
        return len(live_decisions(session))


def lead_page(served: Served, page: Page, part: str) -> Page:
    page.goto(f"{served.url}/activity?annotator=Lea")
    page.get_by_text(part, exact=True).click(timeout=20_000)
    return page


def test_a_remark_waits_in_the_browser_reaches_the_lead_and_the_reply_comes_back(seat: Seat, served: Served) -> None:
    (served.project.directory / GUIDELINES_FILE).write_text("# Angry\nLoud.", encoding="utf-8")
    seat.open()
    page = seat.page
    expect(seat.part("guidelines")).to_have_attribute("data-news", "true")
    page.keyboard.press("g")
    expect(seat.part("guide")).to_contain_text("Loud.")
    expect(seat.part("guidelines")).to_have_attribute("data-news", "false")

    answers_meet(page, no_connection)
    page.keyboard.press(".")
    seat.part("remark-text").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect(seat.part("save-state")).to_contain_text("1 answer not saved yet")
    assert remarks_in(served) == []
    assert page.evaluate("Object.values(localStorage).filter((text) => text.includes('comment')).length") == 1
    let_through(page)
    expect(seat.part("save-state")).to_have_text("All saved")
    assert remarks_in(served) == [HOSTILE]
    page.keyboard.press(".")
    page.keyboard.press(".")
    expect(seat.part("remarks-here")).to_contain_text(HOSTILE)
    page.keyboard.press(".")
    seat.press("1")
    seat.expect_saved(1)

    lead = lead_page(served, page.context.new_page(), "Remarks")
    expect(lead.get_by_text(HOSTILE)).to_be_visible()
    lead.get_by_label("Answer", exact=True).fill("The first one.")
    lead.get_by_role("button", name="Answer").click()
    expect(lead.get_by_text("All remarks are settled.")).to_be_visible()
    assert lead.title() != "owned"

    seat.press("1")
    expect(seat.part("remark")).to_have_attribute("data-news", "true")
    page.keyboard.press(".")
    expect(seat.part("remarks-answered")).to_contain_text("The first one.")
    expect(seat.part("remark")).to_have_attribute("data-news", "false")
    assert page.title() != "owned"


def test_a_run_of_answers_is_taken_back_after_a_question_and_brought_back(seat: Seat, served: Served) -> None:
    with served.project.read() as session:
        clips = session.scalars(select(Clip.id).order_by(Clip.id).limit(4)).all()
    for clip in clips:
        answer(served.project, clip, "angry", annotator="Ada")
    page = lead_page(served, seat.page, "What happened")
    expect(page.get_by_text("Ada: 4 answers")).to_be_visible()
    page.get_by_role("button", name="Take back…").first.click()
    expect(page.get_by_text("Take back 4 answers of Ada,")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Take back 4 answers of Ada,")).to_have_count(0)
    assert standing(served) == 4
    page.get_by_role("button", name="Take back…").first.click()
    page.get_by_role("button", name="Take back 4 answers").click()
    expect(page.get_by_text("Ada: 4 answers (0 still count)")).to_be_visible()
    assert standing(served) == 0
    page.get_by_role("button", name="Undo this").click()
    expect(page.get_by_text("4 answers brought back.")).to_be_visible()
    assert standing(served) == 4
