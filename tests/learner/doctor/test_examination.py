"""What is wrong with database, features, heads, machine and learner, and that a sound project is well."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from db.models import FeatureSet
from db.project import OpenProject
from db.records.clips import mark_broken
from db.records.learner_state import report_state
from db.settings import SETTINGS_FILE
from labeler.cli.main import main
from learner.doctor import machine
from learner.doctor.database import examine_database
from learner.doctor.examination import examine, examine_directory
from learner.doctor.features import examine_features
from learner.doctor.finding import Finding
from learner.doctor.heads import examine_heads
from learner.doctor.machine import examine_learner, examine_machine
from learner.encoders.registry import encoder_named
from learner.features.matrix import shard_path
from learner.features.store import FeatureStore
from learner.loop.run import learn_once
from tests.db.damaged import damage_file
from tests.filled_projects import add_clips, answer
from tests.learner.audio_files import noise, written
from tests.learner.damaged_features import damage_vector
from tests.learner.synthetic_projects import MadeUpEncoder, embedded_project, label_truly

CHECKS: dict[str, Callable[[OpenProject], Iterator[Finding]]] = {
    "database": examine_database,
    "features": lambda project: examine_features(project, progress=lambda _done, _total: None),
    "heads": examine_heads,
    "machine": examine_machine,
    "learner": examine_learner,
}


def findings(project: OpenProject, subject: str) -> dict[str, Finding]:
    """Those of one subject, by kind."""
    return {each.kind: each for each in CHECKS[subject](project)}


class TestDatabase:
    def test_is_well_after_some_answers(self, any_project: OpenProject) -> None:
        answer(any_project, add_clips(any_project, 2)[0])
        assert findings(any_project, "database") == {}

    def test_damage_is_found_before_anything_else_is_read(self, project: OpenProject) -> None:
        add_clips(project, 500)
        project.close()
        damage_file(project.directory / "earmark.sqlite")
        found = examine(project, audio=0).findings
        assert [each.kind for each in found if each.subject != "machine"] == ["damaged"]
        assert "restore the newest backup with `earmark restore`" in found[0].remedy

    @pytest.mark.parametrize("name", ["decision_is_append_only_UPDATE", "decision_is_append_only_DELETE"])
    def test_a_trigger_that_was_dropped_is_missed(self, project: OpenProject, name: str) -> None:
        with project.engine.begin() as connection:
            connection.execute(text(f"DROP TRIGGER {name}"))
        assert "on decision" in findings(project, "database")["not-append-only"].what

    @pytest.mark.postgres
    @pytest.mark.parametrize("any_project", ["postgresql"], indirect=True)
    @pytest.mark.parametrize("change", ["DROP TRIGGER {} ON decision", "ALTER TABLE decision DISABLE TRIGGER {}"])
    def test_so_is_one_on_postgresql(self, any_project: OpenProject, change: str) -> None:
        with any_project.engine.begin() as connection:
            connection.execute(text(change.format("decision_is_append_only")))
        assert "on decision" in findings(any_project, "database")["not-append-only"].what

    def test_a_column_that_somebody_added_is_named(self, any_project: OpenProject) -> None:
        with any_project.engine.begin() as connection:
            connection.execute(text("ALTER TABLE label ADD COLUMN shade TEXT"))
        assert "other-schema" in findings(any_project, "database")

    def test_values_that_a_column_cannot_have_are_named(self, project: OpenProject) -> None:
        add_clips(project, 1)
        with project.engine.begin() as connection:
            connection.execute(text("UPDATE clip SET state = 'lost', slice_key = 'x'"))
        assert "clip.slice_key, clip.state" in findings(project, "database")["wrong-values"].what

    def test_rows_that_refer_to_nothing_are_named(self, project: OpenProject) -> None:
        add_clips(project, 1)
        with sqlite3.connect(project.directory / "earmark.sqlite") as connection:
            connection.execute("DELETE FROM audio_file")
        connection.close()
        assert "refers to one of audio_file that is gone" in findings(project, "database")["dangling-rows"].what

    def test_clips_out_of_service_are_a_note(self, project: OpenProject) -> None:
        clip = add_clips(project, 1)[0]
        with project.write() as session:
            mark_broken(session, clip, "no sound")
        assert findings(project, "database")["broken-clips"].is_problem is False


class TestFeatures:
    def test_are_well_when_they_are_new(self, project: OpenProject) -> None:
        embedded_project(project, 5)
        assert findings(project, "features") == {}

    def test_a_shard_that_is_gone_counts_its_clips(self, project: OpenProject) -> None:
        embedded_project(project, 5)
        shard(project).unlink()
        found = findings(project, "features")["unreadable-shards"]
        assert (found.count, found.examples) == (5, ("shard-00000.npy",))
        assert "run `earmark embed`" in found.remedy

    def test_a_shard_that_lost_its_end_counts_what_is_missing(self, project: OpenProject) -> None:
        embedded_project(project, 5)
        np.save(shard(project), np.load(shard(project))[:3])
        assert findings(project, "features")["lost-vectors"].count == 2

    def test_vectors_that_are_no_numbers_are_named(self, project: OpenProject) -> None:
        clips = embedded_project(project, 5)
        damage_vector(project, clips[2])
        assert findings(project, "features")["damaged-vectors"].examples == (f"clip {clips[2]}",)

    def test_clips_without_any_are_a_note(self, project: OpenProject) -> None:
        embedded_project(project, 5)
        add_clips(project, 7)
        found = findings(project, "features")["not-embedded"]
        assert (found.count, found.is_problem, found.remedy) == (2, False, "Run `earmark embed`.")

    def test_an_encoder_that_changed_is_named(self, project: OpenProject) -> None:
        with project.write() as session:
            encoder = encoder_named("logmel")
            session.add(
                FeatureSet(fingerprint="f" * 64, encoder="logmel", dim=3, settings=encoder.settings, created_at=1, used_at=1)
            )
        assert findings(project, "features") == {}
        with project.write() as session:
            session.get_one(FeatureSet, 1).settings = {**encoder.settings, "revision": "older"}
        found = findings(project, "features")["other-encoder"]
        assert "'logmel' has changed" in found.what
        assert found.remedy == "Make them again with `earmark embed --encoder logmel`."
        assert not found.is_problem, "all clips have features, and they stay in use"

    def test_folders_of_no_feature_set_are_a_note(self, project: OpenProject) -> None:
        (project.features_dir / "old").mkdir()
        assert findings(project, "features")["unknown-folders"].examples == ("old",)


def shard(project: OpenProject) -> Path:
    fingerprint = FeatureStore(project, MadeUpEncoder()).fingerprint
    return shard_path(project.features_dir / fingerprint, 0)


def test_a_head_that_cannot_be_read_is_named(project: OpenProject) -> None:
    label_truly(project, embedded_project(project, 30)[:12])
    run = learn_once(project)
    assert findings(project, "heads") == {}
    head = project.heads_dir / f"run_{run}.npz"
    head.write_bytes(head.read_bytes()[:100])
    found = findings(project, "heads")["unreadable-head"]
    assert (found.what, "run `earmark learn --once`" in found.remedy.lower()) == (f"{head} is missing or damaged.", True)
    head.unlink()
    assert list(findings(project, "heads")) == ["no-head"]


class TestMachine:
    def test_little_room_is_named(self, project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=5 << 20))
        assert "has 5 MB left" in findings(project, "machine")["little-room"].what

    def test_packages_that_are_too_old_or_gone_are_named(self, project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
        needs = ["numpy>=99", "no-such-package>=1", "opensmile>=99; extra == 'egemaps'", "click>=8"]
        monkeypatch.setattr(machine, "requires", lambda _name: needs)
        found = [each.what for each in examine_machine(project) if each.kind == "package"]
        assert found == [
            f"numpy {np.__version__} is installed, and Earmark needs numpy>=99.",
            "no-such-package is not installed, and Earmark needs no-such-package>=1.",
        ]

    def test_a_folder_that_nobody_may_write_to_is_named(self, project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name != "heads")
        assert findings(project, "machine")["read-only"].what.endswith("project/heads.")


class TestLearner:
    def test_that_crashed_is_a_problem(self, any_project: OpenProject) -> None:
        with any_project.write() as session:
            report_state(session, state="crashed", error="The features are damaged; delete them.")
        assert findings(any_project, "learner")["crashed"].what.endswith("an error: The features are damaged; delete them.")

    def test_that_was_killed_is_a_note(self, any_project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> None:
        with any_project.write() as session:
            report_state(session, state="waiting")
        assert findings(any_project, "learner") == {}
        monkeypatch.setattr(machine, "STALE_SECONDS", -1)
        assert findings(any_project, "learner")["ended"].is_problem is False


@pytest.mark.parametrize(
    ("spoil", "remedy"),
    [
        (lambda folder: (folder / SETTINGS_FILE).unlink(), "make one with"),
        (lambda folder: (folder / SETTINGS_FILE).write_text("random_share = 7"), "change it there"),
        (lambda folder: (folder / "earmark.sqlite").unlink(), "restore it from a backup"),
        (lambda folder: (folder / "earmark.sqlite").write_bytes(b"no database" * 500), "restore the newest backup"),
    ],
)
def test_a_project_that_cannot_be_opened_is_a_finding(project: OpenProject, spoil: object, remedy: str) -> None:
    project.close()
    assert callable(spoil)
    spoil(project.directory)
    result = examine_directory(project.directory)
    assert not result.is_well
    (found,) = result.findings
    assert (found.subject, found.kind) == ("project", "not-opened")
    assert remedy in found.remedy.lower()


class TestCommand:
    def test_ends_well_when_all_is_well(self, project: OpenProject, tmp_path: Path) -> None:
        written(tmp_path / "a.wav", noise(0.2))
        run(project, "import", str(tmp_path / "a.wav").rpartition("/")[0])
        result = run(project, "doctor", "--audio", "all")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("All is well. 1 clip decoded.\nearmark ")

    def test_prints_each_trouble_with_its_remedy_and_ends_with_status_3(self, project: OpenProject) -> None:
        add_clips(project, 7)
        result = run(project, "doctor")
        assert result.exit_code == 3
        assert result.stderr.startswith("problem, audio: 7 audio files are not where they were. (/audio/0.wav, ")
        assert result.stderr.endswith(
            ", …) Bring them back, or let `earmark doctor --relink FOLDER` find them where they are now.\n"
        )
        assert result.stdout.startswith("1 problem found. 0 clips decoded.")
        document = json.loads(run(project, "doctor", "--json").stdout)
        assert document["well"] is False
        assert [(each["kind"], each["count"]) for each in document["findings"]] == [("missing", 7)]
        assert {"python", "sqlite", "schema", "torch"} <= document["versions"].keys()

    def test_refuses_a_sample_that_is_no_number(self, project: OpenProject) -> None:
        assert "'most' is neither a number nor all" in run(project, "doctor", "--audio", "most").stderr

    def test_without_a_project_says_so(self, tmp_path: Path) -> None:
        assert "There is no project in" in run(tmp_path, "doctor").stderr


def run(project: OpenProject | Path, *arguments: str) -> Result:
    directory = project if isinstance(project, Path) else project.directory
    return CliRunner().invoke(main, ["--project", str(directory), *arguments])
