"""Importing corpora by name: the real EmoDB and RAVDESS where they are, and one with made-up sounds everywhere."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from db.errors import FormatError
from db.imports.corpora.folder import read_corpus
from db.imports.corpora.registry import CORPORA
from db.imports.manifest import SourceRow
from db.imports.times import TimesIn
from db.project import OpenProject, create_project
from learner.imports.source import import_source
from tests.corpora import corpus
from tests.db.imports.corpora import test_iemocap as iemocap
from tests.learner.imports.test_source import audio, clips, live


@pytest.mark.parametrize("name", ["emodb", "ravdess"])
def test_names_give_what_the_manifest_of_the_real_corpus_lists(name: str) -> None:
    manifest = corpus(name)
    with open(manifest, encoding="utf-8", newline="") as file:
        listed = {row["file_name"]: row for row in csv.DictReader(file)}
    rows = list(read_corpus(manifest.parent / name, name))
    assert len(rows) == len(listed)
    for row in rows:
        assert isinstance(row, SourceRow)
        known = listed[f"{name}/{row.file_name}"]
        assert (row.label, row.speaker, row.extra["sentence"]) == (known["label"], known["speaker"], known["sentence"])
        assert row.transcript == known.get("transcript", row.transcript)
        assert row.transcript


def test_the_labels_of_the_real_corpus_are_recorded(tmp_path: Path) -> None:
    manifest = corpus("emodb")
    (tmp_path / "some").mkdir()
    for name in ("03a01Fa", "03a01Wa", "08a01Na"):
        (tmp_path / "some" / f"{name}.flac").symlink_to(manifest.parent / "emodb" / f"{name}.flac")
    project = create_project(tmp_path / "project", labels=CORPORA["emodb"].labels)
    report = import_source(project, tmp_path / "some", corpus="emodb", labels_as="actors")
    assert (report.added, report.labels, report.rejected, report.labels_not_taken) == (3, 3, [], {})
    assert [clip.speaker for clip in clips(project)] == ["03", "03", "08"]
    project.close()


def test_clips_labels_speakers_and_texts_come_in(tmp_path: Path) -> None:
    audio(tmp_path / "tess", "OAF_angry/OAF_back_angry.wav", "YAF_sad/YAF_bar_sad.wav", "stray.wav")
    project = create_project(tmp_path / "project", labels=CORPORA["tess"].labels)
    report = import_source(project, tmp_path / "tess", corpus="tess", labels_as="actresses")
    assert (report.added, report.labels, [each["file_name"] for each in report.rejected]) == (2, 2, ["stray.wav"])
    first, second = clips(project)
    assert (first.file_name, first.speaker, first.transcript) == ("OAF_angry/OAF_back_angry.wav", "OAF", "Say the word back.")
    assert second.extra == {"corpus": "tess", "word": "bar", "gender": "female", "age": 26}
    assert len(live(project)) == 2
    assert import_source(project, tmp_path / "tess", corpus="tess", labels_as="actresses").known == 2
    project.close()


def test_the_turns_of_iemocap_come_in_and_the_others_are_counted(tmp_path: Path) -> None:
    root = tmp_path / "IEMOCAP_full_release"
    audio(root, *(f"{iemocap.WAV}/{turn}.wav" for turn in iemocap.TURNS[:-1]))
    iemocap.write(root / "Session1", "Ses01F_impro01", iemocap.EVALUATION, iemocap.TRANSCRIPTION)
    project = create_project(tmp_path / "project", labels=CORPORA["iemocap"].labels)
    report = import_source(project, root, corpus="iemocap", labels_as="raters", speaker_from="session")
    assert (report.added, report.labels, report.rejected) == (3, 3, [])
    assert report.notes == [
        "1 turn with another label, or without one, was left out; --corpus iemocap-all takes them all.",
        "The corpus lists 'Ses01F_impro01_M001', which has no audio file here; complete the folder of the corpus.",
    ]
    assert [(clip.speaker, clip.extra["speaker"], clip.transcript) for clip in clips(project)] == [
        ("Ses01", "Ses01F", "Excuse me."),
        ("Ses01", "Ses01F", None),
        ("Ses01", "Ses01M", "Yes: at last!"),
    ]
    project.close()


def test_a_corpus_fills_the_gaps_of_clips_that_came_in_as_a_folder(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path / "tess", "OAF_angry/OAF_back_angry.wav")
    import_source(project, tmp_path / "tess")
    report = import_source(project, tmp_path / "tess", corpus="tess")
    assert (report.known, report.notes) == (
        1,
        ["1 clip has a label in the source, and none was recorded; --labels-as ANNOTATOR records them as decisions."],
    )
    assert [(clip.speaker, clip.extra["word"]) for clip in clips(project)] == [("OAF", "back")]


def test_options_that_do_not_suit_a_corpus_are_refused(project: OpenProject, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="leave --labels-from-folders and --times-in out"):
        import_source(project, tmp_path, corpus="tess", labels_from_folders=True)
    with pytest.raises(FormatError, match="leave --labels-from-folders and --times-in out"):
        import_source(project, tmp_path, corpus="tess", times_in=TimesIn.CLOCK)
