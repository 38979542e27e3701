"""What is served next: distinct clips, the random share, and the slice that it fills."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

import pytest
from sqlalchemy import event

from db.decisions.log import live_decisions
from db.models import Answer, Source
from db.project import OpenProject
from db.records.people.annotators import annotator_named
from db.records.runs import record_run
from db.serving.leases import LeasedClip, lease_next, release_leases, renew_leases
from db.serving.random_slice import blind_answers, slice_clip_ids
from db.serving.ranked_queue import QueueItem, publish_queue, queue_length
from db.serving.second_pass import REMEMBERED_SECONDS
from db.serving.upcoming import OWN_ORDER_BLOCK, upcoming
from tests.filled_projects import add_clips, answer
from tests.owed_clips import owed_clips


def rank(project: OpenProject, clips: list[int]) -> None:
    """Publish a queue in this order."""
    with project.write() as session:
        run = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.0)
        publish_queue(session, run_id=run, entries=[QueueItem(clip, Source.UNCERTAIN, 0.5, None) for clip in clips])


def lease(
    project: OpenProject, *, annotator: str = "ann", limit: int = 5, seconds: float = 60, overlap: float = 0.0
) -> list[LeasedClip]:
    with project.write() as session:
        who = annotator_named(session, annotator).id
        return lease_next(session, annotator_id=who, limit=limit, random_share=0.2, lease_seconds=seconds, overlap_share=overlap)


def slice_now(project: OpenProject) -> list[int]:
    with project.read() as session:
        return slice_clip_ids(session, answered=blind_answers(live_decisions(session)))


def keys_in_order(project: OpenProject) -> list[int]:
    with project.read() as session:
        return owed_clips(session, 10_000)


def test_a_fifth_of_what_is_served_is_random_and_the_rest_follows_the_ranking(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 60)
    owed = keys_in_order(any_project)
    ranking = [clip for clip in clips if clip not in owed[:10]]
    rank(any_project, ranking)
    with any_project.read() as session:
        served = upcoming(session, limit=20, random_share=0.2)
    assert [clip.clip_id for clip in served if clip.source == Source.RANDOM] == owed[:4]
    assert [clip.clip_id for clip in served if clip.source == Source.UNCERTAIN] == ranking[:16]
    assert len({clip.clip_id for clip in served}) == 20


def test_the_share_steers_itself_over_many_small_leases(any_project: OpenProject) -> None:
    rank(any_project, add_clips(any_project, 60))
    sources = []
    for _ in range(25):
        for clip in lease(any_project, limit=2):
            sources.append(clip.source)
            answer(any_project, clip.clip_id, source=clip.source)
    assert sources.count(Source.RANDOM) == 10


def test_before_any_ranking_everything_is_served_in_key_order(project: OpenProject) -> None:
    add_clips(project, 8)
    with project.read() as session:
        assert [clip.clip_id for clip in upcoming(session, limit=8, random_share=0.2)] == owed_clips(session, 8)


def test_nothing_answered_or_leased_is_served_again(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 12)
    rank(any_project, clips)
    seen = [clip.clip_id for clip in lease(any_project, annotator="a")] + [
        clip.clip_id for clip in lease(any_project, annotator="b")
    ]
    assert len(set(seen)) == 10
    for clip in seen:
        answer(any_project, clip, kind=Answer.SKIP)
    rest = {clip.clip_id for clip in lease(any_project, limit=9)}
    assert rest == set(clips) - set(seen)
    assert lease(any_project) == []


def test_a_lease_that_ran_out_or_was_handed_back_is_served_again(any_project: OpenProject) -> None:
    add_clips(any_project, 2)
    first = lease(any_project, limit=1, seconds=-1)
    assert lease(any_project, annotator="other", limit=1)[0].clip_id == first[0].clip_id
    with any_project.write() as session:
        release_leases(session, annotator_id=annotator_named(session, "other").id)
    assert len(lease(any_project, limit=5)) == 2


def test_renewing_prolongs_only_ones_own_open_leases(any_project: OpenProject) -> None:
    add_clips(any_project, 2)
    mine, theirs = lease(any_project, annotator="me", limit=1)[0], lease(any_project, annotator="them", limit=1, seconds=-1)[0]
    with any_project.write() as session:
        who = annotator_named(session, "me").id
        renew_leases(session, annotator_id=who, lease_ids=[mine.lease_id, theirs.lease_id], lease_seconds=900)
    assert [clip.clip_id for clip in lease(any_project, annotator="third")] == [theirs.clip_id]


def test_annotators_at_the_same_time_never_get_the_same_clip(any_project: OpenProject) -> None:
    rank(any_project, add_clips(any_project, 80))
    got: list[int] = []

    def annotate(name: str) -> None:
        for _ in range(5):
            got.extend(clip.clip_id for clip in lease(any_project, annotator=name, limit=2))

    threads = [threading.Thread(target=annotate, args=(f"annotator {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 40 == len(set(got))


def test_the_slice_is_the_answered_prefix_whatever_answered_it(any_project: OpenProject) -> None:
    add_clips(any_project, 10)
    keys = keys_in_order(any_project)
    answer(any_project, keys[0], source=Source.RANDOM)
    answer(any_project, keys[2], source=Source.UNCERTAIN)
    assert slice_now(any_project) == keys[:1]
    answer(any_project, keys[1], kind=Answer.UNSURE, source=Source.RANDOM)
    assert slice_now(any_project) == keys[:3], "the label given for another reason counts once the prefix reaches it"


def test_a_label_given_with_a_suggestion_leaves_its_clip_owed(any_project: OpenProject) -> None:
    add_clips(any_project, 3)
    keys = keys_in_order(any_project)
    answer(any_project, keys[0], suggestion_shown=True)
    assert slice_now(any_project) == []
    with any_project.read() as session:
        assert owed_clips(session, 1) == [keys[0]]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 1.0])
def test_the_share_can_be_set(project: OpenProject, share: float) -> None:
    clips = add_clips(project, 300)
    owed = keys_in_order(project)
    rank(project, [clip for clip in clips if clip not in owed[:100]])
    with project.read() as session:
        served = upcoming(session, limit=100, random_share=share)
    assert sum(clip.source == Source.RANDOM for clip in served) == round(100 * share)


def test_the_queue_counts_what_is_still_to_answer(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 5)
    rank(any_project, clips)
    answer(any_project, clips[0])
    with any_project.read() as session:
        assert queue_length(session) == 4


def test_labels_made_elsewhere_are_not_made_up_for_by_a_row_of_random_clips(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 60)
    owed = keys_in_order(any_project)
    rank(any_project, [clip for clip in clips if clip not in owed[:10]])
    for clip in owed[20:50]:
        answer(any_project, clip, source=Source.SCRIPTED)
    with any_project.read() as session:
        served = upcoming(session, limit=10, random_share=0.2)
    assert sum(clip.source == Source.RANDOM for clip in served) == 2


def test_the_ranked_queue_is_read_without_looking_at_every_clip(project: OpenProject) -> None:
    rank(project, add_clips(project, 5))
    asked: list[str] = []
    with project.read() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *said: asked.append(said[2]))
        upcoming(session, limit=2, random_share=0.2)
        ranked = next(statement for statement in asked if "FROM queue_entry JOIN clip" in statement)
        plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + ranked, (0,) * ranked.count("?")).all()
    assert "queue_entry" in plan[0][3], "the short table leads"


def test_a_set_share_is_what_one_other_person_has_answered(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 60)
    rank(any_project, clips)
    keys = keys_in_order(any_project)
    for clip in keys[:6]:
        answer(any_project, clip, annotator="bob", source=Source.RANDOM)
    answer(any_project, keys[0], annotator="eve", source=Source.OVERLAP)
    answer(any_project, keys[6], annotator="ann")
    answer(any_project, keys[7], annotator="script", source=Source.SCRIPTED)

    served = lease(any_project, annotator="ann", limit=12, overlap=0.25)
    again = [clip.clip_id for clip in served if clip.source == Source.OVERLAP]
    assert again == keys[1:5], (
        "a quarter of 8 answered + 12 leased, less eve's; each answered by one other person, in slice order"
    )
    assert not {clip.clip_id for clip in served if clip.source != Source.OVERLAP} & set(keys[:7])
    assert not [clip for clip in lease(any_project, annotator="bob", overlap=0.5) if clip.clip_id in keys[:6]]
    with any_project.read() as session:
        assert Source.OVERLAP not in {clip.source for clip in upcoming(session, limit=20, random_share=0.2, overlap_share=0.5)}


def test_side_by_side_each_has_an_order_of_their_own_near_the_top_of_the_queue(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 60)
    rank(any_project, clips)
    with any_project.read() as session:
        alone = [clip.clip_id for clip in upcoming(session, limit=8, random_share=0.01, annotator_id=1)]
    assert alone[1:] == [clip for clip in clips if clip != alone[0]][:7], "nobody else is here: the queue's own order"
    lease(any_project, annotator="somebody", limit=1)
    with any_project.read() as session:
        orders = [
            [clip.clip_id for clip in upcoming(session, limit=8, random_share=0.01, annotator_id=who)] for who in (101, 102)
        ]
    assert orders[0] != orders[1]
    for order in orders:
        assert set(order) <= {*clips[: OWN_ORDER_BLOCK + 2], *keys_in_order(any_project)[:2]}


def test_what_somebody_just_answered_with_a_hint_is_asked_blind_of_others_or_later(any_project: OpenProject) -> None:
    add_clips(any_project, 4)
    keys = keys_in_order(any_project)
    answer(any_project, keys[0], source=Source.GRID)
    answer(any_project, keys[1], suggestion_shown=True)

    def served(annotator: str, *, later: float = 0.0, exclude: Collection[int] = ()) -> list[int]:
        with any_project.write() as session:
            who = annotator_named(session, annotator).id
            now = time.time() + later
            return [
                clip.clip_id for clip in upcoming(session, limit=4, random_share=0.5, annotator_id=who, exclude=exclude, now=now)
            ]

    assert served("ann") == keys[2:]
    assert served("ben") == keys
    assert served("ann", later=REMEMBERED_SECONDS + 60) == keys
    assert served("ann", exclude=keys[2:]) == keys[:2], "nothing else is left: better from memory than never"
