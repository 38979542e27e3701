"""The page Audio: what is read of a source before it is added, and what is asked of the import."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.models import LearnerState
from db.project import OpenProject
from db.records.features import add_rows, ensure_feature_set, features_in_use, is_paused
from db.records.labels import active_labels
from db.records.learner_state import report_state
from db.settings import read_settings
from labeler.app.incoming.jobs import jobs_of
from labeler.app.incoming.request import ImportRequest
from labeler.app.opened import VARIABLE
from labeler.app.pages.setup.adding.encoder import BUILT_IN
from labeler.words import encoder_choice
from tests.filled_projects import add_clips
from tests.learner.audio_files import tone, written


def audio_page() -> None:
    """The script of a page."""
    from labeler.app.pages.setup.audio import show_audio

    show_audio()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ImportRequest]:
    """What imports were asked for, instead of importing."""
    from labeler.app.incoming.jobs import ImportJobs

    seen: list[ImportRequest] = []
    monkeypatch.setattr(ImportJobs, "start", lambda _jobs, request: seen.append(request))
    return seen


@pytest.fixture
def page(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, opened by Lea."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))
    test = AppTest.from_function(audio_page, default_timeout=60)
    test.query_params["annotator"] = "Lea"
    return test


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        written(folder / name, tone(300, 0.2))
    path = folder / "list.csv"
    path.write_text("Filename;Emotion;Begin;room\na.wav;angry;0;<b>1</b>\nb.wav;bored;x;2\nc.wav;sad;0;3\n", encoding="utf-8")
    return path


def words(page: AppTest) -> str:
    shown = [*page.markdown, *page.caption, *page.warning, *page.error, *page.text]
    return " | ".join(each.value.replace("\\", "").replace(":small[]", "") for each in shown)


def html(page: AppTest) -> str:
    return " ".join(each.proto.body for each in page.get("html"))


def test_a_manifest_is_previewed_and_read_with_the_chosen_columns(
    project: OpenProject, page: AppTest, manifest: Path, asked: list[ImportRequest]
) -> None:
    page.run()
    page.text_input(key="audio-path").set_value(str(manifest)).run()
    assert not page.exception
    assert "Of the first 3 rows, 2 would be rejected" in words(page)
    assert "There is no such file." in html(page)
    assert "&lt;b&gt;1&lt;/b&gt;" in html(page)
    assert "Not among the labels: bored" not in words(page), "its line would be rejected"
    page.text_input(key="audio-labels-as").set_value("Rater").run()
    page.button(key="audio-check").click().run()
    (request,) = asked
    assert request.is_trial
    assert request.labels_as == "Rater"
    assert request.columns == {"file": "Filename", "label": "Emotion", "start": "Begin"}


def test_labels_that_the_project_lacks_can_be_added(project: OpenProject, page: AppTest, manifest: Path) -> None:
    manifest.write_text("file_name,label\na.wav,bored\nb.wav,calm\n", encoding="utf-8")
    page.run()
    page.text_input(key="audio-path").set_value(str(manifest)).run()
    assert "Not among the labels: bored, calm" in words(page)
    page.button(key="audio-add-labels").click().run()
    with project.read() as session:
        assert [label.name for label in active_labels(session)][-2:] == ["bored", "calm"]
    assert "Not among the labels" not in words(page)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("list.csv", "'list.csv' is no whole path; begin it with /."),
        ("/no/such/folder", "/no/such/folder does not exist on the server; check the path."),
        ("{audio}/a.wav", "is an audio file by its name; give its folder"),
        ("{audio}/notes.pdf", "is no folder and no CSV, TSV or JSONL file"),
        ("{audio}/empty.csv", "is empty"),
    ],
)
def test_what_cannot_be_added_is_one_sentence(page: AppTest, manifest: Path, path: str, sentence: str) -> None:
    for name in ("notes.pdf", "empty.csv"):
        (manifest.parent / name).touch()
    page.run()
    page.text_input(key="audio-path").set_value(path.format(audio=manifest.parent)).run()
    assert not page.exception
    assert sentence in words(page)


def test_a_folder_may_be_cut_and_labelled_by_its_folders(page: AppTest, manifest: Path, asked: list[ImportRequest]) -> None:
    page.run()
    page.text_input(key="audio-path").set_value(str(manifest.parent)).run()
    assert "2 audio files in this folder." in words(page)
    page.checkbox(key="audio-folders").check().run()
    page.button(key="audio-add").click().run()
    (request,) = asked
    assert (request.labels_from_folders, request.is_trial, request.segment) == (True, False, None)


def test_the_options_of_the_page_are_those_of_the_command() -> None:
    request = ImportRequest(
        source=Path("/-x"), labels_as="-a", times_in="clock", segment="windows:5", longest=8.0, columns={"label": "mood"}
    )
    assert request.arguments() == [
        "import",
        "--labels-as=-a",
        "--times-in=clock",
        "--segment=windows:5",
        "--longest=8",
        "--column=label=mood",
        "--json",
        "--",
        "/-x",
    ]


def test_features_are_paused_and_go_on(project: OpenProject, page: AppTest) -> None:
    add_clips(project, 5)
    with project.write() as session:
        report_state(session, state="embedding", detail="bundled", done=2, total=4)
    page.run()
    assert page.get("progress")[0].proto.text.startswith("3 of 5 clips with features")
    page.button(key="audio-pause").click().run()
    with project.read() as session:
        assert is_paused(session)
    page.button(key="audio-pause").click().run()
    with project.read() as session:
        assert not is_paused(session)


def test_a_learner_that_is_gone_is_not_waited_for(project: OpenProject, page: AppTest) -> None:
    add_clips(project, 2)
    with project.write() as session:
        report_state(session, state="embedding", done=1, total=2)
        session.get_one(LearnerState, 1).heartbeat_at = time.time() - 100
    page.run()
    assert "The learner is not running" in words(page)


def test_another_encoder_is_written_into_the_settings(project: OpenProject, page: AppTest) -> None:
    page.run()
    page.selectbox(key="audio-encoder-name").set_value("logmel").run()
    page.button(key="audio-encoder-use").click().run()
    assert not page.error
    assert read_settings(project.directory).encoder == "logmel"


def test_the_built_in_encoders_are_those_of_the_learner() -> None:
    from learner.encoders.base import BUILT_IN as OF_LEARNER

    assert sorted(BUILT_IN) == sorted(OF_LEARNER)


def test_the_result_of_an_import_stays_until_it_is_closed(project: OpenProject, page: AppTest, manifest: Path) -> None:
    job = jobs_of(project.directory).start(ImportRequest(source=manifest, columns={"file": "Filename", "label": "Emotion"}))
    assert job.wait(60)
    page.run()
    assert "1 clip added" in words(page)
    assert "c.wav" in html(page)
    page.button(key="audio-import-close").click().run()
    assert "1 clip added" not in words(page)


@pytest.fixture
def old_features(project: OpenProject) -> None:
    """Two of three clips have features by other weights of the bundled encoder."""
    clips = add_clips(project, 3)
    with project.write() as session:
        made_with = {"encoder": "bundled", "revision": "sha256:old"}
        made = ensure_feature_set(session, fingerprint="f" * 64, encoder="bundled", dim=2, settings=made_with)
        add_rows(session, made, [(clip, 0, row) for row, clip in enumerate(clips[:2])])


def test_features_by_other_weights_are_made_anew_when_a_lead_asks(
    project: OpenProject, page: AppTest, old_features: None
) -> None:
    page.run()
    assert "The encoder bundled has other weights since these features were made." in words(page)
    assert "1 clip cannot get features until then" in words(page)
    assert "All 3 clips (3 seconds of audio) are encoded anew" in words(page)
    assert "Answers and labels stay." in words(page)
    assert "earmark embed --encoder bundled" in [code.value for code in page.code]
    assert "To add features, all must be made anew: see below." in words(page)
    assert "audio-pause" not in [button.key for button in page.button]
    page.button(key="audio-better-bundled-use").click().run()
    assert not page.exception
    with project.read() as session:
        used = features_in_use(session)
    assert used is not None
    assert used.is_renewal_asked
    assert "Asked for: the running learner makes all features anew." in words(page)
    assert "audio-better-bundled-use" not in [button.key for button in page.button]


def test_whisper_is_used_at_a_press_or_says_how_to_install_it(
    project: OpenProject, page: AppTest, old_features: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_choice, "find_spec", lambda _package: None)
    page.run()
    page.selectbox(key="audio-encoder-name").set_value("whisper").run()
    assert page.button(key="audio-encoder-use").disabled
    assert [code.value for code in page.code].count("pip install 'earmark[whisper]'") == 2
    monkeypatch.setattr(encoder_choice, "find_spec", lambda _package: object())
    page.run()
    assert not page.button(key="audio-encoder-use").disabled
    page.button(key="audio-better-whisper-use").click().run()
    assert not page.exception
    assert read_settings(project.directory).encoder == "whisper"
    assert [button.key for button in page.button if button.key and button.key.startswith("audio-better")] == []
