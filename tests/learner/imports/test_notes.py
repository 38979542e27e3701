"""What an import reports about its source as a whole, and by line."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from db.errors import ClipError
from db.models import ClipState
from db.project import OpenProject
from learner.imports.answers import annotate_from_file
from learner.imports.source import import_source
from tests.learner.imports.test_source import audio, clips, live, manifest

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Ärger.wav") for form in ("NFC", "NFD"))


def test_labels_that_are_not_taken_are_counted(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path / "clips", "sad/a.wav", "sad/b.wav", "c.wav")
    rows = [{"file_name": "clips/sad/a.wav", "label": "sad"}, {"file_name": "clips/sad/b.wav", "label": "glad"}]
    source = manifest(tmp_path / "m.csv", [*rows, {"file_name": "clips/c.wav"}])
    for report in (import_source(project, source), import_source(project, tmp_path / "clips", labels_from_folders=True)):
        assert report.notes == [
            "2 clips have labels in the source, and none was recorded; --labels-as ANNOTATOR records them as decisions."
        ]
    assert live(project) == []
    assert import_source(project, source, labels_as="ann").notes == []


def test_a_source_without_labels_says_so_where_they_are_wanted(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path / "clips", "a.wav")
    source = manifest(tmp_path / "m.csv", [{"file_name": "clips/a.wav", "class": "sad"}])
    assert import_source(project, source, labels_as="ann").notes == [
        "The source has no labels for ann; their column must be called label."
    ]
    assert "--labels-from-folders" in import_source(project, tmp_path / "clips", labels_as="ann").notes[0]


def test_reasons_begin_with_the_line(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    source = manifest(tmp_path / "m.csv", [{"file_name": name} for name in ("a.wav", "gone.wav", "", "https://x.org/a.wav")])
    reasons = [rejected["reason"] for rejected in import_source(project, source).rejected]
    assert [reason.split()[:3] for reason in reasons] == [
        ["Line", "3:", f"'{tmp_path}/gone.wav'"], ["Line", "4", "has"], ["Line", "5", "names"],
    ]  # fmt: skip
    (tmp_path / "bad.wav").touch()
    (rejected,) = import_source(project, tmp_path).rejected
    assert "Line" not in rejected["reason"]


def test_windows_paths_that_lead_nowhere_are_one_note(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path, "set one/a0.wav")
    names = [r"C:\data\set one\a0.wav", r"C:\data\b.wav", r"\\server\share\c.wav"]
    report = import_source(project, manifest(tmp_path / "m.csv", [{"file_name": name} for name in names]))
    (clip,) = clips(project)
    assert clip.file_name == r"C:\data\set one\a0.wav"
    assert [(rejected["file_name"], rejected["kind"]) for rejected in report.rejected] == [
        (name, "windows-path") for name in names[1:]
    ]
    assert all("is a Windows path" in rejected["reason"] for rejected in report.rejected)
    found, missing = report.notes
    assert found.startswith("1 line names a Windows path; the files were found below")
    assert missing.startswith("2 lines name a Windows path, no end of which exists below")


def test_a_name_in_another_unicode_form_is_the_clip_of_the_folder(any_project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path / "clips", DECOMPOSED)
    import_source(any_project, tmp_path / "clips")
    source = manifest(tmp_path / "clips" / "m.csv", [{"file_name": COMPOSED, "speaker": "s1", "label": "sad"}])
    report = import_source(any_project, source, labels_as="ann")
    assert (report.added, report.known, report.labels, report.rejected) == (0, 1, 1, [])
    (clip,) = clips(any_project)
    assert (clip.file_name, clip.speaker, clip.state) == (DECOMPOSED, "s1", ClipState.READY)


def test_answers_find_a_clip_in_its_other_unicode_form(any_project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path / "clips", DECOMPOSED)
    import_source(any_project, tmp_path / "clips")
    answers = manifest(tmp_path / "answers.csv", [{"file_name": COMPOSED, "label": "sad"}])
    assert annotate_from_file(any_project, answers, annotator="ann") == 1
    both = manifest(tmp_path / "both.csv", [{"clip": clips(any_project)[0].id, "file_name": COMPOSED, "label": "happy"}])
    assert annotate_from_file(any_project, both, annotator="ben") == 1


def test_answers_do_not_choose_between_two_forms(any_project: OpenProject, tmp_path: Path) -> None:
    third = "Å" + unicodedata.normalize("NFD", "ä") + ".wav"
    audio(tmp_path / "clips", unicodedata.normalize("NFC", third), unicodedata.normalize("NFD", third))
    import_source(any_project, tmp_path / "clips")
    answers = manifest(tmp_path / "answers.csv", [{"file_name": third, "label": "sad"}])
    with pytest.raises(ClipError, match="Several clips"):
        annotate_from_file(any_project, answers, annotator="ann")


def test_zero_and_false_are_values_that_an_import_keeps(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path, "a.wav")
    for line in ('{"file": "a.wav", "take": 0, "ok": false}', '{"file": "a.wav", "take": 5, "ok": true, "room": 0}'):
        (tmp_path / "m.jsonl").write_text(line)
        import_source(project, tmp_path / "m.jsonl")
    assert clips(project)[0].extra == {"take": 0, "ok": False, "room": 0}
