"""The loss of TAPT is that of transformers' own pre-training model, computed faster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForPreTraining

from learner.encoder_training.frames.transformer import Masks
from learner.encoders.wav2vec2.checkpoints import find_checkpoint
from learner.finetuning.recipe import Pretraining
from learner.finetuning.training.contrastive import ContrastiveJob, _quantised
from learner.finetuning.training.crops import MaskedCrops
from tests.learner.audio_files import RATE
from tests.learner.encoders.small_checkpoints import TINY


@pytest.fixture(params=[False, True], ids=["no norm behind the last layer", "norm behind the last layer"])
def job(request: pytest.FixtureRequest, tmp_path: Path) -> ContrastiveJob:
    """The training of a small checkpoint, with or without a norm behind its last layer."""
    torch.manual_seed(0)
    own = {"do_stable_layer_norm": request.param, "num_codevectors_per_group": 4, "codevector_dim": 8, "proj_codevector_dim": 8}
    Wav2Vec2ForPreTraining(Wav2Vec2Config(**TINY | own)).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"do_normalize": True, "sampling_rate": RATE}))
    checkpoint = find_checkpoint(str(tmp_path))
    frames = np.random.default_rng(0).normal(size=(6, 40, checkpoint.config["conv_dim"][-1])).astype(np.float32)
    recipe = Pretraining(steps=3, batch=4, crop_seconds=0.5)
    crops = MaskedCrops(np.arange(6), frames.__getitem__, recipe, frames_per_second=50, device="cpu", seed=0)
    return ContrastiveJob(checkpoint, crops, precision="float32", recipe=recipe, seed=0)


def test_codes_are_those_of_the_quantiser(job: ContrastiveJob) -> None:
    quantiser: Any = job._model.quantizer
    frames = torch.randn(7, quantiser.weight_proj.in_features)
    torch.manual_seed(1)
    vectors, perplexity = quantiser.train()(frames[None])
    torch.manual_seed(1)
    found = _quantised(quantiser, frames)
    torch.testing.assert_close(found.vectors, vectors[0])
    torch.testing.assert_close(found.perplexity, perplexity)
    assert found.chosen.shape == (7, quantiser.num_groups)


def test_what_is_predicted_is_projected_from_the_end_of_the_network(job: ContrastiveJob) -> None:
    (each,) = job._crops.of_step(0)[0]
    model = job._model.eval()
    with torch.no_grad():
        hidden, _ = job.transformer(each.portion, Masks(each.masked))
    seen: list[torch.Tensor] = []
    model.project_hid.register_forward_hook(lambda _module, inputs, _output: seen.append(inputs[0]))
    with torch.no_grad():
        job._loss(each)
    torch.testing.assert_close(seen[0], hidden.last[each.masked])
    if model.config.do_stable_layer_norm:
        normed = model.wav2vec2.encoder.layer_norm(hidden[-1])
        torch.testing.assert_close(hidden.last, normed)
