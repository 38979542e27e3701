"""Earmark is updated and its bundled encoder has other weights: a project keeps its old features until new ones are asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from db.backups.backing_up import back_up
from db.backups.restoring import restore
from db.errors import EncoderError, FeatureError, OtherWeightsError
from db.models import Clip, FeatureSet
from db.project import OpenProject, create_project, open_project
from db.records.features import ask_for_renewal, features_in_use
from db.settings_file import change_settings
from db.status import project_status
from labeler.cli.main import main
from labeler.project import Project
from learner.arrays import Float32Array
from learner.encoders import checkpoint_files
from learner.encoders.registry import encoder_named
from learner.features import bundled_weights
from learner.features.embed import embed
from learner.features.matrix import open_features
from learner.loop import embedding
from learner.loop.embedding import Embedding
from learner.loop.heartbeat import Reporter
from learner.loop.run import learn_once
from learner.search.neighbours import Neighbours
from tests.filled_projects import answer
from tests.learner.audio_files import import_files, noise, tone, written
from tests.learner.encoders.small_checkpoints import TINY, untrained
from tests.learner.loop.what_was_published import newest_run, state_of

CLIPS = 16


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The checkpoints of two releases; the newer one has fewer layers, and pools others."""
    folder = tmp_path_factory.mktemp("releases")
    with pytest.MonkeyPatch.context() as patched:
        for name, layers, pooled in (("old", 3, "3"), ("new", 2, "1,2")):
            patched.setitem(TINY, "num_hidden_layers", layers)
            preprocessor = untrained(folder / name, "Wav2Vec2") / "preprocessor_config.json"
            usual = {"earmark_layers": pooled, "earmark_pooling": "mean", "earmark_precision": "float32"}
            preprocessor.write_text(json.dumps(json.loads(preprocessor.read_text()) | usual))
    return {path.name: path for path in folder.iterdir()}


class Earmark:
    """The installed Earmark, whose bundled encoder a test replaces."""

    def __init__(self, folder: Path, releases: dict[str, Path]) -> None:
        self._folder, self._releases = folder, releases

    def install(self, release: str) -> None:
        """Put the checkpoint of a release in the place of the bundled one."""
        shutil.rmtree(self._folder / "bundled", ignore_errors=True)
        shutil.copytree(self._releases[release], self._folder / "bundled")
        bundled_weights.bundled_revision.cache_clear()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, releases: dict[str, Path]) -> Iterator[Earmark]:
    folder = tmp_path_factory.mktemp("installed")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoint_files, "files", lambda _package: folder)
        patched.setattr(embedding, "LOOK_SECONDS", 0.0)
        yield Earmark(folder, releases)
    bundled_weights.bundled_revision.cache_clear()


@pytest.fixture(scope="module")
def made_before(tmp_path_factory: pytest.TempPathFactory, installed: Earmark) -> Path:
    """A project that was filled and embedded before the update."""
    folder = tmp_path_factory.mktemp("before")
    sounds = [noise(0.2, seed=number) if number % 2 else tone(200 + 10 * number, 0.2) for number in range(CLIPS)]
    filled = create_project(folder / "project", labels=["happy", "sad"])
    import_files(filled, [written(folder / f"{number}.wav", sound) for number, sound in enumerate(sounds)])
    installed.install("old")
    embed(filled)
    filled.close()
    return filled.directory


@pytest.fixture
def project(made_before: Path, installed: Earmark, tmp_path: Path) -> Iterator[OpenProject]:
    """It after the update."""
    shutil.copytree(made_before, tmp_path / "project")
    installed.install("new")
    opened = open_project(tmp_path / "project")
    yield opened
    opened.close()


@pytest.fixture
def clips(project: OpenProject) -> list[int]:
    with project.read() as session:
        return list(session.scalars(select(Clip.id).order_by(Clip.id)))


def add(project: OpenProject, tmp_path: Path, name: str = "added.wav") -> int:
    (clip,) = import_files(project, [written(tmp_path / name, tone(len(name) * 100, 0.3))])
    return clip


def vectors(project: OpenProject) -> Float32Array:
    features = open_features(project)
    assert features is not None
    return features.rows(np.sort(features.clip_ids))


def feature_sets(project: OpenProject) -> list[int]:
    with project.read() as session:
        return list(session.scalars(select(FeatureSet.id).where(FeatureSet.encoder != "logmel").order_by(FeatureSet.id)))


def embedded(project: OpenProject) -> int:
    with project.read() as session:
        return int(project_status(session)["embedded"])


def earmark(project: OpenProject, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--project", str(project.directory), *arguments])


def test_embed_leaves_whole_features_alone_and_says_why(project: OpenProject) -> None:
    before, notes = vectors(project), list[str]()
    assert embed(project, note=notes.append).embedded == 0
    assert feature_sets(project) == [1]
    np.testing.assert_array_equal(vectors(project), before)
    assert notes == [
        "The features in use were made by other weights of encoder 'bundled' than there are now, so new clips cannot get any; to "
        "make those of all 16 clips anew, run `earmark embed --encoder bundled` (the old ones stay in use until it is done)."
    ]


def test_a_clip_that_is_added_gets_no_vector_of_other_weights(project: OpenProject, tmp_path: Path) -> None:
    add(project, tmp_path)
    with pytest.raises(
        OtherWeightsError, match=r"so the clip that lacks them cannot get any; to make those of all 17 clips anew"
    ):
        embed(project)
    # As the page Audio writes it when somebody chooses the encoder that is in use.
    change_settings(project.directory, {"encoder": "bundled"}, by="Lea")
    add(project, tmp_path, "another.wav")
    with pytest.raises(OtherWeightsError, match="so the 2 clips that lack them cannot get any"):
        embed(project)
    assert (feature_sets(project), embedded(project)) == ([1], CLIPS)


def test_named_weights_make_everything_anew_and_the_old_features_stay_until_then(project: OpenProject, tmp_path: Path) -> None:
    old = vectors(project)
    add(project, tmp_path)
    embed(project, encoder="bundled", should_stop=lambda: True)
    np.testing.assert_array_equal(vectors(project), old)
    assert embedded(project) == CLIPS
    embed(project, encoder="bundled")
    assert (embedded(project), vectors(project).shape) == (CLIPS + 1, (CLIPS + 1, 2 * TINY["hidden_size"]))
    # Now these are completed.
    add(project, tmp_path, "added later.wav")
    assert embed(project).embedded == 1
    assert feature_sets(project) == [1, 2]


def test_a_folder_with_the_old_weights_completes_the_old_features(
    project: OpenProject, releases: dict[str, Path], tmp_path: Path
) -> None:
    added = add(project, tmp_path)
    assert embed(project, encoder=str(releases["old"])).embedded == 1
    assert feature_sets(project) == [1]
    expected = encoder_named(str(releases["old"])).encode([tone(900, 0.3)])
    features = open_features(project)
    assert features is not None
    np.testing.assert_allclose(features.rows([added]), expected, atol=0.02)


def test_the_running_learner_makes_all_anew_once_a_lead_asks(project: OpenProject, tmp_path: Path) -> None:
    at_work = Embedding(project, Reporter(project))
    add(project, tmp_path)
    at_work.stretch(lambda: False)
    assert "so the clip that lacks them cannot get any" in state_of(project).detail
    assert feature_sets(project) == [1]

    for _ in range(2):
        with project.write() as session:
            ask_for_renewal(session, by="Lea")
    at_work.stretch(lambda: True)
    with project.read() as session:
        used = features_in_use(session)
    assert used is not None
    assert (used.feature_set_id, used.is_renewal_asked, embedded(project)) == (1, True, CLIPS)
    at_work.stretch(lambda: False)
    with project.read() as session:
        used = features_in_use(session)
    assert used is not None
    assert (used.feature_set_id, used.is_renewal_asked, used.without, state_of(project).detail) == (2, False, 0, "")

    add(project, tmp_path, "added later.wav")
    at_work.stretch(lambda: False)
    assert (embedded(project), feature_sets(project)) == (CLIPS + 2, [1, 2])


def test_asked_for_while_nothing_lacks_it_begins_at_once(project: OpenProject) -> None:
    at_work = Embedding(project, Reporter(project))
    at_work.stretch(lambda: False)
    assert feature_sets(project) == [1]
    with project.write() as session:
        ask_for_renewal(session, by="Lea")
    at_work.stretch(lambda: False)
    assert (feature_sets(project), vectors(project).shape) == ([1, 2], (CLIPS, 2 * TINY["hidden_size"]))


def test_everything_else_goes_on_with_the_old_vectors(project: OpenProject, clips: list[int], tmp_path: Path) -> None:
    added = add(project, tmp_path)
    for clip in clips[:12]:
        answer(project, clip, "sad" if clip % 2 else "happy")
    assert (learn_once(project), newest_run(project).feature_set_id) == (1, 1)
    assert {found for found, _ in Neighbours(project).of(clips[0])} == {*clips[1:]}
    with pytest.raises(FeatureError, match=f"lip {added}"):
        Neighbours(project).of(added)
    with Project.open(project.directory) as scripted:
        predicted = scripted.predict()
        assert predicted["predicted"].notna().sum() == CLIPS
        assert predicted["problem"].dropna().tolist() == ["It has no features yet; run `earmark embed`."]
        assert scripted.export_head(tmp_path / "head").encoder.name == "bundled"
        with pytest.raises(EncoderError, match=r"has changed .* \(.*revision.*`earmark embed --encoder bundled`\.$"):
            scripted.predict(tmp_path / "added.wav")
        found = {each.kind: each for each in reversed(scripted.doctor().findings)}
    assert found["other-encoder"].is_problem
    assert found["not-embedded"].remedy == "Make them again with `earmark embed --encoder bundled`."
    assert found["better-features"].remedy.startswith("To have them, run `earmark embed --encoder bundled`.")
    for command in (["similar", "0.wav"], ["likely", "sad"], ["queue"], ["curve"], ["export", "csv", str(tmp_path / "out.csv")]):
        assert earmark(project, *command).exit_code == 0, command
    assert "To have them, run: earmark embed --encoder bundled" in earmark(project, "status").stdout
    refused = earmark(project, "embed")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert earmark(project, "embed", "--encoder", "bundled").exit_code == 0
    assert (learn_once(project), newest_run(project).feature_set_id) == (2, feature_sets(project)[1])
    kinds = {each["kind"] for each in json.loads(earmark(project, "doctor", "--json").stdout)["findings"]}
    assert not {"other-encoder", "not-embedded"} & kinds


def test_without_old_vectors_nothing_keeps_a_project_from_the_new_weights(project: OpenProject, tmp_path: Path) -> None:
    back_up(project, tmp_path / "backup.zip")
    restore(tmp_path / "backup.zip", tmp_path / "again", database_url=None, replace=False)
    again = open_project(tmp_path / "again")
    assert embed(again).embedded == CLIPS
    assert vectors(again).shape == (CLIPS, 2 * TINY["hidden_size"])
    again.close()
