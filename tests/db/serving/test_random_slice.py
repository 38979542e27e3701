"""What the random slice waits for."""

from __future__ import annotations

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.models import Clip, Source
from db.project import OpenProject
from db.records.features import ensure_feature_set
from db.records.labels import active_labels
from db.records.lease_clock import lease_time
from db.records.people.annotators import annotator_named
from db.serving.leases import lease_next
from db.serving.random_slice import (
    KNOWN_FROM,
    Waiting,
    blind_answers,
    known_from,
    project_uuid,
    slice_answers,
    slice_clip_ids,
    what_is_waited_for,
)
from tests.filled_projects import add_clips, answer
from tests.owed_clips import owed_clips


def waiting(project: OpenProject) -> Waiting:
    with project.read() as session:
        found = what_is_waited_for(session)
    assert found is not None
    return found


def in_key_order(project: OpenProject, count: int) -> list[int]:
    add_clips(project, count)
    with project.read() as session:
        return owed_clips(session, count)


def test_a_random_clip_that_stays_open_elsewhere_holds_up_the_answers_behind_it(any_project: OpenProject) -> None:
    """Seen: the accuracy stuck on 9 clips while 17 random answers were given."""
    clips = in_key_order(any_project, 40)
    for clip in clips[:9]:
        answer(any_project, clip, source=Source.RANDOM)
    with any_project.write() as session:
        who = annotator_named(session, "ben").id
        (held,) = lease_next(session, annotator_id=who, limit=1, random_share=1.0, lease_seconds=600)
    assert held.clip_id == clips[9]
    for clip in clips[10:27]:
        answer(any_project, clip, source=Source.RANDOM)
    found = waiting(any_project)
    assert [clip.clip_id for clip in found.clips] == [clips[9]]
    assert (found.clips[0].held_by, found.answered_behind) == ("ben", 17)
    assert found.clips[0].until is not None
    assert 500 < found.clips[0].until - lease_time() <= 600
    answer(any_project, clips[9], annotator="ben", source=Source.RANDOM)
    found = waiting(any_project)
    assert ([clip.clip_id for clip in found.clips], found.clips[0].held_by, found.answered_behind) == ([clips[27]], None, 0)


def test_several_people_may_hold_it_up(project: OpenProject) -> None:
    clips = in_key_order(project, 12)
    for annotator in ("ann", "ben"):
        with project.write() as session:
            who = annotator_named(session, annotator).id
            lease_next(session, annotator_id=who, limit=1, random_share=1.0, lease_seconds=600)
    answer(project, clips[2], source=Source.RANDOM)
    answer(project, clips[5])
    found = waiting(project)
    assert [(clip.clip_id, clip.held_by) for clip in found.clips] == [(clips[0], "ann"), (clips[1], "ben")]
    assert found.answered_behind == 1, "what lies behind the next clip to be served waits for nobody"


def test_an_open_clip_that_nobody_holds_is_served_next(project: OpenProject) -> None:
    clips = in_key_order(project, 6)
    answer(project, clips[1])
    answer(project, clips[2], suggestion_shown=True)
    found = waiting(project)
    assert ([clip.clip_id for clip in found.clips], found.answered_behind) == ([clips[0]], 1)


def test_where_every_clip_has_an_answer_nothing_is_waited_for(project: OpenProject) -> None:
    for clip in in_key_order(project, 3):
        answer(project, clip)
    with project.read() as session:
        assert what_is_waited_for(session) is None


def test_clips_that_the_encoder_may_know_are_not_waited_for(project: OpenProject) -> None:
    clips = in_key_order(project, 12)
    with project.write() as session:
        known = known_from(session.get_one(Clip, clips[4]).slice_key, of_project=project_uuid(session))
        ensure_feature_set(session, fingerprint="0" * 64, encoder="tuned", dim=2, settings={KNOWN_FROM: known})
    answer(project, clips[7], source=Source.RANDOM)
    assert [clip.clip_id for clip in waiting(project).clips] == clips[:1]
    assert waiting(project).answered_behind == 0
    for clip in clips[:4]:
        answer(project, clip, source=Source.RANDOM)
    with project.read() as session:
        assert slice_clip_ids(session, answered=blind_answers(live_decisions(session))) == clips[:4]
        assert what_is_waited_for(session) is None


def test_what_is_waited_for_is_what_ends_the_slice(project: OpenProject) -> None:
    clips = in_key_order(project, 10)
    for clip in clips[:4]:
        answer(project, clip)
    with project.read() as session:
        from db.decisions.log import live_decisions

        in_slice = slice_clip_ids(session, answered=blind_answers(live_decisions(session)))
    assert waiting(project).clips[0].clip_id == clips[len(in_slice)]


def test_an_answer_that_a_lead_asked_for_changes_no_label_of_the_slice(any_project: OpenProject) -> None:
    """Leads ask where the classifier contradicts a label; it must not look better for that."""
    clips = in_key_order(any_project, 3)
    answer(any_project, clips[0], "sad", annotator="ann", source=Source.RANDOM)
    answer(any_project, clips[0], "angry", annotator="ben", source=Source.ASKED_AGAIN)
    answer(any_project, clips[1], "happy", annotator="ann", source=Source.RANDOM)
    answer(any_project, clips[1], "sad", annotator="ann", source=Source.ASKED_AGAIN)
    with any_project.read() as session:
        live = live_decisions(session)
        names = {label.id: label.name for label in active_labels(session)}
        in_slice = slice_clip_ids(session, answered=blind_answers(live))
    labels = {clip: names[label] for clip, label in consensus_labels(slice_answers(live)).items()}
    assert labels == {clips[0]: "sad", clips[1]: "sad"}, "one's own answer that was given anew is the only one that is left"
    assert in_slice == clips[:2]
    assert names[consensus_labels(live)[clips[0]]] == "angry", "the classifier learns from it all the same"
