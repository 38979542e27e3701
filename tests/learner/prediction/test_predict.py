"""Predictions as a table: for the project's clips and for new files."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from db.errors import FormatError, LearnerError
from db.project import OpenProject, create_project
from db.records.clips import find_clip
from db.records.features import use_feature_set
from learner.features.embed import embed
from learner.features.store import FeatureStore
from learner.heads.store import head_path
from learner.imports.source import import_source
from learner.loop.run import learn_once
from learner.prediction.predict import predict_project, write_predictions
from tests.filled_projects import add_clips, answer
from tests.learner.damaged_features import damage_vector
from tests.learner.synthetic_projects import MadeUpEncoder, embedded_project, label_truly, made_up_vectors, truth


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_clip_of_the_project_is_predicted(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 60)
    label_truly(project, clips[:30])
    learn_once(project)
    calls: list[tuple[int, int]] = []
    report = write_predictions(project, tmp_path / "out.csv", progress=lambda done, total: calls.append((done, total)))
    rows = table(tmp_path / "out.csv")
    assert (report.predicted, report.failed, calls[-1]) == (60, [], (60, 60))
    assert list(rows[0]) == ["file_name", "start", "end", "predicted", "p_angry", "p_happy", "p_sad"]
    assert [row["file_name"] for row in rows] == [f"{number}.wav" for number in range(60)]
    assert np.mean([row["predicted"] == truth(clip) for row, clip in zip(rows, clips, strict=True)]) > 0.8
    for row in rows:
        chances = {name: float(row[f"p_{name}"]) for name in ("angry", "happy", "sad")}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
        assert max(chances, key=chances.__getitem__) == row["predicted"]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["out.csv"]


def test_clips_without_features_are_left_out_by_name(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 6)
    label_truly(project, clips)
    learn_once(project)
    add_clips(project, 7)
    report = write_predictions(project, tmp_path / "out.csv")
    assert report.predicted == 6
    assert report.failed == [{"file_name": "6.wav", "reason": "It has no features yet; run `earmark embed`."}]


def test_clips_with_damaged_features_are_left_out_by_name(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 12)
    label_truly(project, clips[:6])
    learn_once(project)
    damage_vector(project, clips[8])
    report = write_predictions(project, tmp_path / "out.csv")
    reason = "Its features are damaged; run `earmark learn --once`, which sets it aside."
    assert (report.predicted, report.failed) == (11, [{"file_name": "8.wav", "reason": reason}])
    assert "nan" not in (tmp_path / "out.csv").read_text()


def test_a_damaged_head_is_one_sentence(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 12)
    label_truly(project, clips[:6])
    learn_once(project)
    head_path(project.heads_dir, 1).write_bytes(b"no head at all")
    with pytest.raises(LearnerError, match=r"run_1\.npz is missing or damaged; run `earmark learn --once`"):
        write_predictions(project, tmp_path / "out.csv")
    learn_once(project)
    assert write_predictions(project, tmp_path / "out.csv").predicted == 12


def test_without_a_head_the_error_says_how_to_get_one(project: OpenProject, tmp_path: Path) -> None:
    embedded_project(project, 3)
    learn_once(project)
    with pytest.raises(LearnerError, match="label some clips, then run `earmark learn --once`"):
        write_predictions(project, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_head_is_not_applied_to_other_features(project: OpenProject) -> None:
    clips = embedded_project(project, 6)
    label_truly(project, clips)
    learn_once(project)
    store = FeatureStore(project, MadeUpEncoder("2"))
    store.append(clips, made_up_vectors(clips))
    with project.write() as session:
        use_feature_set(session, store.feature_set_id)
    with pytest.raises(LearnerError, match="trained on other features"):
        list(predict_project(project))


def test_an_output_that_cannot_be_written_is_an_error(project: OpenProject, tmp_path: Path) -> None:
    clips = embedded_project(project, 6)
    label_truly(project, clips)
    learn_once(project)
    with pytest.raises(FormatError, match="missing does not exist; make it first"):
        write_predictions(project, tmp_path / "missing" / "out.csv")


def test_new_audio_is_encoded_as_the_projects_clips_were(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new / "=SUM(A1)"):
        folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(6):
        wave = rng.normal(size=12_000) * 0.1 if number % 2 else np.sin(np.arange(12_000) * 0.05 * (number + 1)) * 0.3
        soundfile.write(old / f"{number}.wav", wave, 16_000)
    project = create_project(tmp_path / "project", labels=["tone", "noise"])
    import_source(project, old)
    embed(project, encoder="logmel")
    with project.read() as session:
        clips = {number: find_clip(session, file_name=f"{number}.wav").id for number in range(4)}
    for number, clip in clips.items():
        answer(project, clip, "noise" if number % 2 else "tone")
    learn_once(project)
    shutil.copy(old / "5.wav", new / "=SUM(A1)" / 'a "b",\nc.wav')
    (new / "bad.wav").write_text("no audio")
    report = write_predictions(project, tmp_path / "new.csv", folder=new)
    write_predictions(project, tmp_path / "old.csv")
    (row,) = table(tmp_path / "new.csv")
    assert row["file_name"] == '=SUM(A1)/a "b",\nc.wav', "names stay as they are, so that the files can be found"
    assert (row["start"], row["end"], row["predicted"]) == ("0.0", "0.75", "noise")
    assert [failed["file_name"] for failed in report.failed] == ["bad.wav"]
    same = next(other for other in table(tmp_path / "old.csv") if other["file_name"] == "5.wav")
    assert float(row["p_noise"]) == pytest.approx(float(same["p_noise"]), abs=1e-5)
    with pytest.raises(FormatError, match="cannot be read"):
        write_predictions(project, tmp_path / "none.csv", folder=tmp_path / "missing")
    project.close()


def test_an_output_that_is_not_a_file_is_written_to_and_not_replaced(project: OpenProject, tmp_path: Path) -> None:
    label_truly(project, embedded_project(project, 6))
    learn_once(project)
    (tmp_path / "link").symlink_to("/dev/null")
    assert write_predictions(project, tmp_path / "link").predicted == 6
    assert (tmp_path / "link").is_char_device()
