"""The section Fine-tuning: whether it is worth it, what the last one gave, and starting one as a lead."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from db.finetuned.document import Accuracy, Finetuned, write_finetuned
from db.models import Role, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.records.people.roles import give_role
from labeler.app.commands.job import JobState
from labeler.app.pages.dashboard.fine_tuning.last import difference_in_words
from labeler.app.pages.dashboard.glance import FINE_TUNING, SECTION
from labeler.app.tuning.jobs import TuningJobs, TuningRequest, tunings_of
from tests.filled_projects import add_clips, answer
from tests.labeler.app.dashboard.reports import record
from tests.labeler.app.dashboard.test_page import opened, texts

__all__ = ["opened"]
FOUND = Finetuned(
    at=1_700_000_000,
    method="v-ft", encoder="<b>mine</b>", frozen_encoder="bundled",
    labels=20, per_label={"angry": 10, "sad": 10},
    last_decision_id=20, slice_clips=12, groups=4, folds=4, runs=1, seconds=95,
    tuned=Accuracy(ua=0.81, ua_low=0.74, ua_high=0.87, wa=0.8), frozen=Accuracy(ua=0.78, ua_low=0.7, ua_high=0.84, wa=0.78),
    difference=0.03, difference_low=-0.01, difference_high=0.07,
)  # fmt: skip


@pytest.fixture
def labelled(project: OpenProject) -> OpenProject:
    """Ten labels of each of two, all of random clips, and a run."""
    for number, clip in enumerate(add_clips(project, 30)[:20]):
        answer(project, clip, ("angry", "sad")[number % 2], source=Source.RANDOM)
    record(project, last_decision=20)
    return project


@pytest.fixture
def section(opened: Callable[[], AppTest]) -> Callable[..., AppTest]:
    """Opens the section."""

    def run(name: str = "Lea") -> AppTest:
        page = opened()
        page.query_params["annotator"] = name
        page.session_state[SECTION] = FINE_TUNING
        page.run()
        assert not page.exception
        return page

    return run


def test_it_says_whether_it_is_worth_it_and_starts_it(
    labelled: OpenProject, section: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TuningRequest] = []
    monkeypatch.setattr(TuningJobs, "start", lambda _jobs, request: asked.append(request))
    page = section()
    assert "Fine-tuning is not worth trying yet: label 'angry' has 10 labelled clips" in texts(page)
    page.selectbox(key="fine-tuning-method").select("tapt").run()
    page.button(key="fine-tuning-start").click().run()
    assert asked == [TuningRequest(method="tapt")]
    assert asked[0].arguments() == ["finetune", "--method=tapt", "--json"]


def test_what_becomes_of_the_network_and_the_way_back(
    labelled: OpenProject, section: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TuningRequest] = []
    monkeypatch.setattr(TuningJobs, "start", lambda _jobs, request: asked.append(request))
    page = section()
    assert all(button.key != "fine-tuning-back" for button in page.button)
    page.selectbox(key="fine-tuning-afterwards").select("classifier").run()
    page.button(key="fine-tuning-start").click().run()
    (labelled.networks_dir / "classifier").mkdir(parents=True)
    page = section()
    assert "A fine-tuned network is what `earmark predict` uses." in texts(page)
    page.button(key="fine-tuning-back").click().run()
    assert [request.arguments()[2:] for request in asked] == [["--adopt=classifier", "--json"], ["--adopt=none", "--json"]]


def test_without_labels_of_two_kinds_it_cannot_be_started(project: OpenProject, section: Callable[..., AppTest]) -> None:
    answer(project, add_clips(project, 3)[0], "sad")
    page = section()
    assert "All labelled clips (1) have the label 'sad'" in texts(page)
    assert page.button(key="fine-tuning-start").disabled


def test_a_result_stands_beside_the_usual_classifier(labelled: OpenProject, section: Callable[..., AppTest]) -> None:
    write_finetuned(labelled.heads_dir, FOUND)
    shown = texts(section())
    assert "**Not shown to be better**: +3.0 points of UA (−1.0 to +7.0)." in shown
    assert "V-FT of <b>mine</b>, beside bundled" in shown
    assert "learned from 20 labelled clips, scored on 12 clips, took about 2 minutes." in shown
    better = FOUND.model_copy(update={"difference": 0.1, "difference_low": 0.02, "difference_high": 0.18})
    assert difference_in_words(better) == "+10.0 points of UA (+2.0 to +18.0)"
    write_finetuned(labelled.heads_dir, better)
    assert "**Better than the usual classifier**" in texts(section())


def test_how_far_it_is_and_what_became_of_it(labelled: OpenProject, section: Callable[..., AppTest]) -> None:
    jobs = tunings_of(labelled.directory)
    job: Any = SimpleNamespace(
        is_running=True,
        is_ending=False,
        state=JobState.RUNNING,
        done=3,
        total=40,
        seconds_left=130.0,
        request=TuningRequest(method="v-ft"),
        error="",
    )
    cancelled: list[bool] = []
    job.cancel = lambda: cancelled.append(True)
    jobs.newest = job
    page = section()
    assert "About 2 minutes left." in texts(page)
    assert all(button.key != "fine-tuning-start" for button in page.button)
    page.button(key="fine-tuning-cancel").click().run()
    assert cancelled == [True]
    job.is_ending = True
    page = section()
    assert "Ending …" in texts(page)
    assert all(not (button.key or "").startswith("fine-tuning") for button in page.button)
    job.is_running, job.state = False, JobState.CANCELLED
    assert "Cancelled. Folds that are finished are kept" in texts(section())
    job.state, job.error = JobState.FAILED, "The project's encoder <i>x</i> cannot be fine-tuned."
    page = section()
    assert [error.value.replace("\\", "") for error in page.error] == [job.error]
    assert not page.button(key="fine-tuning-start").disabled


def test_viewers_see_the_result_and_start_nothing(labelled: OpenProject, section: Callable[..., AppTest]) -> None:
    write_finetuned(labelled.heads_dir, FOUND)
    with labelled.write() as session:
        for name, role in (("Lea", Role.LEAD), ("Vic", Role.VIEWER)):
            give_role(session, annotator_id=annotator_named(session, name).id, role=role, by="Lea")
    page = section("Vic")
    assert "Not shown to be better" in texts(page)
    assert all(not (button.key or "").startswith("fine-tuning") for button in page.button)


def test_a_lead_learns_at_a_glance_when_it_is_worth_it(project: OpenProject, opened: Callable[[], AppTest]) -> None:
    answer(project, add_clips(project, 1)[0])
    counts = [[190, 10], [20, 180]]
    words = "Fine-tuning is worth a try"

    def lines(**report: Any) -> list[str]:
        record(project, confusion={"labels": ["angry", "sad"], "counts": counts}, **report)
        return [button.label.replace("\\", "") for button in opened().button]

    assert words not in lines(examples={"angry": 300, "sad": 24})
    assert words in lines(examples={"angry": 300, "sad": 25})
    write_finetuned(project.heads_dir, FOUND)
    assert words not in lines(examples={"angry": 300, "sad": 25})
