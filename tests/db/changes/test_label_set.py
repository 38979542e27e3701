"""Labels after the start: what becomes of them, of their answers, and of answers that still carry an older name."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from db.changes.label_set import add_label, merge_label, rename_label, restore_label, retire_label
from db.decisions.consensus import consensus_labels
from db.decisions.log import decision_counts, live_decisions
from db.decisions.review import clips_to_review, own_answers
from db.errors import LabelError
from db.models import Answer, Label, LabelChange, LabelChangeKind, Source
from db.project import OpenProject
from db.records.label_history import effective_label, labels_as_of
from db.records.labels import active_labels, answer_names, by_present_name, label_by_name
from db.records.people.annotators import annotator_named
from db.records.runs import record_run
from db.serving.random_slice import blind_answers, slice_clip_ids
from db.serving.ranked_queue import QueueItem, publish_queue, queue_length
from db.serving.upcoming import upcoming
from db.status import project_status
from tests.filled_projects import add_clips, answer, undo


def changed(project: OpenProject, change: Callable[..., Label], *names: str, **options: str) -> None:
    with project.write() as session:
        change(session, *names, **options)


def consensus(project: OpenProject) -> dict[int, str]:
    """Name of the label by clip."""
    with project.read() as session:
        names = {label.id: label.name for label in session.scalars(select(Label))}
        return {clip: names[label] for clip, label in consensus_labels(live_decisions(session)).items()}


def offered(project: OpenProject) -> list[str]:
    with project.read() as session:
        return [label.name for label in active_labels(session)]


def then(project: OpenProject, moment: float | None = None) -> dict[str, str]:
    """By label: what its answers counted as, or "nothing"."""
    with project.read() as session:
        labels = labels_as_of(session, moment)
    names = {label.id: label.name for label in labels}
    return {names[label]: "nothing" if counts is None else names[counts] for label, counts in effective_label(labels).items()}


def test_an_added_label_is_offered_last_and_taken(any_project: OpenProject) -> None:
    clip = add_clips(any_project, 1)[0]
    changed(any_project, add_label, " bored ", by="Lee")
    assert offered(any_project) == ["angry", "happy", "sad", "bored"]
    answer(any_project, clip, "bored")
    assert consensus(any_project) == {clip: "bored"}
    with any_project.read() as session:
        (change,) = session.scalars(select(LabelChange))
        assert (change.kind, change.name_after, change.changed_by) == (LabelChangeKind.ADD, "bored", "Lee")


def test_a_renamed_label_keeps_its_answers_and_the_old_name_is_understood(any_project: OpenProject) -> None:
    before, after = add_clips(any_project, 2)
    answer(any_project, before, "angry")
    changed(any_project, rename_label, "angry", "furious")
    answer(any_project, after, "angry")
    assert consensus(any_project) == {before: "furious", after: "furious"}
    with any_project.read() as session:
        assert label_by_name(session, "angry").name == "furious"
        assert by_present_name(session, {"angry": "a", "unknown": "u"}) == {"furious": "a", "unknown": "u"}


def test_the_answers_of_a_merged_label_count_as_those_of_the_other(any_project: OpenProject) -> None:
    first, second, third = add_clips(any_project, 3)
    answer(any_project, first, "angry", annotator="a")
    answer(any_project, first, "sad", annotator="b")
    answer(any_project, second, "sad")
    with any_project.read() as session:
        assert [clip.clip_id for clip in clips_to_review(session)] == [first], "the two labels differ"
    changed(any_project, merge_label, "sad", into="angry")
    answer(any_project, third, "sad")
    assert consensus(any_project) == {first: "angry", second: "angry", third: "angry"}
    assert offered(any_project) == ["angry", "happy"]
    with any_project.read() as session:
        assert clips_to_review(session) == [], "they are one label now"
        mine = own_answers(session, annotator_id=annotator_named(session, "ann").id)
        assert [clip.answers[0].answer for clip in mine] == ["angry", "angry"]
        assert project_status(session)["per_label"] == {"angry": 3, "happy": 0}


def test_what_was_merged_before_is_merged_along_and_comes_back_along(any_project: OpenProject) -> None:
    clip = add_clips(any_project, 1)[0]
    answer(any_project, clip, "sad")
    changed(any_project, merge_label, "sad", into="happy")
    changed(any_project, merge_label, "happy", into="angry")
    assert then(any_project) == {"angry": "angry", "happy": "angry", "sad": "angry"}
    changed(any_project, restore_label, "happy")
    assert then(any_project) == {"angry": "angry", "happy": "happy", "sad": "happy"}
    changed(any_project, restore_label, "sad")
    assert consensus(any_project) == {clip: "sad"}


def test_a_label_merged_on_its_own_does_not_come_back_with_another(any_project: OpenProject) -> None:
    changed(any_project, merge_label, "sad", into="angry")
    changed(any_project, merge_label, "happy", into="angry")
    changed(any_project, restore_label, "happy")
    assert then(any_project) == {"angry": "angry", "happy": "happy", "sad": "angry"}


def test_the_clips_of_a_retired_label_are_asked_again(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "sad", source=Source.RANDOM)
    with any_project.read() as session:
        assert upcoming(session, limit=9, random_share=0.2) == []
    changed(any_project, retire_label, "sad")
    assert consensus(any_project) == {}
    with any_project.read() as session:
        assert [each.clip_id for each in upcoming(session, limit=9, random_share=0.2)] == [clip]
        assert slice_clip_ids(session, answered=blind_answers(live_decisions(session))) == []
        assert (decision_counts(session), project_status(session)["labeled"]) == (0, 0)
        with pytest.raises(LabelError, match="'sad' is a label that was retired; use one of: angry, happy"):
            label_by_name(session, "sad")
        assert answer_names(session) == {"angry": "angry", "happy": "happy"}
    changed(any_project, restore_label, "sad")
    assert consensus(any_project) == {clip: "sad"}


def test_a_new_answer_supersedes_one_whose_label_was_retired(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "sad")
    changed(any_project, retire_label, "sad")
    answer(any_project, clip, "happy")
    changed(any_project, restore_label, "sad")
    with any_project.read() as session:
        assert decision_counts(session) == 1, "one annotator never has two answers for a clip"
    assert consensus(any_project) == {clip: "happy"}
    assert undo(any_project)
    assert consensus(any_project) == {clip: "sad"}


def test_an_answer_whose_label_was_retired_can_be_taken_back(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "sad")
    changed(any_project, retire_label, "sad")
    assert undo(any_project)
    changed(any_project, restore_label, "sad")
    assert consensus(any_project) == {}


def test_gold_of_a_retired_label_does_not_silence_the_other_answers(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "happy", annotator="a")
    answer(any_project, clip, "sad", annotator="lead", gold=True, source=Source.REVIEW)
    changed(any_project, retire_label, "sad")
    assert consensus(any_project) == {clip: "happy"}


def test_what_was_merged_into_a_label_is_retired_with_it(any_project: OpenProject) -> None:
    (clip,) = add_clips(any_project, 1)
    answer(any_project, clip, "sad")
    changed(any_project, merge_label, "sad", into="angry")
    changed(any_project, retire_label, "angry")
    assert then(any_project) == {"angry": "nothing", "happy": "happy", "sad": "nothing"}
    assert consensus(any_project) == {}
    changed(any_project, restore_label, "angry")
    assert consensus(any_project) == {clip: "angry"}


def test_the_label_set_of_any_time_can_be_read(any_project: OpenProject) -> None:
    moments = [time.time()]
    for change, names, options in (
        (add_label, ["bored"], {}),
        (rename_label, ["bored", "dull"], {}),
        (merge_label, ["dull"], {"into": "sad"}),
        (retire_label, ["sad"], {}),
        (restore_label, ["dull"], {}),
    ):
        changed(any_project, change, *names, **options)
        moments.append(time.time())
    own = {"angry": "angry", "happy": "happy", "sad": "sad"}
    assert [then(any_project, moment) for moment in moments] == [
        own,
        {**own, "bored": "bored"},
        {**own, "dull": "dull"},
        {**own, "dull": "sad"},
        {**own, "sad": "nothing", "dull": "nothing"},
        {**own, "sad": "nothing", "dull": "dull"},
    ]
    assert then(any_project) == then(any_project, moments[-1])


def test_the_queue_expects_nothing_of_a_label_that_is_not_offered(any_project: OpenProject) -> None:
    first, second = add_clips(any_project, 2)
    with any_project.write() as session:
        sad, happy = label_by_name(session, "sad").id, label_by_name(session, "happy").id
        run_id = record_run(session, feature_set_id=None, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.1)
        entries = [QueueItem(clip, Source.UNCERTAIN, 0.5, label) for clip, label in ((first, sad), (second, happy))]
        publish_queue(session, run_id=run_id, entries=entries)
    changed(any_project, merge_label, "sad", into="angry")
    changed(any_project, retire_label, "happy")
    with any_project.read() as session:
        served = upcoming(session, limit=9, random_share=0.0)
        assert {each.clip_id: each.predicted for each in served} == {first: "angry", second: None}
        assert queue_length(session) == 2


@pytest.mark.parametrize(
    ("change", "names", "options", "why"),
    [
        (add_label, ["sad"], {}, "There is a label 'sad' already; choose another name"),
        (add_label, ["gone"], {}, "There is a label 'gone' already, which is not in use; restore it"),
        (add_label, ["old"], {}, "'old' was the name of another label"),
        (add_label, [" "], {}, "cannot be a label"),
        (rename_label, ["sad", "angry"], {}, "There is a label 'angry' already"),
        (rename_label, ["sad", "old"], {}, "'old' was the name of another label"),
        (rename_label, ["nobody", "x"], {}, "There is no label 'nobody'; use one of: angry, happy, sad, gone, new"),
        (merge_label, ["sad"], {"into": "sad"}, "cannot be merged into itself"),
        (merge_label, ["gone"], {"into": "sad"}, "'gone' is not in use; restore it first"),
        (merge_label, ["sad"], {"into": "gone"}, "'gone' is not in use; restore it first"),
        (retire_label, ["gone"], {}, "'gone' is not in use"),
        (restore_label, ["sad"], {}, "'sad' is in use"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    project: OpenProject, change: Callable[..., Label], names: list[str], options: dict[str, str], why: str
) -> None:
    changed(project, add_label, "gone")
    changed(project, retire_label, "gone")
    changed(project, add_label, "old")
    changed(project, rename_label, "old", "new")
    with project.write() as session, pytest.raises(LabelError, match=why):
        change(session, *names, **options)
    assert offered(project) == ["angry", "happy", "sad", "new"]


def test_the_last_label_stays_and_a_label_may_take_back_its_own_name(any_project: OpenProject) -> None:
    changed(any_project, rename_label, "angry", "furious")
    changed(any_project, rename_label, "furious", "angry")
    changed(any_project, retire_label, "happy")
    changed(any_project, retire_label, "sad")
    with any_project.write() as session, pytest.raises(LabelError, match="'angry' is the last label in use; add another one"):
        retire_label(session, "angry")
    assert offered(any_project) == ["angry"]


@pytest.mark.parametrize("statement", ["UPDATE label_change SET name_after = 'x'", "DELETE FROM label_change"])
def test_the_database_itself_refuses_to_change_the_history(any_project: OpenProject, statement: str) -> None:
    changed(any_project, add_label, "bored")
    with pytest.raises(DBAPIError, match="append-only"), any_project.write() as session:
        session.execute(text(statement))


def test_other_answers_than_labels_stay_what_they_are(any_project: OpenProject) -> None:
    unsure, skipped = add_clips(any_project, 2)
    answer(any_project, unsure, kind=Answer.UNSURE)
    answer(any_project, skipped, kind=Answer.SKIP)
    changed(any_project, retire_label, "sad")
    with any_project.read() as session:
        assert [decision.label_id for decision in live_decisions(session)] == [None, None]
