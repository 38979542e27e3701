"""An encoder with adapters: it begins as the encoder, and its frames are computed once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from db.errors import EncoderError
from learner.audio.decoding import decode
from learner.corpora.clips import ProbeClip
from learner.encoder_training.frames.portions import Portion
from learner.encoders.registry import encoder_named
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.many_corpora.backbones.encoder import EncoderBackbone
from learner.many_corpora.backbones.registry import backbone_named
from learner.many_corpora.inputs import frame_cache
from learner.many_corpora.network.encoder import EncoderNetwork
from learner.many_corpora.recipe import ENCODER, SMALL, most_steps
from learner.many_corpora.train import note_known
from learner.many_corpora.training.batches import pooled_outputs, probabilities
from learner.progress import unseen
from tests.learner.audio_files import noise, tone, written
from tests.learner.many_corpora.encoder.conftest import QUICK, frames


@pytest.fixture(scope="module")
def backbone(checkpoint: Path) -> EncoderBackbone:
    return EncoderBackbone.of(find_checkpoint(str(checkpoint)), QUICK)


@pytest.fixture
def network(backbone: EncoderBackbone) -> EncoderNetwork:
    torch.manual_seed(1)
    return backbone.network(backbone.filters(), backbone.own(classes=3, adapters=True)).eval()


def clip_of(path: Path, seconds: float) -> ProbeClip:
    written(path, tone(300, seconds) * 0.3 + noise(seconds, seed=1, level=0.02))
    return ProbeClip(file_name=path.name, path=str(path), start=0.0, end=None, label="a", speaker=None)


def test_before_it_learns_it_gives_the_vectors_of_the_encoder(
    network: EncoderNetwork, checkpoint: Path, home: Path, tmp_path: Path
) -> None:
    clips = [clip_of(tmp_path / f"{seconds}.wav", seconds) for seconds in (0.1, 0.03, 0.2)]
    found = pooled_outputs(network, frames(checkpoint, home).of(clips, progress=unseen), np.arange(3), device="cpu")
    encoder = encoder_named(str(checkpoint), layers="1,2", device="cpu", precision="float32")
    # Clips side by side, the shorter ones padded, from frames that were kept in float16.
    expected = encoder.encode([decode(clip.path, start=0, end=None, sampling_rate=16_000) for clip in clips])
    assert found == pytest.approx(expected, abs=5e-3)


def test_an_adapter_changes_its_layer_and_those_above(network: EncoderNetwork) -> None:
    portion = Portion(np.array([0]), torch.randn(1, 9, 16), torch.tensor([9]))
    adapters = network.own.adapters
    assert adapters is not None
    assert len(adapters) == 2  # The third layer is not used.
    with torch.no_grad():
        before, _ = network.filters(portion, adapters=adapters)
        torch.nn.init.ones_(dict(adapters[1].named_parameters())["up.bias"])
        after, _ = network.filters(portion, adapters=adapters)
        alone, _ = network.filters(portion)
    assert torch.equal(before[1], after[1])
    torch.testing.assert_close(after[2], before[2] + 1)
    torch.testing.assert_close(alone[2], before[2])


def test_a_long_clip_is_predicted_by_windows(network: EncoderNetwork, checkpoint: Path, home: Path, tmp_path: Path) -> None:
    torch.nn.init.normal_(network.own.head.classes.weight)
    inputs = frames(checkpoint, home).of([clip_of(tmp_path / "long.wav", 0.5)], progress=unseen)
    windows = network.windows(inputs[0])
    assert [len(window) for window in windows] == [10, 10, 10]
    each = [
        network(Portion(np.array([0]), torch.from_numpy(window.astype(np.float32))[None], torch.tensor([10]))).softmax(dim=1)
        for window in windows
    ]
    expected = torch.cat(each).mean(dim=0).detach().numpy()
    assert probabilities(network, inputs, np.array([0]), device="cpu")[0] == pytest.approx(expected, abs=1e-5)


def test_frames_are_kept_and_long_clips_cut(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_cache, "MOST_SECONDS", 0.2)
    clip = clip_of(tmp_path / "a.wav", 0.4)
    first, again = (frames(checkpoint, tmp_path).of([clip], progress=unseen) for _ in range(2))
    assert (first[0].shape, first.cut) == ((9, 16), 1)
    assert np.array_equal(first[0], again[0])
    # Weights that have changed give frames of their own.
    assert (
        frame_cache.FrameCache(find_checkpoint("bundled"), tmp_path / "frames").settings != frames(checkpoint, tmp_path).settings
    )


def test_what_is_no_backbone_is_one_sentence(checkpoint: Path, tmp_path: Path) -> None:
    for name in ("whisper", "logmel", "hubert"):
        with pytest.raises(EncoderError, match=f"^Backbone '{name}' cannot be used; give resnet, bundled"):
            backbone_named(name, QUICK)
    with pytest.raises(EncoderError, match="takes no recipe of resnet"):
        backbone_named(str(checkpoint), SMALL)
    with pytest.raises(EncoderError, match=r"^There is no folder"):
        backbone_named(str(tmp_path / "gone"), QUICK)


def test_the_statistics_of_a_head_follow_a_network_that_learns(network: EncoderNetwork) -> None:
    head = network.own.head
    vectors = np.random.default_rng(0).normal(2, 3, (400, 64)).astype(np.float32)
    head.take_statistics(vectors)
    assert head.shift.numpy() == pytest.approx(vectors.mean(axis=0), abs=1e-5)
    network.learns(filters=False, norms=False)
    head.eval()(torch.from_numpy(vectors + 10))
    assert head.shift.numpy() == pytest.approx(vectors.mean(axis=0), abs=1e-5)
    for _ in range(40):
        head.train()(torch.from_numpy(vectors + 10))
    assert head.shift.numpy() == pytest.approx(vectors.mean(axis=0) + 10, abs=1e-3)
    assert head.factor.numpy() == pytest.approx(1 / vectors.std(axis=0), rel=1e-3)


def test_an_encoder_that_a_project_has_adopted_reports_what_it_knows(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted = Path(shutil.copytree(checkpoint, tmp_path / "adopted"))
    settings = adopted / "preprocessor_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"earmark_knows_labels_from": "project 5"}))
    backbone, remarks = EncoderBackbone.of(find_checkpoint(str(adopted)), QUICK), list[str]()
    assert backbone.knows_labels_from == "project 5"
    note_known(cast(Any, SimpleNamespace(corpora=[SimpleNamespace(remarks=remarks)])), backbone)
    assert remarks[0].startswith(f"{adopted} has learned from labels of a project; if these clips are among them")
    # Its frames are computed where somebody wants them, too.
    monkeypatch.setattr(frame_cache, "chosen_device", lambda asked: "cpu" if asked == "that one" else "meta")
    clip = clip_of(tmp_path / "a.wav", 0.1)
    assert len(backbone.cache(tmp_path, device="that one").of([clip], progress=unseen).clips) == 1


def test_steps_of_the_head_of_an_encoder_count_too() -> None:
    assert most_steps(SMALL, "adapters") == 3 * 25 * 15
    steps = [most_steps(ENCODER, mode) for mode in ("scratch", "last-layer", "adapters")]
    assert steps == [2 * 25 * 15, 2 * 50 * 15, (2 * 25 + 2 * 50) * 15]
