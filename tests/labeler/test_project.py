"""A project from a script: what each method returns, and the one sentence that a wrong call ends in."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from db.errors import ClipError, DecisionError, EarmarkError, FormatError, LabelError, LearnerError, ProjectError
from db.models import Answer
from db.project import OpenProject
from labeler import Project
from labeler.cli.main import main
from learner.loop.run import learn_once
from tests.filled_projects import LABELS, add_clips, answer
from tests.learner.audio_files import noise, written
from tests.learner.synthetic_projects import embedded_project, label_truly, truth

AWKWARD = ("nan", "NA", "True", "007", "1e3", "skip")
"""Labels that a table may take for something else."""


@pytest.fixture
def scripted(project: OpenProject) -> Iterator[Project]:
    """The empty project, as a script opens it."""
    with Project.open(project.directory) as opened:
        yield opened


def printed(project: Project, *command: str) -> Any:
    """What a command prints with --json."""
    result = CliRunner().invoke(main, ["--project", str(project.directory), *command, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = {"cleanlab", "modAL", "pandas", "sklearn", "streamlit", "torch", "transformers"}
    script = f"import sys; from labeler import Head, Project; print({heavy} & {{*sys.modules}} or None)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert loaded.stdout.strip() == "None", loaded.stdout + loaded.stderr


def test_a_project_is_made_opened_and_closed(tmp_path: Path) -> None:
    with Project.create(tmp_path / "new", labels=["a", "b"]) as project:
        assert (project.labels, project.directory) == (["a", "b"], tmp_path / "new")
    assert repr(project) == f"Project({str(tmp_path / 'new')!r}, closed)"
    with pytest.raises(ProjectError, match=r"is closed; open it again with Project\.open\.$"):
        project.queue()
    with Project.open(str(tmp_path / "new")) as again:
        assert again.labels == ["a", "b"]


def test_labels_as_one_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"^The labels cannot be one text \('a,b'\); give a list, such as \['a', 'b'\]\.$"):
        Project.create(tmp_path, labels="a,b")


def test_methods_answer_what_commands_print(scripted: Project, project: OpenProject, tmp_path: Path) -> None:
    label_truly(project, embedded_project(project, 40)[:24])
    answer(project, 1, truth(1), annotator="ben")
    assert scripted.learn() == 1
    assert scripted.queue(limit=5) == printed(scripted, "queue", "--limit", "5")
    assert scripted.status() == printed(scripted, "status")
    assert scripted.curve() == printed(scripted, "curve")
    assert scripted.agreement() == printed(scripted, "agreement")
    assert scripted.suspects(limit=3) == printed(scripted, "suspects", "--limit", "3")
    command = printed(scripted, "export", "csv", str(tmp_path / "command.csv"))
    written = scripted.export("csv", tmp_path / "script.csv", as_of=command["as_of"])
    assert (written.rows, written.clips) == (24, 24)
    assert (tmp_path / "script.csv").read_bytes() == (tmp_path / "command.csv").read_bytes()
    report = scripted.write_predictions(tmp_path / "script.csv")
    assert report.predicted == printed(scripted, "predict", str(tmp_path / "command.csv"))["predicted"] == 40
    assert (tmp_path / "script.csv").read_bytes() == (tmp_path / "command.csv").read_bytes()


def test_clips_are_a_data_frame_whose_labels_are_texts(tmp_path: Path) -> None:
    from db.project import open_project

    Project.create(tmp_path / "new", labels=AWKWARD).close()
    filled = open_project(tmp_path / "new")
    for clip, label in zip(add_clips(filled, 8), AWKWARD, strict=False):
        answer(filled, clip, label)
    filled.close()
    with Project.open(tmp_path / "new") as project:
        clips, decisions = project.clips(), project.decisions()
    assert clips["clip"].tolist() == list(range(1, 9))
    assert [None if pd.isna(label) else label for label in clips["label"]] == [*AWKWARD, None, None]
    assert clips["kind"].tolist() == ["consensus"] * 6 + ["none"] * 2
    assert (clips["end"] - clips["start"]).tolist() == [1.0] * 8
    assert decisions["label"].tolist() == list(AWKWARD)
    assert (decisions["annotator"] == "ann").all()
    assert abs(decisions["created_at"].max() - pd.Timestamp.now(tz="UTC")) < pd.Timedelta(minutes=5)


def test_an_empty_project_has_empty_data_frames_with_the_same_columns(scripted: Project, project: OpenProject) -> None:
    clips, decisions = scripted.clips(), scripted.decisions()
    assert (len(clips), len(decisions)) == (0, 0)
    answer(project, add_clips(project, 1)[0])
    assert [*scripted.clips().columns] == [*clips.columns]
    assert scripted.clips().dtypes["answered_at"] == clips.dtypes["answered_at"]
    assert scripted.decisions().dtypes["plays"] == decisions.dtypes["plays"] == "Int64"


def test_clips_and_decisions_as_they_were(scripted: Project, project: OpenProject) -> None:
    first, second = add_clips(project, 2)
    answer(project, first, "sad")
    before = datetime.now(UTC)
    answer(project, second, "happy")
    assert scripted.clips(as_of=before)["label"].dropna().tolist() == ["sad"]
    assert scripted.decisions(as_of=before.isoformat())["label"].tolist() == ["sad"]
    with pytest.raises(FormatError, match="'yesterday' is no time; write one such as"):
        scripted.decisions(as_of="yesterday")


@pytest.mark.parametrize(
    "answers",
    [
        {1: "sad", 2: "happy"},
        {"0.wav": "sad", "1.wav": "happy"},
        [{"clip": 1, "label": "sad"}, {"file_name": "1.wav", "start": 0.0, "label": "happy"}],
        pd.DataFrame({"clip": [1, 2], "label": ["sad", "happy"], "file_name": [None, "1.wav"], "answer": [float("nan")] * 2}),
        ({"file_name": name, "label": label} for name, label in (("0.wav", "sad"), ("1.wav", "happy"))),
    ],
    ids=["numbers", "names", "rows", "frame", "generator"],
)
def test_answers_come_in_many_forms(scripted: Project, project: OpenProject, answers: Any) -> None:
    add_clips(project, 3)
    assert scripted.annotate(answers, annotator="ana") == 2
    assert scripted.decisions()[["clip", "label", "annotator"]].to_numpy().tolist() == [[1, "sad", "ana"], [2, "happy", "ana"]]


def test_unsure_and_skip_are_answers_too(scripted: Project, project: OpenProject) -> None:
    add_clips(project, 2)
    scripted.annotate([{"clip": 1, "answer": "unsure"}, {"clip": 2, "answer": Answer.SKIP}], annotator="ana")
    assert scripted.decisions()["answer"].tolist() == ["unsure", "skip"]


@pytest.mark.parametrize(
    ("answers", "kind", "sentence"),
    [
        ({1: "sad", 2: "glad"}, LabelError, "answers, line 2: 'glad' is not in the label set; use one of: angry, happy, sad."),
        ({1: "sad", 9: "sad"}, ClipError, "answers, line 2: There is no clip 9;"),
        ([{"clip": 1, "label": "sad"}, {"clip": 1, "label": "happy"}], FormatError, "lines 1 and 2 answer the clip '0.wav'"),
        ([{"clip": 1}], FormatError, "answers: line 1 has no label;"),
        ([{"label": "sad"}], FormatError, "answers: line 1 names no clip;"),
        ([1], FormatError, "'1' is no answer; give a mapping"),
        ("answers.csv", FormatError, "Answers cannot be a str; give a mapping of clips to labels"),
        ({None: "sad"}, FormatError, "answers: line 1 names no clip;"),
        ({1: True}, FormatError, "answers: line 1 has 'True' as label; give a text."),
    ],
)
def test_a_wrong_answer_is_one_sentence_and_nothing_is_recorded(
    scripted: Project, project: OpenProject, answers: Any, kind: type[EarmarkError], sentence: str
) -> None:
    add_clips(project, 3)
    with pytest.raises(kind) as raised:
        scripted.annotate(answers, annotator="ana")
    assert sentence in str(raised.value)
    assert scripted.decisions().empty


def test_answers_come_from_a_file(scripted: Project, project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 2)
    (tmp_path / "answers.csv").write_text("clip,label\n1,sad\n2,happy\n")
    report = scripted.annotate_from(tmp_path / "answers.csv", annotator="ana")
    assert (report.labels, report.annotators) == (2, {"ana"})
    assert scripted.labels == list(LABELS)


def test_answers_are_taken_back_and_stay_in_the_log(scripted: Project, project: OpenProject) -> None:
    clips = add_clips(project, 3)
    scripted.annotate(dict.fromkeys(clips, "sad"), annotator="ana")
    assert scripted.undo(annotator="ana", clip="0.wav") == 1
    assert scripted.undo(annotator="ana", clip=pd.Series(clips)[1]) == 1
    assert scripted.undo(annotator="ana", count=5) == 1
    assert (len(scripted.decisions()), len(scripted.decisions(whole_log=True))) == (0, 6)
    with pytest.raises(DecisionError, match=r"'ana' has no answer for '0\.wav' that stands"):
        scripted.undo(annotator="ana", clip=1)
    with pytest.raises(DecisionError, match="There is no annotator 'bob'"):
        scripted.undo(annotator="bob")
    with pytest.raises(ClipError, match=r"1\.5 is no clip; give its number or its file name"):
        scripted.undo(annotator="ana", clip=1.5)  # type: ignore[arg-type]


def test_clips_are_asked_again(scripted: Project, project: OpenProject) -> None:
    clips = add_clips(project, 4)
    scripted.annotate(dict.fromkeys(clips[:3], "sad"), annotator="ana")
    assert scripted.ask_again(pd.Series(clips), by="lead") == 3, "the last one has no answer"
    assert scripted.ask_again("0.wav") == 0, "it waits already"
    scripted.annotate({clips[0]: "angry"}, annotator="ben")
    assert scripted.ask_again(pd.Series(clips)[0]) == 1
    with pytest.raises(ClipError, match=r"no clip '9\.wav'"):
        scripted.ask_again([clips[1], "9.wav"])
    with pytest.raises(DecisionError, match="cannot be an annotator's name"):
        scripted.ask_again(clips, by=" ")


def test_what_cannot_be_predicted_has_a_row_with_its_problem(scripted: Project, project: OpenProject) -> None:
    with pytest.raises(LearnerError, match="No head has been trained"):
        scripted.predict()
    clips = embedded_project(project, 12)
    label_truly(project, clips[:6])
    learn_once(project)
    add_clips(project, 13)
    predicted = scripted.predict()
    assert predicted["clip"].tolist()[-12:] == clips
    assert predicted[[f"p_{label}" for label in LABELS]].dropna().sum(axis=1).tolist() == pytest.approx([1.0] * 12)
    (problem,) = predicted["problem"].dropna()
    assert problem == "It has no features yet; run `earmark embed`."
    assert predicted.loc[predicted["problem"].notna(), "file_name"].tolist() == ["12.wav"]


def test_wrong_options_are_one_sentence(scripted: Project, project: OpenProject, tmp_path: Path) -> None:
    add_clips(project, 1)
    for options, sentence in (
        ({"rows": "everything"}, "'everything' is no kind of rows; use one of: consensus, decisions."),
        ({"labels": "sad"}, r"The labels of an export cannot be one text \('sad'\)"),
        ({"splits": "80/20"}, "'80/20' are no shares"),
        ({"min_agreement": 2}, "The least agreement cannot be 2"),
    ):
        with pytest.raises(FormatError, match=sentence):
            scripted.export("csv", tmp_path / "out.csv", **options)
    with pytest.raises(FormatError, match="'minutes' is no unit of times; use one of: seconds, milliseconds, samples, clock"):
        scripted.import_clips(tmp_path, times_in="minutes")
    with pytest.raises(FormatError, match="'emo-db' is no known corpus; use one of: emodb"):
        scripted.validate(tmp_path, corpus="emo-db")
    with pytest.raises(TypeError, match="unexpected keyword argument 'label_as'"):
        scripted.import_clips(tmp_path, label_as="ana")  # type: ignore[call-arg]
    with pytest.raises(FormatError, match="'excel' is no tool; use one of: manifest, folder, label-studio"):
        scripted.import_clips(tmp_path, tool="excel")
    assert list(tmp_path.glob("out*")) == []


def test_a_failing_database_is_one_sentence(scripted: Project, project: OpenProject) -> None:
    with project.engine.begin() as connection:
        connection.execute(text("DROP TABLE queue_entry"))
    with pytest.raises(ProjectError, match=r"^The database refused a statement \(no such table: queue_entry\)"):
        scripted.queue()


def test_threads_share_a_project(scripted: Project, project: OpenProject) -> None:
    clips = add_clips(project, 10)

    def label(annotator: str) -> None:
        for clip in clips:
            scripted.annotate({clip: "sad"}, annotator=annotator)

    threads = [threading.Thread(target=label, args=(name,)) for name in ("ana", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert scripted.decisions().groupby("annotator")["clip"].nunique().to_dict() == {"ana": 10, "ben": 10}


def test_an_import_can_be_tried_before(scripted: Project, tmp_path: Path) -> None:
    written(tmp_path / "a.wav", noise(0.3, seed=1))
    (tmp_path / "m.csv").write_text("file_name,label\na.wav,sad\n")
    assert scripted.validate(tmp_path / "m.csv", labels_as="ana").labels == 1
    assert scripted.clips().empty
    report = scripted.import_clips(tmp_path / "m.csv", labels_as="ana")
    assert (report.added, report.labels) == (1, 1)
    assert scripted.clips()["label"].tolist() == ["sad"]


def test_labels_change(scripted: Project, project: OpenProject) -> None:
    answer(project, add_clips(project, 1)[0], "angry")
    scripted.add_label("calm", by="lead")
    scripted.rename_label("angry", "cross")
    assert scripted.labels == ["cross", "happy", "sad", "calm"]
    scripted.merge_label("cross", into="sad")
    assert (scripted.labels, scripted.clips()["label"].tolist()) == (["happy", "sad", "calm"], ["sad"])
    scripted.restore_label("cross")
    scripted.retire_label("calm")
    assert (scripted.labels, scripted.clips()["label"].tolist()) == (["cross", "happy", "sad"], ["cross"])
    with pytest.raises(LabelError, match="There is no label 'glad'"):
        scripted.rename_label("glad", "merry")


def test_clips_are_withdrawn(scripted: Project, project: OpenProject) -> None:
    add_clips(project, 6, speakers=3)
    assert scripted.withdraw(clip="0.wav", reason="consent").clips == [1]
    assert scripted.withdraw(speaker="s1", reason="consent", by="lead").clips == [2, 5]
    assert scripted.clips()["clip"].tolist() == [3, 4, 6]
    for options, sentence in (
        ({"reason": "x"}, "Either a clip or a speaker is withdrawn"),
        ({"reason": " ", "clip": 3}, "A withdrawal needs a reason"),
        ({"reason": "x", "clip": 99}, "There is no clip 99"),
    ):
        with pytest.raises(ClipError, match=sentence):
            scripted.withdraw(**options)


def test_a_backup_is_made_and_restored(scripted: Project, project: OpenProject, tmp_path: Path) -> None:
    answer(project, add_clips(project, 2)[0], "sad")
    assert scripted.backup(tmp_path / "backup.zip").clips == 2
    assert Project.restore(tmp_path / "backup.zip", tmp_path / "again").clips == 2
    with Project.open(tmp_path / "again") as again:
        assert again.clips()["label"].dropna().tolist() == ["sad"]
        # Its audio was never there.
        assert not again.doctor(audio=0).is_well
