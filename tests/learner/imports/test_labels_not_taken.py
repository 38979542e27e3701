"""Labels outside the label set: they are counted label by label, and the clips come in without them, as no rejected files."""

from __future__ import annotations

from pathlib import Path

import pytest

import learner.imports.source
from db.project import OpenProject
from learner.imports.source import import_source
from tests.filled_projects import LABELS
from tests.learner.imports.test_source import audio, manifest, rejections


def test_unknown_labels_are_named_and_their_clips_imported(any_project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path, "a.wav", "b.wav", "c.wav", "d.wav")
    labels = {"a.wav": "glad", "b.wav": "Happy", "c.wav": "glad", "d.wav": "sad"}
    source = manifest(tmp_path / "m.csv", [{"file_name": name, "label": label} for name, label in labels.items()])
    report = import_source(any_project, source, labels_as="gold")
    assert (report.added, report.labels, report.rejected, rejections(any_project)) == (4, 1, [], [])
    assert report.to_json()["labels_not_taken"] == [
        {"label": "glad", "clips": 2, "first": "a.wav"},
        {"label": "Happy", "clips": 1, "first": "b.wav"},
    ]
    assert (report.label_set, report.took_nothing) == (list(LABELS), False)
    labels["a.wav"] = "happy"
    manifest(tmp_path / "m.csv", [{"file_name": name, "label": label} for name, label in labels.items()])
    report = import_source(any_project, source, labels_as="gold")
    assert (report.labels, [(label, left.clips) for label, left in report.labels_not_taken.items()]) == (
        1,
        [("Happy", 1), ("glad", 1)],
    )


def test_they_are_counted_over_all_batches(project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner.imports.source, "BATCH", 2)
    audio(tmp_path, *(f"glad/{number}.wav" for number in range(5)))
    report = import_source(project, tmp_path, labels_from_folders=True, labels_as="gold")
    assert report.to_json()["labels_not_taken"] == [{"label": "glad", "clips": 5, "first": "glad/0.wav"}]


def test_an_import_took_nothing_if_labels_were_wanted_and_none_fits(project: OpenProject, tmp_path: Path) -> None:
    audio(tmp_path, "glad/a.wav", "sad/b.wav")
    assert not import_source(project, tmp_path, labels_from_folders=True).took_nothing
    for _ in range(2):
        assert not import_source(project, tmp_path, labels_from_folders=True, labels_as="gold").took_nothing
    (tmp_path / "sad" / "b.wav").unlink()
    assert import_source(project, tmp_path, labels_from_folders=True, labels_as="gold").took_nothing
