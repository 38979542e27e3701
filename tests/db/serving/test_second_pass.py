"""The second pass: a set share of what is served has a label already, and is asked again, blind."""

from __future__ import annotations

import time

import pytest

from db.decisions.log import live_decisions
from db.models import Answer, Lease, Source
from db.project import OpenProject
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from db.records.runs import record_evaluation, record_run, record_suspects
from db.reports import DoubtedLabel, RunReport
from db.serving import second_pass
from db.serving.leases import LeasedClip, lease_next, release_leases
from db.serving.second_pass import REMEMBERED_SECONDS, relabels, relabels_so_far
from tests.db.serving.test_upcoming import rank
from tests.filled_projects import add_clips, answer, answer_leased, second_pass_of_an_older_version
from tests.owed_clips import owed_clips


def lease(project: OpenProject, *, annotator: str = "ben", limit: int = 10, share: float = 0.3) -> list[LeasedClip]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=60, relabel_share=share)


def wanted(project: OpenProject, *, annotator: str = "ben", later: float = 0.0) -> list[int]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return [clip for clip, _ in relabels(session, annotator_id=who, now=time.time() + later)]


def doubt(project: OpenProject, clips: list[int]) -> None:
    """Note these clips, labelled angry, as doubted by the newest run."""
    with project.write() as session:
        angry = label_by_name(session, "angry").id
        run = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.0)
        scores = dict.fromkeys(("ua", "ua_low", "ua_high", "wa"))
        record_evaluation(session, run, **scores, slice_clips=0, speakers=0, report=RunReport(), points=[])
        record_suspects(session, run, [DoubtedLabel(clip=clip, label=angry) for clip in clips])


@pytest.mark.parametrize("older_version", [False, True])
def test_a_set_share_is_asked_again_without_taking_from_the_random_share(any_project: OpenProject, older_version: bool) -> None:
    clips = add_clips(any_project, 60)
    rank(any_project, clips[10:])
    for clip in clips[:10]:
        answer(any_project, clip)
    sources = []
    for _ in range(20):
        (served,) = lease(any_project, limit=1, share=0.25)
        sources.append(served.source)
        if served.source == Source.SECOND_PASS:
            assert served.clip_id in clips[:10]
        if served.source == Source.SECOND_PASS and older_version:
            second_pass_of_an_older_version(any_project, served.lease_id, "sad")
        else:
            assert answer_leased(any_project, served.lease_id, "sad").source == served.source
    assert sources.count(Source.SECOND_PASS) == 5, "what was answered before is not made up for"
    assert sources.count(Source.RANDOM) == 6, "a fifth of all thirty answers"


@pytest.mark.parametrize("stored", [Source.SECOND_PASS, Source.REVIEW])
def test_what_is_out_for_the_second_pass_counts_whichever_version_leased_it(any_project: OpenProject, stored: Source) -> None:
    clips = add_clips(any_project, 30)
    for clip in clips[:10]:
        answer(any_project, clip)
    (first,) = [clip for clip in lease(any_project, limit=4, share=0.25) if clip.source == Source.SECOND_PASS]
    with any_project.write() as session:
        session.get_one(Lease, first.lease_id).source = stored
        assert relabels_so_far(session, time.time()) == (1, 4)


def test_by_default_nothing_is_asked_again(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 6)
    for clip in clips:
        answer(any_project, clip)
    assert lease(any_project, share=0.0) == []


def test_the_oldest_labels_come_first_whatever_the_classifier_makes_of_them(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 8)
    for clip in reversed(clips[:5]):
        answer(any_project, clip)
    doubt(any_project, [clips[2], clips[7]])
    assert list(dict.fromkeys(wanted(any_project))) == clips[4::-1]


def test_nobody_is_asked_again_what_they_just_had(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 3)
    for clip in clips:
        answer(any_project, clip, annotator="ben")
    assert wanted(any_project, annotator="ben") == []
    assert wanted(any_project, annotator="ben", later=REMEMBERED_SECONDS + 60) == clips
    first = lease(any_project, annotator="ann", limit=1, share=0.5)
    with any_project.write() as session:
        release_leases(session, annotator_id=annotator_named(session, "ann").id)
    assert first[0].clip_id not in wanted(any_project, annotator="ann"), "handed back unanswered, it is for others"
    assert first[0].clip_id in wanted(any_project, annotator="cleo")


def test_what_is_owed_settled_or_no_label_is_left_alone(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 9)
    answer(any_project, clips[0], source=Source.GRID)
    answer(any_project, clips[1], suggestion_shown=True)
    answer(any_project, clips[2], gold=True)
    answer(any_project, clips[3], source=Source.REVIEW)
    answer(any_project, clips[4], kind=Answer.SKIP)
    answer(any_project, clips[5])
    answer(any_project, clips[6], source=Source.SECOND_PASS)
    with any_project.write() as session:
        who = annotator_named(session, "cleo").id
        others = [clip for clip in clips if clip != clips[7]]
        (leased,) = lease_next(session, annotator_id=who, limit=1, random_share=0.2, lease_seconds=60, exclude=others)
    second_pass_of_an_older_version(any_project, leased.lease_id)
    assert wanted(any_project) == [clips[5]]


@pytest.mark.parametrize("source", [Source.SECOND_PASS, Source.REVIEW])
def test_a_relabel_by_the_same_annotator_replaces_theirs_and_leaves_the_slice_as_it_was(
    any_project: OpenProject, source: Source
) -> None:
    add_clips(any_project, 4)
    with any_project.read() as session:
        first = owed_clips(session, 1)[0]
    answer(any_project, first, "happy", source=Source.RANDOM)
    answer(any_project, first, "sad", source=source)
    with any_project.read() as session:
        (row,) = live_decisions(session)
        assert (row.source, row.queued_as) == (source, Source.RANDOM)
        assert first not in owed_clips(session, 4)


def test_no_call_looks_at_the_whole_log_and_every_label_has_its_turn(
    any_project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_pass, "LOOKED_AT", 4)
    clips = add_clips(any_project, 24)
    for clip in clips[:20]:
        answer(any_project, clip, annotator="ben")
    for clip in clips[20:]:
        answer(any_project, clip, annotator="ann")
    assert 4 <= len(wanted(any_project, annotator="cleo")) <= 8
    found: set[int] = set()
    for _ in range(200):
        found.update(wanted(any_project, annotator="ben"))
    assert found == set(clips[20:])
