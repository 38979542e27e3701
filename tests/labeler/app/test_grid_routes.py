"""The grid's route: the clips that it shows, leases and releases, and the answers that come from it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from db.models import Decision, Role, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.records.people.roles import give_role
from labeler.app.api.routes import routes
from labeler.app.sign_in.tokens import Tokens
from learner.search.likely import LikelyClips, write_likely
from tests.filled_projects import answer, standing
from tests.learner.audio_files import import_files, tone, written
from tests.learner.synthetic_projects import embed_made_up, truth


@dataclass
class Page:
    """Ann's page without a browser; `other` is Ben's session."""

    client: TestClient
    project: OpenProject
    session: str
    other: str
    clips: list[int]

    def ask(self, **question: Any) -> Any:
        return self.client.post("/earmark/api/grid", json={"session": self.session, "want": 4, **question})

    def grid(self, **question: Any) -> list[dict[str, Any]]:
        reply = self.ask(**question)
        assert reply.status_code == 200, reply.text
        clips: list[dict[str, Any]] = reply.json()["clips"]
        return clips

    def send(self, *answers: dict[str, Any]) -> list[str]:
        results = self.client.post("/earmark/api/decisions", json={"answers": list(answers)}).json()["results"]
        return [result["status"] for result in results]

    def standing(self) -> list[Decision]:
        return standing(self.project)


@pytest.fixture
def page(project: OpenProject, tmp_path: Path) -> Iterator[Page]:
    """Twelve clips with features, listed as likely happy in the order of their ids."""
    folder = tmp_path / "audio"
    folder.mkdir()
    clips = import_files(project, [written(folder / f"{number}.wav", tone(300 + number, 0.2)) for number in range(12)])
    embed_made_up(project, clips, spread=0.2)
    tokens = Tokens(project.info().secret)
    with project.write() as session:
        ann, ben = annotator_named(session, "Ann").id, annotator_named(session, "Ben").id
        happy = label_by_name(session, "happy").id
    chances = np.linspace(0.95, 0.4, 12, dtype=np.float32)[None]
    write_likely(project.heads_dir, LikelyClips(1, [happy], np.array([clips]), chances))
    with TestClient(Starlette(routes=routes(project, tokens)), raise_server_exceptions=False) as client:
        yield Page(client, project, tokens.for_session(ann), tokens.for_session(ben), clips)


def numbers(clips: list[dict[str, Any]]) -> list[int]:
    return [clip["clip"] for clip in clips]


def confirmed(clip: dict[str, Any]) -> dict[str, Any]:
    heard = {"grid": "likely happy", "share": 1.0}
    return {"uuid": str(uuid.uuid4()), "ticket": clip["ticket"], "answer": "label", "label": "happy", "heard": heard}


def test_likely_clips_come_most_probable_first_with_all_that_a_player_needs(page: Page) -> None:
    clips = page.grid(likely="happy")
    assert numbers(clips) == page.clips[:4]
    assert [clip["closeness"] for clip in clips] == [0.95, 0.9, 0.85, 0.8]
    assert page.client.get(clips[0]["audio"]).status_code == 200
    assert page.client.get(clips[0]["picture"]).status_code == 200
    assert clips[0]["suggested"] is None


def test_a_label_that_is_not_listed_shows_nothing(page: Page) -> None:
    assert page.grid(likely="sad") == []


def test_clips_that_are_named_come_in_that_order_unless_somebody_has_answered_them(page: Page) -> None:
    first, second, third = page.clips[8], page.clips[2], page.clips[5]
    answer(page.project, second, "happy", annotator="Ben")
    clips = page.grid(among=[first, second, 10**12, third])
    assert numbers(clips) == [first, third]
    assert [clip["closeness"] for clip in clips] == [None, None]
    assert page.ask(among=[first], likely="happy").status_code == 400


def test_only_a_lead_names_the_clips_of_a_grid(page: Page) -> None:
    """Others could find out which of their clips have a known answer, and so are gold checks."""
    with page.project.write() as session:
        give_role(session, annotator_id=annotator_named(session, "Ben").id, role=Role.LEAD, by=None)
    assert page.ask(among=page.clips[:1]).status_code == 403
    assert page.ask(like=page.clips[0]).status_code == 200
    lead = page.client.post("/earmark/api/grid", json={"session": page.other, "want": 4, "among": page.clips[:1]})
    assert [clip["clip"] for clip in lead.json()["clips"]] == page.clips[:1]


def test_clips_like_a_clip_do_not_include_it(page: Page) -> None:
    found = page.grid(like=page.clips[4], want=3)
    assert {truth(clip) for clip in numbers(found)} == {truth(page.clips[4])}
    assert page.clips[4] not in numbers(found)


def test_confirming_many_stores_decisions_of_the_grids_own_source(page: Page) -> None:
    answers = [confirmed(clip) for clip in page.grid(likely="happy")[:3]]
    assert page.send(*answers) == ["saved"] * 3
    assert page.send(*answers) == ["saved"] * 3, "sent again is stored once"
    rows = page.standing()
    assert [(row.clip_id, row.source) for row in rows] == [(clip, Source.GRID) for clip in page.clips[:3]]
    assert rows[0].circumstances == {"grid": "likely happy", "share": 1.0}
    undone = [{"uuid": str(uuid.uuid4()), "ticket": sent["ticket"], "answer": "undo", "undoes": sent["uuid"]} for sent in answers]
    assert page.send(*undone) == ["saved"] * 3
    assert page.standing() == []
    assert numbers(page.grid(likely="happy")) == page.clips[:4], "what was taken back comes again, in its place"


def test_a_grid_saved_late_replaces_no_blind_answer(page: Page) -> None:
    late, other = page.grid(likely="happy")[:2]
    answer(page.project, late["clip"], "sad", annotator="Ann", source=Source.RANDOM)
    assert page.send(confirmed(late), confirmed(other)) == ["saved"] * 2, "acknowledged, or the browser would go on sending it"
    found = [(row.clip_id, row.source) for row in page.standing()]
    assert found == [(late["clip"], Source.RANDOM), (other["clip"], Source.GRID)]


def test_what_was_rejected_or_answered_is_not_shown_again(page: Page) -> None:
    first = page.grid(likely="happy")
    page.send(confirmed(first[0]))
    assert numbers(page.grid(likely="happy", leave_out=[first[1]["clip"]])) == page.clips[2:6]


def test_two_grids_never_hold_the_same_clip_until_a_visitor_leaves(page: Page) -> None:
    mine = page.grid(likely="happy")
    assert numbers(page.grid(session=page.other, likely="happy")) == page.clips[4:8]
    leases = [clip["lease"] for clip in mine]
    page.client.post("/earmark/api/next", json={"session": page.session, "want": 0, "release": leases})
    assert numbers(page.grid(session=page.other, likely="happy")) == page.clips[:4]


@pytest.mark.parametrize(
    ("question", "complaint"),
    [
        ({}, "a grid is of one label or of one clip"),
        ({"likely": "happy", "like": 1}, "a grid is of one label or of one clip"),
        ({"likely": "bored"}, "'bored' is not in the label set"),
        ({"like": 10**9}, "There is no clip 1000000000"),
        ({"like": 2**62}, "There is no clip 4611686018427387904"),
        ({"likely": "happy", "want": 500}, "want cannot be used"),
        ({"likely": "happy", "session": "forged"}, "This server did not make this token"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_in_a_sentence(page: Page, question: dict[str, Any], complaint: str) -> None:
    reply = page.ask(**question)
    assert reply.status_code in (400, 403)
    assert complaint in reply.json()["error"]
