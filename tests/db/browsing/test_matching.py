"""Clips are found by words, by what the answers say, and by columns of the manifest; each in the order that is asked for."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from db.browsing.choice import ClipChoice, Mark, Order
from db.browsing.matching import ClipFinder
from db.browsing.rows import ClipLine, history_of, lines_of
from db.changes.label_set import retire_label
from db.changes.withdrawing import withdraw_clips
from db.decisions.asked_again import ask_again
from db.decisions.flags import append_flag
from db.decisions.review import fix_labels
from db.models import Answer, Clip, ClipState, Comment, Source
from db.project import OpenProject
from db.records.clips import NewClip, register_clip
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from tests.db.serving.test_second_pass import doubt
from tests.filled_projects import add_clips, answer, new_file, undo


def found(project: OpenProject, finder: ClipFinder | None = None, predictions: Any = None, **choice: Any) -> list[int]:
    with project.read() as session:
        return list((finder or ClipFinder()).find(session, ClipChoice(**choice), predictions=predictions).clips)


def lines(project: OpenProject, clips: Sequence[int], predictions: Any = None) -> list[ClipLine]:
    with project.read() as session:
        return lines_of(session, clips, ClipFinder().find(session, ClipChoice(), predictions=predictions).known)


def add_clip(project: OpenProject, name: str, *, end: float = 1.0, **details: Any) -> int:
    with project.write() as session:
        new = NewClip(file=new_file(name), file_name=name, start=0.0, end=end, **details)
        return register_clip(session, new, rng=random.Random(name)).clip_id


def ids(project: OpenProject, *names: str) -> tuple[int, ...]:
    """Of annotators or labels."""
    with project.write() as session:
        return tuple(
            label_by_name(session, name).id if name in ("angry", "happy", "sad") else annotator_named(session, name).id
            for name in names
        )


class Predicted:
    """Predictions as the learner keeps them."""

    def __init__(self, labels: Mapping[int, tuple[int, float]], *, run: int = 1) -> None:
        self._labels, self.run = labels, run

    def of(self, clip_ids: Sequence[int]) -> Mapping[int, tuple[int, float]]:
        return {clip: self._labels[clip] for clip in clip_ids if clip in self._labels}


@pytest.fixture
def clips(any_project: OpenProject) -> list[int]:
    """Ten clips: 0 angry by two, 1 angry against sad, 2 fixed as happy, 3 unsure, 4 skipped, 5 taken back, the rest open."""
    clips = add_clips(any_project, 10)
    answer(any_project, clips[0], "angry")
    answer(any_project, clips[0], "angry", annotator="ben", source=Source.OVERLAP)
    answer(any_project, clips[1], "angry")
    answer(any_project, clips[1], "sad", annotator="ben", source=Source.OVERLAP)
    answer(any_project, clips[2], "sad", annotator="cleo")
    answer(any_project, clips[2], "happy", annotator="lead", source=Source.REVIEW, gold=True)
    answer(any_project, clips[3], kind=Answer.UNSURE)
    answer(any_project, clips[4], kind=Answer.SKIP)
    answer(any_project, clips[5], "sad", annotator="dana")
    undo(any_project, annotator="dana")
    return clips


def test_clips_are_found_by_what_the_answers_say(any_project: OpenProject, clips: list[int]) -> None:
    angry, happy, sad, ann, cleo, dana = ids(any_project, "angry", "happy", "sad", "ann", "cleo", "dana")
    assert found(any_project) == clips
    assert found(any_project, label=angry) == [clips[0]]
    assert found(any_project, label=sad) == [clips[1]], "in a tie the newest label counts"
    assert found(any_project, label=happy) == [clips[2]]
    marked = {mark: found(any_project, marks=frozenset({mark})) for mark in Mark}
    assert marked[Mark.UNANSWERED] == clips[5:]
    assert marked[Mark.NO_LABEL] == clips[3:]
    assert marked[Mark.LABELLED] == clips[:3]
    assert marked[Mark.DIFFER] == [clips[1]], "a label that is fixed settles it"
    assert marked[Mark.GOLD] == [clips[2]]
    assert marked[Mark.UNSURE] == [clips[3]]
    assert marked[Mark.SKIPPED] == [clips[4]]
    assert not any(marked[mark] for mark in (Mark.FLAGGED, Mark.COMMENTED, Mark.DOUBTED, Mark.ASKED_AGAIN))
    assert found(any_project, annotator=ann) == [*clips[:2], *clips[3:5]]
    assert found(any_project, annotator=cleo, label=happy) == [clips[2]]
    assert found(any_project, annotator=dana) == [], "the answer was taken back"
    assert found(any_project, source=Source.OVERLAP) == clips[:2]
    assert found(any_project, source=Source.REVIEW) == [clips[2]]


def test_flags_comments_wishes_and_doubts_are_found_while_they_are_open(any_project: OpenProject, clips: list[int]) -> None:
    def marked(mark: Mark) -> list[int]:
        return found(any_project, marks=frozenset({mark}))

    (ann,) = ids(any_project, "ann")
    with any_project.write() as session:
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clips[6], annotator_id=ann, note="a door slams")
        append_flag(session, uuid=str(uuid.uuid4()), clip_id=clips[0], annotator_id=ann, note="")
        for clip, settled in ((clips[7], False), (clips[8], False), (clips[8], True)):
            session.add(
                Comment(
                    uuid=str(uuid.uuid4()), clip_id=clip, annotator_id=ann, text="Who is it?", settled=settled, created_at=1.0
                )
            )
        assert ask_again(session, [clips[0], clips[1]], by="lead") == 2
    doubt(any_project, [clips[0], clips[1]])
    assert marked(Mark.FLAGGED) == [clips[0], clips[6]]
    assert marked(Mark.COMMENTED) == [clips[7]], "the other one is settled"
    assert marked(Mark.ASKED_AGAIN) == [clips[0], clips[1]]
    assert marked(Mark.DOUBTED) == [clips[0]], "the other one's label is another one by now"
    assert found(any_project, search="DOOR slams") == [clips[6]]
    assert found(any_project, search="who is") == [clips[7], clips[8]]
    with any_project.write() as session:
        fix_labels(session, [clips[0]], "angry", annotator_id=ann, hinted=True)
    assert marked(Mark.FLAGGED) == [clips[6]]
    assert marked(Mark.ASKED_AGAIN) == [clips[1]]
    assert marked(Mark.DOUBTED) == []


def test_what_the_classifier_expects_is_found_and_shown(any_project: OpenProject, clips: list[int]) -> None:
    angry, happy, sad = ids(any_project, "angry", "happy", "sad")
    predictions = Predicted({clips[0]: (sad, 0.6), clips[2]: (sad, 0.9), clips[6]: (happy, 0.5), clips[7]: (angry, 0.7)})
    assert found(any_project, predictions=predictions, predicted=sad) == [clips[0], clips[2]]
    assert found(any_project, predictions=predictions, marks=frozenset({Mark.DOUBTED})) == [clips[0]], "what is fixed is settled"
    by_chance = found(any_project, predictions=predictions, order=Order.CONFIDENCE, descending=True)
    assert by_chance == [clips[2], clips[7], clips[0], clips[6], *(clips[place] for place in (1, 3, 4, 5, 8, 9))]
    by_label = found(any_project, predictions=predictions, order=Order.PREDICTED)
    assert by_label[:4] == [clips[7], clips[6], clips[0], clips[2]], "labels have the order of their keys"
    (line,) = lines(any_project, [clips[0]], predictions)
    assert (line.label, line.predicted, line.confidence) == ("angry", "sad", 0.6)
    assert line.people == ("ann", "ben")
    assert line.marks == (Mark.DOUBTED,)
    with any_project.write() as session:
        retire_label(session, "sad", by=None)
    assert found(any_project, predictions=predictions, predicted=sad) == []
    assert [line.predicted for line in lines(any_project, clips[:3], predictions)] == [None, None, None]


def test_newer_answers_are_noticed_by_a_finder_that_has_read_the_others(any_project: OpenProject, clips: list[int]) -> None:
    angry, sad = ids(any_project, "angry", "sad")
    finder = ClipFinder()
    assert found(any_project, finder, label=sad) == [clips[1]]
    answer(any_project, clips[9], "sad")
    answer(any_project, clips[1], "angry", annotator="ben")
    assert found(any_project, finder, label=sad) == [clips[9]]
    assert found(any_project, finder, label=angry) == [clips[0], clips[1]]
    undo(any_project, annotator="ben")
    assert found(any_project, finder, label=sad) == [clips[1], clips[9]], "the label of before is back"
    undo(any_project, annotator="ann")
    assert found(any_project, finder, label=sad) == [clips[1]]
    with any_project.write() as session:
        withdraw_clips(session, [clips[1]], reason="consent")
    assert found(any_project, finder, label=sad) == []
    assert found(any_project, finder) == [clips[0], *clips[2:]]
    assert found(any_project, finder, state=ClipState.WITHDRAWN) == [clips[1]]
    assert found(any_project, finder, search="1.wav") == []


HOSTILE = ["%", "_", "\\", "'", '"', "🎧", "a\0b", "*", "?", "[a-z]", "'; DROP TABLE clip; --", "x" * 10_000]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12].encode("unicode_escape").decode())
def test_no_sign_in_a_search_has_a_meaning_of_its_own(any_project: OpenProject, text: str) -> None:
    add_clips(any_project, 3)
    assert found(any_project, search=text) == []
    if "\0" not in text:
        held = add_clip(any_project, f"{text[:100]}.wav", transcript=f"before {text} after", extra={text[:50]: text})
        assert found(any_project, search=text) == [held]
        assert found(any_project, column=text[:50], value=text) == [held]
        assert found(any_project, order=f"column:{text[:50]}")[0] == held
        assert lines(any_project, [held])[0].columns == {text[:50]: text}
    assert found(any_project, speaker=text.replace("\0", ""), column=text[:50], value="") == []


def test_letters_match_whatever_their_case_and_unicode_form(any_project: OpenProject) -> None:
    upper = add_clip(any_project, "ÄRGER.wav")
    decomposed = add_clip(any_project, "a\u0308rger-2.wav")
    spoken = add_clip(any_project, "3.wav", transcript="Viel Ärger in der Straße")
    assert found(any_project, search="ärger") == [upper, decomposed, spoken]
    assert found(any_project, search=" STRASSE ") == [spoken]
    assert found(any_project, search="   ") == [upper, decomposed, spoken]


def test_columns_of_the_manifest_filter_and_sort(any_project: OpenProject) -> None:
    rows: list[dict[str, Any]] = [
        {"room": "B", "take": "10"},
        {"room": "a", "take": "9"},
        {"take": 2},
        {"room": "", "take": None},
    ]
    clips = [add_clip(any_project, f"{place}.wav", extra=extra, split="dev") for place, extra in enumerate(rows)]
    assert found(any_project, column="room", value="b") == [clips[0]]
    assert found(any_project, column="take", value="2") == [clips[2]], "a number of a JSON file"
    assert found(any_project, column="split", value="DEV") == clips
    assert found(any_project, order="column:room") == [clips[1], clips[0], clips[2], clips[3]]
    assert found(any_project, order="column:take") == [clips[2], clips[1], clips[0], clips[3]], "numbers are not sorted as texts"
    assert found(any_project, order="column:take", descending=True) == [clips[0], clips[1], clips[2], clips[3]]
    assert found(any_project, order="column:none") == clips
    with any_project.read() as session:
        assert ClipFinder().columns(session) == ["room", "split", "take"]


def test_the_clips_own_columns_filter_and_sort(any_project: OpenProject) -> None:
    long = add_clip(any_project, "b.wav", end=3.0, speaker="Zoe")
    short = add_clip(any_project, "c.wav", end=0.5)
    middle = add_clip(any_project, "a.wav", end=2.0, speaker="Abe")
    assert found(any_project, shortest=2.0) == [long, middle]
    assert found(any_project, shortest=0.5, longest=2.0) == [short, middle]
    assert found(any_project, speaker="Zoe") == [long]
    assert found(any_project, order=Order.FILE_NAME) == [middle, long, short]
    assert found(any_project, order=Order.FILE_NAME, descending=True) == [short, long, middle]
    assert found(any_project, order=Order.SECONDS) == [short, middle, long]
    assert found(any_project, order=Order.SPEAKER) == [middle, long, short], "without a value they come last"
    assert found(any_project, order=Order.SPEAKER, descending=True) == [long, middle, short]
    assert found(any_project, order=Order.IMPORTED, descending=True) == [middle, short, long]
    with any_project.write() as session:
        session.get_one(Clip, short).state = ClipState.BROKEN
    assert found(any_project, state=ClipState.BROKEN) == [short]


def test_orders_by_answers_put_clips_without_any_last(any_project: OpenProject, clips: list[int]) -> None:
    by_label = found(any_project, order=Order.LABEL)
    assert by_label[:3] == [clips[0], clips[2], clips[1]], "angry, happy, sad: the order of their keys"
    assert by_label[3:] == clips[3:]
    assert found(any_project, order=Order.ANSWERS, descending=True)[:5] == clips[:5]
    assert found(any_project, order=Order.AGREEMENT)[:3] == [clips[1], clips[2], clips[0]]
    assert found(any_project, order=Order.ANSWERED, descending=True)[:5] == clips[4::-1]


def test_the_history_of_a_clip_holds_what_counts_no_longer(any_project: OpenProject, clips: list[int]) -> None:
    with any_project.write() as session:
        ask_again(session, [clips[2]], by="lead")
    with any_project.read() as session:
        fixed, taken_back = history_of(session, clips[2]), history_of(session, clips[5])
        assert history_of(session, 10**6) is None
    assert fixed is not None
    assert taken_back is not None
    assert [(each.annotator, each.answer, each.source, each.gold, each.stands) for each in fixed.answers] == [
        ("cleo", "sad", "uncertain", False, True),
        ("lead", "happy", "review", True, True),
    ]
    assert [who for who, _ in fixed.wishes] == ["lead"]
    assert [(each.answer, each.stands) for each in taken_back.answers] == [("sad", False), ("undo", False)]
