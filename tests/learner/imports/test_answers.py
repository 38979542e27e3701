"""Answers from a file: all of them or none, with what the queue held each clip for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import learner.imports.answers
from db.decisions.log import LiveDecision, live_decisions
from db.errors import ClipError, DecisionError, EarmarkError, FormatError, LabelError
from db.models import Answer, Clip, ClipAlias, Source
from db.project import OpenProject
from db.records.clips import mark_broken
from db.records.features import ensure_feature_set
from db.records.labels import label_by_name
from db.records.runs import record_run
from db.serving.ranked_queue import QueueItem, publish_queue
from db.serving.upcoming import upcoming
from learner.imports.answers import annotate_from_file
from tests.filled_projects import add_clips, answer


def answers(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def live(project: OpenProject) -> list[LiveDecision]:
    with project.read() as session:
        return live_decisions(session)


def with_queue(project: OpenProject, clips: list[int]) -> int:
    """A run that ranks the clips in this order as uncertain; its number."""
    with project.write() as session:
        features = ensure_feature_set(session, fingerprint="f" * 64, encoder="none", dim=2, settings={})
        run = record_run(session, feature_set_id=features, last_decision_id=0, decisions=0, labeled=0, settings={}, seconds=0.0)
        entries = [QueueItem(clip_id=clip, source=Source.UNCERTAIN, score=0.5, predicted_id=None) for clip in clips]
        publish_queue(session, run_id=run, entries=entries)
    return run


def test_clips_are_named_by_number_name_or_span(any_project: OpenProject, tmp_path: Path) -> None:
    first, second, third = add_clips(any_project, 3)
    text = f"clip,file_name,start,end,label\n{first},,,,happy\n,1.wav,,,sad\n{third},2.wav,0,1,angry\n"
    assert annotate_from_file(any_project, answers(tmp_path / "a.csv", text), annotator="script") == 3
    assert [(decision.clip_id, decision.source) for decision in live(any_project)] == [
        (first, Source.SCRIPTED), (second, Source.SCRIPTED), (third, Source.SCRIPTED),
    ]  # fmt: skip
    with any_project.read() as session:
        wanted = [label_by_name(session, name).id for name in ("happy", "sad", "angry")]
    assert [decision.label_id for decision in live(any_project)] == wanted


def test_what_queue_prints_can_be_labelled_and_given_back(any_project: OpenProject, tmp_path: Path) -> None:
    run = with_queue(any_project, add_clips(any_project, 30))
    with any_project.read() as session:
        served = upcoming(session, limit=10, random_share=0.2)
    lines = [
        json.dumps({"clip": clip.clip_id, "file_name": clip.file_name, "source": clip.source, "label": "sad"}) for clip in served
    ]
    assert annotate_from_file(any_project, answers(tmp_path / "a.jsonl", "\n".join(lines)), annotator="script") == 10
    assert [(decision.clip_id, decision.queued_as) for decision in live(any_project)] == [
        (clip.clip_id, clip.source) for clip in served
    ]
    assert {clip.source for clip in served} == {Source.RANDOM, Source.UNCERTAIN}
    with any_project.read() as session:
        remaining = {clip.clip_id for clip in upcoming(session, limit=30, random_share=0.2)}
    assert not remaining & {clip.clip_id for clip in served}
    assert run > 0


def test_a_clip_far_from_the_head_of_the_queue_was_queued_as_nothing(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner.imports.answers, "_LEAST_LOOKED_AT", 1)
    clips = add_clips(project, 30)
    with_queue(project, clips)
    with project.read() as session:
        last = upcoming(session, limit=30, random_share=0.2)[-1].clip_id
    annotate_from_file(project, answers(tmp_path / "a.csv", f"clip,label\n{last},sad\n"), annotator="script")
    assert live(project)[0].queued_as is None


def test_unsure_and_skip_are_answers(project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 2)
    path = answers(tmp_path / "a.csv", "file_name,label,answer\n0.wav,,unsure\n1.wav,,skip\n")
    assert annotate_from_file(project, path, annotator="script") == 2
    assert [decision.answer for decision in live(project)] == [Answer.UNSURE, Answer.SKIP]


def test_the_annotators_earlier_answer_is_superseded(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = add_clips(project, 1)
    answer(project, clip, "happy", annotator="script")
    annotate_from_file(project, answers(tmp_path / "a.csv", "file_name,label\n0.wav,sad\n"), annotator="script")
    (decision,) = live(project)
    assert decision.source == Source.SCRIPTED


def test_a_line_that_repeats_another_is_passed_over(project: OpenProject, tmp_path: Path) -> None:
    (clip,) = add_clips(project, 1)
    with project.write() as session:
        session.add(ClipAlias(clip_id=clip, file_name="copy.wav", path="/audio/copy.wav", created_at=0.0))
    path = answers(tmp_path / "a.csv", "file_name,label\n0.wav,sad\ncopy.wav,sad\n")
    assert annotate_from_file(project, path, annotator="script") == 1


@pytest.mark.parametrize(
    ("line", "kind", "problem"),
    [
        (",gone.wav,,,sad", ClipError, "line 3: There is no clip 'gone.wav'"),
        ("999,,,,sad", ClipError, "There is no clip 999"),
        (",twice.wav,,,sad", ClipError, "Several clips are called 'twice.wav'"),
        (",twice.wav,5,6,sad", ClipError, "There is no clip 'twice.wav' from 5.0 s to 6.0 s"),
        (",1.wav,,,glad", LabelError, "'glad' is not in the label set; use one of: angry, happy, sad"),
        (",1.wav,,,", FormatError, "line 3 has no label"),
        (",1.wav,,sad", FormatError, "line 3 has 4 fields"),
        (",0.wav,,,sad", FormatError, "lines 2 and 3 answer the clip '0.wav' differently"),
        ("1,1.wav,,,sad", ClipError, "is '0.wav', not '1.wav'"),
        (",4.wav,,,sad", ClipError, "'4.wav' is out of service: It is cut short."),
    ],
)
def test_one_bad_line_and_nothing_is_recorded(
    any_project: OpenProject, tmp_path: Path, line: str, kind: type[EarmarkError], problem: str
) -> None:
    clips = add_clips(any_project, 5)
    assert clips[0] == 1
    with any_project.write() as session:
        for clip in clips[2:4]:
            session.get_one(Clip, clip).file_name = "twice.wav"
        mark_broken(session, clips[4], "It is cut short.")
    path = answers(tmp_path / "a.csv", f"clip,file_name,start,end,label\n,0.wav,,,happy\n{line}\n")
    with pytest.raises(kind, match=problem):
        annotate_from_file(any_project, path, annotator="script")
    assert live(any_project) == []


def test_a_file_or_name_of_no_use_is_an_error(project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 1)
    path = answers(tmp_path / "a.csv", "file_name,label\n0.wav,sad\n")
    with pytest.raises(DecisionError, match="cannot be an annotator's name"):
        annotate_from_file(project, path, annotator=" ")
    with pytest.raises(FormatError, match="does not exist"):
        annotate_from_file(project, tmp_path / "none.csv", annotator="script")
    with pytest.raises(FormatError, match="has no column label"):
        annotate_from_file(project, answers(tmp_path / "b.csv", "clip\n1\n"), annotator="script")
    assert annotate_from_file(project, answers(tmp_path / "c.csv", "clip,label\n"), annotator="script") == 0


def test_many_answers_are_written_in_short_transactions(
    project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner.imports.answers, "BATCH", 7)
    clips = add_clips(project, 20)
    text = "clip,label\n" + "".join(f"{clip},sad\n" for clip in clips)
    assert annotate_from_file(project, answers(tmp_path / "a.csv", text), annotator="script") == 20
    assert [decision.clip_id for decision in live(project)] == clips
