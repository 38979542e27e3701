"""Which page is for whom: each page checks by itself, whatever the navigation shows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from db.errors import RoleError
from db.models import Annotator, Event, Role
from db.project import OpenProject
from db.records.people.annotators import annotator_named, signed_in_annotator
from db.records.people.roles import give_role, may_lead, may_view
from labeler.app.opened import VARIABLE
from labeler.app.pages import asked_name
from labeler.app.pages.entry.required import checked_again
from labeler.app.pages.plain_text import plain
from labeler.app.sign_in.ways import Person, SignIn, Way, arrange
from tests.filled_projects import add_clips, answer
from tests.labeler.app.dashboard.reports import record

SIGN_IN = SignIn(way=Way.PROXY, leads=frozenset({"boss@x.org"}))
FOR_LEADS = "This page is for leads; ask a lead of this project if you need it."
FOR_VIEWERS = "This page is for leads and viewers; ask a lead of this project if you need it."


def export() -> None:
    from labeler.app.pages.export import show_export

    show_export()


def review() -> None:
    from labeler.app.pages.review import show_review

    show_review()


def people() -> None:
    from labeler.app.pages.lead.people import show_people

    show_people()


def dashboard() -> None:
    from labeler.app.pages.dashboard.page import show_dashboard

    show_dashboard()


def audio() -> None:
    from labeler.app.pages.setup.audio import show_audio

    show_audio()


def labels() -> None:
    from labeler.app.pages.setup.labels import show_labels

    show_labels()


def settings() -> None:
    from labeler.app.pages.setup.settings import show_settings

    show_settings()


def clips() -> None:
    from labeler.app.pages.clips.page import show_clips

    show_clips()


def activity() -> None:
    from labeler.app.pages.lead.activity import show_activity

    show_activity()


def label() -> None:
    from labeler.app.pages.label import show_label

    show_label()


def grid() -> None:
    from labeler.app.pages.grid import show_grid

    show_grid()


LEADS_PAGES = (export, review, people, audio, labels, settings, clips, activity)


@pytest.fixture(autouse=True)
def no_main_module(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page in a test makes its script the main module, where processes that other tests start would look for what they run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    yield
    arrange(SignIn())


def with_roles(project: OpenProject) -> None:
    """Lea leads, Vic views, Ann has answered a clip."""
    (clip,) = add_clips(project, 1)
    answer(project, clip, annotator="Ann")
    with project.write() as session:
        for name, role in (("Vic", Role.VIEWER), ("Lea", Role.LEAD)):
            give_role(session, annotator_id=annotator_named(session, name).id, role=role, by=None)


def shown(page: Callable[[], None], *, name: str | None = None) -> AppTest:
    """The page as somebody sees it."""
    opened = AppTest.from_function(page, default_timeout=60)
    if name is not None:
        opened.query_params["annotator"] = name
    opened.run()
    assert not opened.exception
    return opened


def refusals(page: AppTest) -> list[str]:
    return [warning.value for warning in page.warning]


@pytest.mark.parametrize(
    ("page", "name", "refusal"),
    [
        *((page, "Ann", FOR_LEADS) for page in LEADS_PAGES),
        *((page, name, FOR_LEADS) for page in LEADS_PAGES for name in ("Vic", "Somebody new")),
        (dashboard, "Ann", FOR_VIEWERS),
        *((page, "Vic", "Viewers do not answer clips") for page in (label, grid)),
    ],
)
def test_a_page_for_others_is_one_sentence(project: OpenProject, page: Callable[[], None], name: str, refusal: str) -> None:
    with_roles(project)
    (shown_instead,) = refusals(shown(page, name=name))
    assert shown_instead.startswith(refusal)


@pytest.mark.parametrize(
    ("page", "name"),
    [*((page, "LEA") for page in (export, review, people, dashboard, grid)), (dashboard, "Vic"), (grid, "Ann"), (grid, "New")],
)
def test_a_page_for_oneself_is_shown(project: OpenProject, page: Callable[[], None], name: str) -> None:
    with_roles(project)
    seen = shown(page, name=name)
    assert refusals(seen) == []
    assert [title.value for title in seen.title] != ["Who are you?"]


@pytest.mark.parametrize("page", [*LEADS_PAGES, dashboard])
def test_without_a_name_a_page_for_leads_asks_for_one(project: OpenProject, page: Callable[[], None]) -> None:
    with_roles(project)
    assert [title.value for title in shown(page).title] == ["Who is reviewing?" if page is review else "Who are you?"]


@pytest.mark.parametrize("page", [export, dashboard])
def test_as_long_as_nobody_is_a_lead_pages_need_no_name(project: OpenProject, page: Callable[[], None]) -> None:
    add_clips(project, 1)
    seen = shown(page)
    assert refusals(seen) == []
    assert [title.value for title in seen.title] == [page.__name__.capitalize()]


def test_a_page_refuses_as_soon_as_the_role_is_gone(project: OpenProject) -> None:
    with_roles(project)
    page = shown(export, name="Lea")
    assert refusals(page) == []
    with project.write() as session:
        give_role(session, annotator_id=annotator_named(session, "Ann").id, role=Role.LEAD, by="Lea")
        give_role(session, annotator_id=annotator_named(session, "Lea").id, role=Role.ANNOTATOR, by="Ann")
    assert refusals(page.run()) == [FOR_LEADS]


@pytest.mark.parametrize("page", [label, grid, dashboard, *LEADS_PAGES])
def test_opening_a_page_makes_nobody(project: OpenProject, page: Callable[[], None]) -> None:
    shown(page, name="Somebody")
    with project.read() as session:
        assert session.scalars(select(Annotator)).all() == []


def test_the_name_is_shown_as_it_was_first_written(project: OpenProject) -> None:
    with_roles(project)
    page = shown(review, name="lea")
    assert page.query_params["annotator"] in ("Lea", ["Lea"])


@pytest.mark.parametrize(
    ("person", "refused"),
    [
        (Person("ann@x.org", "Lea"), [FOR_LEADS]),
        (Person("Lea", "Lea"), [FOR_LEADS]),
        (Person("new@x.org", "Boss"), [FOR_LEADS]),
        (None, [FOR_LEADS]),
        (Person("lea@x.org", "Somebody"), []),
        (Person("boss@x.org", "Boss"), []),
    ],
)
def test_where_people_sign_in_their_identity_counts_and_no_name(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, person: Person | None, refused: list[str]
) -> None:
    with project.write() as session:
        annotator_named(session, "Typed before")
        signed_in_annotator(session, identity="ann@x.org", name="Ann")
        lea = signed_in_annotator(session, identity="lea@x.org", name="Lea")
        give_role(session, annotator_id=lea.id, role=Role.LEAD, by=None)
    arrange(SIGN_IN)
    monkeypatch.setattr(asked_name, "person_at_page", lambda: person)
    assert refusals(shown(people, name="Lea")) == refused


@pytest.mark.parametrize(
    ("may", "refusal"), [(may_lead, "You are no lead any more"), (may_view, "You may not see this any more")]
)
def test_a_download_checks_again_when_it_is_made(
    project: OpenProject, monkeypatch: pytest.MonkeyPatch, may: Callable[[Role], bool], refusal: str
) -> None:
    with_roles(project)
    monkeypatch.setattr("labeler.app.pages.entry.required.known_name", lambda: "Ann")
    with pytest.raises(Exception, match=refusal):
        checked_again(may)()


def test_every_download_of_a_page_checks_again(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backup holds the secret of the project; a page that was open before the role was lost still has its buttons."""
    with_roles(project)
    offered: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr("streamlit.download_button", lambda _label, *, data, key, **_options: offered.update({key: data}))
    record(project)
    page = shown(export, name="Lea")
    page.button(key="backup").click().run()
    shown(dashboard, name="Lea")
    assert {"download", "backup-download", "curve-csv", "mix-ups-csv"} <= offered.keys()
    assert offered["backup-download"]().startswith(b"PK")
    with project.write() as session:
        give_role(session, annotator_id=annotator_named(session, "Ann").id, role=Role.LEAD, by="Lea")
        give_role(session, annotator_id=annotator_named(session, "Lea").id, role=Role.ANNOTATOR, by="Ann")
    for made in offered.values():
        with pytest.raises(RoleError):
            made()


def failed_import() -> None:
    from types import SimpleNamespace
    from typing import Any

    from labeler.app.incoming.jobs import jobs_of
    from labeler.app.opened import serving
    from labeler.app.pages.setup.adding.import_progress import show_import

    job: Any = SimpleNamespace(is_running=False, document=None, state=None, error="There is no such file.")
    jobs_of(serving().project.directory).newest = job
    show_import(serving())


def test_an_import_is_shown_only_as_long_as_somebody_leads(project: OpenProject) -> None:
    """This part of the page Audio runs again by itself, without the page."""
    with_roles(project)
    assert [error.value for error in shown(failed_import, name="Lea").error] == [plain("There is no such file.")]
    page = shown(failed_import, name="Ann")
    assert (len(page.error), refusals(page)) == (0, [FOR_LEADS])


def roles(project: OpenProject) -> dict[str, Role | None]:
    with project.read() as session:
        return {row.name: row.role for row in session.scalars(select(Annotator))}


def test_a_lead_gives_roles_and_it_is_recorded(project: OpenProject) -> None:
    with_roles(project)
    page = shown(people, name="Lea")
    assert [box.label for box in page.selectbox][:3] == ["Role of Lea", "Role of Vic", "Role of Ann"]
    page.selectbox[2].select(Role.VIEWER).run()
    assert roles(project) == {"Ann": Role.VIEWER, "Vic": Role.VIEWER, "Lea": Role.LEAD}
    with project.read() as session:
        newest = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert newest is not None
        assert (newest.kind, newest.done_by, newest.details) == ("role", "Lea", {"person": "Ann", "from": None, "to": "viewer"})


def test_a_name_is_shown_as_the_text_it_is(project: OpenProject) -> None:
    with_roles(project)
    hostile = "**<img src=x>** :red[http://x.org]"
    with project.write() as session:
        give_role(session, annotator_id=annotator_named(session, hostile).id, role=Role.VIEWER, by="Lea")
    page = shown(people, name="Lea")
    assert any(text.value.startswith(f"{plain(hostile)}  \n") for text in page.markdown)
    assert f"Role of {plain(hostile)}" in [box.label for box in page.selectbox]


def test_the_last_lead_cannot_leave(project: OpenProject) -> None:
    with_roles(project)
    page = shown(people, name="Lea")
    page.selectbox[0].select(Role.ANNOTATOR).run()
    (sentence,) = refusals(page)
    assert "is the only lead; make another person a lead first" in sentence.replace("\\", "")
    assert roles(project)["Lea"] == Role.LEAD
    assert not page.run().warning
    assert page.selectbox[0].value == Role.LEAD


def test_the_first_lead_is_whoever_says_so(project: OpenProject) -> None:
    assert [title.value for title in shown(people).title] == ["Who are you?"]
    shown(people, name="Lea").button(key="people-first-lead").click().run()
    assert roles(project) == {"Lea": Role.LEAD}
    assert refusals(shown(people, name="Ann")) == [FOR_LEADS]


def test_somebody_who_has_not_come_yet_gets_a_role(project: OpenProject) -> None:
    with_roles(project)
    page = shown(people, name="Lea")
    page.text_input(key="people-new").input("Uma")
    page.selectbox(key="people-new-role").select(Role.VIEWER)
    next(button for button in page.button if button.label == "Give the role").click().run()
    assert roles(project) == {"Ann": None, "Vic": Role.VIEWER, "Lea": Role.LEAD, "Uma": Role.VIEWER}
    assert "Role of Uma" in [box.label for box in page.selectbox]
