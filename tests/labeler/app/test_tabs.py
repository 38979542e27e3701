"""Which open tab holds which lease; what a closed one left behind; what a page with no clip is shown."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from db.store.engine import Turn
from labeler.app.api import tabs as tabs_module
from labeler.app.api.routes import routes
from labeler.app.api.tabs import Tabs
from labeler.app.sign_in.tokens import Tokens
from tests.learner.audio_files import import_files, noise, written

CLIPS = 8


def test_a_lease_is_abandoned_once_the_tab_that_held_it_is_closed() -> None:
    open_tabs = {"a", "b"}
    tabs = Tabs(open_tabs.__contains__)
    tabs.holds("a", [1, 2])
    assert tabs.abandoned("b", [1, 2, 3]) == []
    open_tabs.remove("a")
    assert tabs.abandoned("b", [1, 2, 3]) == [1, 2], "nothing is known of 3, so it counts as held"
    assert tabs.abandoned("a", [1, 2]) == [], "whoever asks is there"


def test_a_tab_hands_back_nothing_that_another_open_tab_holds() -> None:
    open_tabs = {"a", "b"}
    tabs = Tabs(open_tabs.__contains__)
    tabs.holds("a", [1, 2])
    assert tabs.own("b", [1, 2, 3]) == [3]
    open_tabs.remove("a")
    assert tabs.own("b", [1, 2, 3]) == [1, 2, 3]


def test_the_tab_that_said_so_last_holds_a_lease() -> None:
    tabs = Tabs({"b"}.__contains__)
    tabs.holds("a", [1])
    tabs.holds("b", [1])
    assert tabs.abandoned("c", [1]) == []


def test_only_so_many_leases_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabs_module, "_MOST", 3)
    tabs = Tabs(lambda _tab: False)
    tabs.holds("a", [1, 2, 3, 4])
    assert tabs.abandoned("b", [1, 2, 3, 4]) == [2, 3, 4]


class Team:
    """People with tabs, in a project of eight clips."""

    def __init__(self, client: TestClient, project: OpenProject, tokens: Tokens, open_tabs: set[str]) -> None:
        self.client = client
        self.project = project
        self.tokens = tokens
        self.open_tabs = open_tabs

    def asks(self, name: str, tab: str, *, want: int = 5, **more: Any) -> dict[str, Any]:
        """The answer to a tab that asks for clips."""
        self.open_tabs.add(tab)
        with self.project.write() as session:
            token = self.tokens.for_session(annotator_named(session, name).id)
        reply = self.client.post("/earmark/api/next", json={"session": token, "tab": tab, "want": want, **more})
        assert reply.status_code == 200, reply.text
        document: dict[str, Any] = reply.json()
        return document

    def answers(self, clips: list[dict[str, Any]]) -> None:
        given = [{"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": "happy"} for clip in clips]
        assert self.client.post("/earmark/api/decisions", json={"answers": given}).status_code == 200


@pytest.fixture
def team(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    folder = tmp_path / "audio"
    folder.mkdir()
    import_files(project, [written(folder / f"{number}.wav", noise(0.1, seed=number)) for number in range(CLIPS)])
    tokens, open_tabs = Tokens(project.info().secret), set[str]()
    monkeypatch.setattr(tabs_module, "is_connected", open_tabs.__contains__)
    with TestClient(Starlette(routes=routes(project, tokens))) as client:
        yield Team(client, project, tokens, open_tabs)


def names(answer: dict[str, Any]) -> set[str]:
    return {clip["file_name"] for clip in answer["clips"]}


def test_after_a_crash_ones_own_open_clips_come_back_at_once(team: Team) -> None:
    before = team.asks("Ann", "first")
    team.answers(before["clips"][:3])
    rest = team.asks("Ann", "first", want=3, holding=[clip["lease"] for clip in before["clips"][3:]])
    left = {clip["file_name"] for clip in before["clips"][3:]} | names(rest)
    assert len(left) == 5
    team.open_tabs.remove("first")
    again = team.asks("Ann", "second")
    assert (names(again), again["done"], again["elsewhere"]) == (left, 3, 0)


def test_the_clips_of_ones_other_open_tab_stay_there(team: Team) -> None:
    first = team.asks("Ann", "first")
    second = team.asks("Ann", "second")
    assert len(second["clips"]) == 3
    assert not names(first) & names(second)
    assert second["elsewhere"] == 5
    leases = [clip["lease"] for clip in first["clips"]]
    third = team.asks("Ann", "third", release=leases)
    assert third["clips"] == [], "a tab that was duplicated remembers the leases of the first one"


def test_somebody_elses_crash_frees_nothing_before_the_lease_ends(team: Team) -> None:
    team.asks("Ben", "bens")
    team.open_tabs.remove("bens")
    assert len(team.asks("Ann", "anns")["clips"]) == 3


def test_a_tab_that_got_a_new_connection_keeps_what_it_holds(team: Team) -> None:
    held = team.asks("Ann", "before")["clips"]
    team.open_tabs.remove("before")
    again = team.asks("Ann", "after", want=5, holding=[clip["lease"] for clip in held], exclude=[clip["clip"] for clip in held])
    assert not names(again) & {clip["file_name"] for clip in held}
    assert len(again["clips"]) == 3


def test_a_page_that_goes_leaves_no_clip_behind_not_even_one_that_was_on_its_way_to_it(team: Team) -> None:
    known = team.asks("Ben", "bens", want=3)["clips"]
    team.asks("Ben", "bens", want=2)
    team.asks("Ben", "bens", want=0, release=[clip["lease"] for clip in known], leaving=True)
    assert team.asks("Ben", "bens")["clips"] == [], "a question that was sent before comes late"
    assert len(team.asks("Ann", "anns", want=8)["clips"]) == CLIPS


def test_a_page_that_goes_waits_for_its_question_and_hands_back_what_that_got(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.asks("Ben", "bens", want=0)
    with team.project.write() as session:
        ben = annotator_named(session, "Ben").id
    goes = {"session": team.tokens.for_session(ben), "tab": "bens", "want": 0, "leaving": True}
    arrived, found = threading.Event(), list[Tabs]()

    def arrives(tabs: Tabs, _tab: str | None, _leases: object) -> None:
        found.append(tabs)
        arrived.set()

    with ThreadPoolExecutor(1) as other, team.project.write(Turn.LEASES) as session:
        leased = lease_next(session, annotator_id=ben, limit=2, random_share=0.0, lease_seconds=300)
        with monkeypatch.context() as patched:
            patched.setattr(Tabs, "holds", arrives)
            reply = other.submit(team.client.post, "/earmark/api/next", json=goes)
            assert arrived.wait(20)
        found[0].holds("bens", [clip.lease_id for clip in leased])
    assert reply.result().status_code == 200
    assert len(team.asks("Ann", "anns", want=8)["clips"]) == CLIPS


def test_a_page_that_goes_takes_nothing_from_another_tab(team: Team) -> None:
    team.asks("Ben", "bens", want=6)
    team.asks("Ann", "anns", want=0, leaving=True)
    assert len(team.asks("Cem", "cems", want=8)["clips"]) == 2


def test_a_page_that_gets_no_clip_is_shown_how_many_are_open_elsewhere(team: Team) -> None:
    bens = team.asks("Ben", "bens", want=6)["clips"]
    anns = team.asks("Ann", "anns")
    team.answers(anns["clips"])
    waiting = team.asks("Ann", "anns")
    assert (waiting["clips"], waiting["done"], waiting["total"], waiting["elsewhere"]) == ([], 2, 8, 6)
    team.answers(bens)
    done = team.asks("Ann", "anns")
    assert (done["done"], done["elsewhere"]) == (8, 0)
