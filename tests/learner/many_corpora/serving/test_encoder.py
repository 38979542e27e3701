"""The shared network of a model as the encoder of any project."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from sqlalchemy.orm import Session

from db.errors import EncoderError, LearnerError
from db.project import OpenProject
from db.records.clips import ClipAudio, ready_clips_without_features
from db.serving.known_labels import known_labels_in_words
from db.serving.random_slice import encoder_knows_from
from labeler.cli.main import main
from learner.audio.decoding import content_hash
from learner.corpora.clips import manifest_clips
from learner.encoders.corpora_model.log_mel import log_mel
from learner.encoders.registry import encoder_named
from learner.features.embed import embed
from learner.features.store import fingerprint_of
from learner.many_corpora.model_folder import load_parts, open_model
from learner.many_corpora.network.resnet import Filters, OwnLayers, ResNet, averaged_norms
from learner.many_corpora.recipe import Recipe
from learner.probing.known_labels import known_in_words
from tests.learner.audio_files import import_files, noise


def test_it_is_the_shared_network_with_the_mean_of_the_normalisations(adapters: Path) -> None:
    model = open_model(adapters)
    recipe = model.backbone.recipe
    assert isinstance(recipe, Recipe)
    filters = Filters(recipe)
    load_parts(model.folder.filters(1), {"filters": filters})
    norms = [OwnLayers(recipe, classes=2, adapters=False).norms for _ in model.corpora]
    for name, each in zip(model.corpora, norms, strict=True):
        load_parts(model.folder.start(1, name), {"own.norms": each})
    own = OwnLayers(recipe, classes=2, adapters=False)
    averaged_norms(own.norms, norms)
    waveform = noise(65.0, seed=1, level=0.1)
    with torch.inference_mode():
        spectrogram = torch.from_numpy(log_mel(waveform).astype(np.float32))[None]
        maps = ResNet(recipe, filters, own).eval().maps(spectrogram)[0].flatten(1)
    expected = torch.cat([maps.mean(dim=1), maps.std(dim=1, correction=0)]).numpy()

    encoder = encoder_named(str(adapters), device="cpu")
    # Three windows, cut from blocks of an odd length.
    blocks = [waveform[begin : begin + 7_777] for begin in range(0, len(waveform), 7_777)]
    assert encoder.encode_stream(blocks) == pytest.approx(expected, abs=1e-5)
    assert encoder.encode([waveform, waveform[:50]]).shape == (2, encoder.dim) == (2, 2 * 16)


def test_another_run_or_training_is_another_feature_set(adapters: Path) -> None:
    first, second = encoder_named(str(adapters)), encoder_named(str(adapters / "run-2"))
    assert first.remark is not None
    assert f"Run 1 of the 2 of {adapters} is used" in first.remark
    assert fingerprint_of(first) != fingerprint_of(second)
    assert fingerprint_of(first) == fingerprint_of(encoder_named(str(adapters / "run-1")))


def test_models_without_a_shared_network_are_refused(scratch: Path, adapters: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="mode 'scratch', in which corpora share nothing; train one with"):
        encoder_named(str(scratch))
    with pytest.raises(EncoderError, match="has 2 runs, so there is no run-3"):
        encoder_named(str(adapters / "run-3"))
    copied = tmp_path / "copied"
    shutil.copytree(adapters, copied)
    document = json.loads((copied / "model.json").read_text())
    for change, sentence in (
        ({"corpora": {"../evil": {}}}, "damaged"),
        ({"recipe": {"crop_seconds": 1e400}}, "damaged"),
        ({"runs": []}, "damaged"),
        ({"version": 7}, "another release"),
        ({"backbone": "facebook/hubert"}, "adapters on the encoder 'facebook/hubert', which stays as it is"),
    ):
        (copied / "model.json").write_text(json.dumps(document | change))
        with pytest.raises(EncoderError, match=sentence):
            encoder_named(str(copied))
    (copied / "model.json").write_text(json.dumps(document))
    (copied / "run-1" / "shared" / "filters.safetensors").write_bytes(b"\x08" + bytes(99))
    with pytest.raises(EncoderError, match="is missing or damaged"):
        encoder_named(str(copied)).encode([noise(0.2, seed=0)])
    (copied / "run-1" / "shared" / "filters.safetensors").unlink()
    os.mkfifo(copied / "run-1" / "shared" / "filters.safetensors")
    with pytest.raises(EncoderError, match="is missing or damaged"):
        encoder_named(str(copied))
    (copied / "learned_from.json").unlink()
    with pytest.raises(EncoderError, match="does not say which clips it learned from"):
        encoder_named(str(copied))


def test_what_it_learned_from_it_is_not_scored_on(
    adapters: Path, manifests: list[Path], project: OpenProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "cache"))
    encoder = encoder_named(str(adapters))
    clips = manifest_clips(manifests[0]).clips
    known = [clip for clip in clips if content_hash(clip.path) in encoder.learned_from]  # type: ignore[attr-defined]
    assert 0 < len(known) < len(clips)
    sentence = known_in_words(encoder, clips, None)
    assert sentence is not None
    assert f"has learned from the labels of {len(known)} of these {len(clips)} clips, so its score is too high" in sentence

    def stops(*_: Any, **__: Any) -> None:
        raise LearnerError("Enough.")

    for command, scored in (
        (["simulate"], "learner.simulation.comparison.compare_strategies"),
        (["modalities"], "learner.modalities.report.compare_modalities"),
        (["finetune", "--method", "frozen"], "learner.finetuning.experiment.finetune"),
    ):
        monkeypatch.setattr(scored, stops)
        result = CliRunner().invoke(main, [*command, str(manifests[0]), "--encoder", str(adapters)])
        assert sentence in result.stderr

    import_files(project, [Path(clip.path) for clip in clips if clip not in known])

    def read_late(session: Session, feature_set_id: int) -> list[ClipAudio]:
        """Somebody imports clips that it knows while features are made."""
        import_files(project, [Path(clip.path) for clip in known])
        with project.read() as later:
            return ready_clips_without_features(later, feature_set_id)

    monkeypatch.setattr("learner.features.embed.ready_clips_without_features", read_late)
    assert embed(project, encoder=str(adapters)).embedded == len(clips)
    with project.read() as session:
        assert encoder_knows_from(session) is not None
        assert "has learned from labels of clips of this project" in str(known_labels_in_words(session))
