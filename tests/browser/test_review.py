"""The Review page: one clip at a time, the reviewer's answer is final, and all answers and notes are shown as text."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect
from sqlalchemy import select

from db.decisions.consensus import consensus_labels
from db.decisions.flags import append_flag
from db.decisions.log import live_decisions
from db.decisions.review import take_back_run
from db.models import Clip, Source
from db.records.labels import active_labels
from db.records.people.annotators import annotator_named
from tests.browser.served import Seat, Served
from tests.db.serving.test_second_pass import doubt
from tests.filled_projects import answer

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def ids(served: Served) -> list[int]:
    """Two clips that two annotators labelled differently, and a flagged clip."""
    project = served.project
    with project.read() as session:
        found = list(session.scalars(select(Clip.id).order_by(Clip.id).limit(3)))
    for clip in found[:2]:
        answer(project, clip, "angry", annotator="ann")
        answer(project, clip, "sad", annotator="ben")
    with project.write() as session:
        who = annotator_named(session, "ann").id
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=found[2], annotator_id=who, note=HOSTILE)
    return found


def consensus(served: Served) -> dict[int, str]:
    with served.project.read() as session:
        names = {label.id: label.name for label in active_labels(session)}
        return {clip: names[label] for clip, label in consensus_labels(live_decisions(session)).items()}


def press(page: Page, key: str, *, button: str) -> None:
    """Press a shortcut when its button is there, since a page is built from top to bottom."""
    expect(page.get_by_role("button", name=button)).to_be_enabled()
    # The page reacts to keys only after its script has run to the end.
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.locator("body[data-earmark-keys=on]")).to_have_count(1)
    page.keyboard.press(key)


def test_a_reviewer_decides_by_key_and_takes_back(seat: Seat, served: Served, ids: list[int]) -> None:
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    expect(page.get_by_text("Clips to review: 3.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    audio = page.get_by_test_id("review-audio")
    assert page.request.get(f"{served.url}{audio.get_attribute('src')}").ok
    press(page, "n", button="Later")
    expect(page.get_by_text("Clips to review: 2.")).to_be_visible()
    expect(page.get_by_text("angry — annotator 1")).to_be_visible()
    press(page, "2", button="happy")
    expect(page.get_by_text("Clips to review: 1.")).to_be_visible()
    label = sorted(name for name in ("angry", "happy", "sad"))[1]
    assert consensus(served)[ids[0]] == label
    with served.project.read() as session:
        gold = [decision for decision in live_decisions(session) if decision.gold]
    assert [(decision.clip_id, decision.source) for decision in gold] == [(ids[0], Source.REVIEW)]
    expect(page.get_by_text("Last decided: 00.wav: happy")).to_be_visible()
    press(page, "z", button="Undo")
    expect(page.get_by_text("Clips to review: 2.")).to_be_visible()
    assert page.title() != "owned"


def test_undo_takes_back_what_was_decided_on_review_and_names_it(seat: Seat, served: Served, ids: list[int]) -> None:
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    page.get_by_text("Later", exact=True).click(timeout=20_000)
    expect(page.get_by_text("Clips to review: 2.")).to_be_visible()
    press(page, "2", button="happy")
    expect(page.get_by_text("Last decided: 00.wav: happy")).to_be_visible()
    labelled = answer(served.project, ids[2], "sad", annotator="Rev")
    press(page, "z", button="Undo")
    expect(page.get_by_text("Taken back: 00.wav: happy")).to_be_visible()
    with served.project.read() as session:
        live = live_decisions(session)
    assert not any(decision.gold for decision in live)
    assert live[-1].uuid == labelled, "an answer given on another page stands, though it is newer"

    press(page, "s", button="Bad clip")
    expect(page.get_by_text("Last decided: 00.wav: bad clip")).to_be_visible()
    expect(page.get_by_text("Taken back")).to_have_count(0)
    with served.project.write() as session:
        take_back_run(session, annotator_id=annotator_named(session, "Rev").id, count=1)
    press(page, "z", button="Undo")
    expect(page.get_by_text("Taken back: nothing, for it was taken back already")).to_be_visible()


def press_in_expander(page: Page, title: str, *, button: str) -> None:
    """Open an expander and press its button; opened anew if the page, still being built, closed it meanwhile."""
    wanted = page.get_by_role("button", name=button)
    for _ in range(5):
        page.get_by_text(title).click()
        try:
            wanted.click(timeout=4000)
        except TimeoutError:
            continue
        return
    wanted.click()


def test_a_run_of_answers_is_taken_back(seat: Seat, served: Served, ids: list[int]) -> None:
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    page.get_by_text("Later", exact=True).click(timeout=20_000)
    expect(page.get_by_text("angry — annotator 1")).to_be_visible()
    press_in_expander(page, "Take back the newest answers of an annotator", button="Take back…")
    expect(page.get_by_text("Take back 2 answers of ann,")).to_be_visible()
    with served.project.read() as session:
        assert len(live_decisions(session)) == 4, "it is asked first"
    page.get_by_role("button", name="Take back 2 answers").click()
    expect(page.get_by_text("2 answers of ann taken back.")).to_be_visible()
    # The annotators no longer disagree; the clip that was put off can be shown again.
    expect(page.get_by_text("angry — annotator 1")).to_have_count(0)
    page.get_by_role("button", name="Show the clips that you put off (1)").click()
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    with served.project.read() as session:
        assert len(live_decisions(session)) == 2


def choose(page: Page, box: Locator, option: str) -> None:
    """Choose in a list that closes when the page is drawn again: it is opened anew, as a person would."""
    for _ in range(3):
        box.click()
        try:
            page.get_by_role("option", name=option).click(timeout=5_000)
        except TimeoutError:
            continue
        return
    raise AssertionError(f"{option} could not be chosen")


def test_an_annotator_changes_an_own_answer(seat: Seat, served: Served, ids: list[int]) -> None:
    page = seat.page
    page.goto(f"{served.url}/review?annotator=ann")
    page.get_by_text("My answers").click(timeout=20_000)
    expect(page.get_by_text("angry — annotator 1")).to_be_visible()
    press(page, "3", button="sad")
    expect(page.get_by_text("Last decided: 01.wav: sad")).to_be_visible()
    assert consensus(served) == {ids[0]: "sad", ids[1]: "sad"}
    chosen = page.get_by_role("combobox", name="Your newest answers")
    expect(chosen).to_have_value("01.wav: sad")
    choose(page, chosen, "00.wav: angry")
    expect(page.get_by_text("angry — annotator 1")).to_be_visible()
    expect(chosen).not_to_be_focused()
    press(page, "2", button="happy")
    expect(page.get_by_text("Last decided: 00.wav: happy")).to_be_visible()
    expect(chosen).to_have_value("00.wav: happy")
    page.get_by_text("Show names").click()
    expect(page.get_by_text("happy — ann")).to_be_visible()
    press(page, "3", button="sad")
    expect(page.get_by_text("Last decided: 00.wav: sad")).to_be_visible()
    expect(chosen).to_have_value("00.wav: sad")
    with served.project.read() as session:
        assert not any(decision.gold for decision in live_decisions(session))


def test_a_doubted_label_is_fixed_with_one_key(seat: Seat, served: Served, ids: list[int]) -> None:
    answer(served.project, ids[2], "angry", annotator="ben")
    doubt(served.project, [ids[2]])
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    page.get_by_text("Doubted labels").click(timeout=20_000)
    expect(page.get_by_text("Clips to check: 1,")).to_be_visible()
    expect(page.get_by_test_id("review-audio")).to_have_count(1)
    press(page, "3", button="sad")
    expect(page.get_by_text("No label is doubted")).to_be_visible()
    assert consensus(served)[ids[2]] == "sad"
    with served.project.read() as session:
        (fixed,) = [decision for decision in live_decisions(session) if decision.gold]
    assert not fixed.blind, "an answer that fixes what the classifier contradicts must not count in its accuracy"
    press(page, "z", button="Undo")
    expect(page.get_by_text("Clips to check: 1,")).to_be_visible()


LINKS = ["http://evil.example/x", "www.evil.example", "rev@evil.example", "//evil.example", "HTTPS://evil.example"]
REPLACED = [":house: :material/home: :material_home: :streamlit:", "a -> b", "<- -- <-> >= <= ~=", "*a* :red[b] $x$ `c` <b>d</b>"]


def test_names_labels_and_notes_are_shown_as_they_are_and_never_as_links(seat: Seat, served: Served) -> None:
    texts, labels = [*LINKS, *REPLACED], [LINKS[0], LINKS[1], REPLACED[0]]
    with served.project.write() as session:
        for label, name in zip(active_labels(session), labels, strict=True):
            label.name = name
        (clip,) = session.scalars(select(Clip.id).order_by(Clip.id).limit(1))
    shown: list[str] = []
    for place, text in enumerate(texts):
        answer(served.project, clip, labels[place % 3], annotator=text)
        with served.project.write() as session:
            who = annotator_named(session, text).id
            append_flag(session, uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=who, note=text)
        shown += [f"{labels[place % 3]} — {text}", f"flag {text} — {text}"]
    page = seat.page
    page.goto(f"{served.url}/review?annotator=Rev")
    page.get_by_text("Show names").click(timeout=20_000)
    lines = page.get_by_test_id("stMain").get_by_test_id("stMarkdownContainer")
    expect(lines.filter(has_text=" — ")).to_have_count(len(shown))
    assert sorted(lines.filter(has_text=" — ").all_text_contents()) == sorted(shown)
    for place, name in enumerate(labels, start=1):
        expect(page.get_by_role("button", name=f"{name} Shortcut {place}", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stMain").get_by_role("link")).to_have_count(0)
