"""Hidden layers: each is the one that plain transformers gives, whichever are computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from db.errors import EncoderError
from learner.encoders.pooling import parse_layers
from tests.learner.audio_files import noise
from tests.learner.encoders.small_checkpoints import hidden_states, in_float32, untrained


@pytest.mark.parametrize("layers", ["0", "1", "2", "3"])
def test_a_hidden_layer_is_the_one_transformers_gives(tiny: Path, layers: str) -> None:
    audio = noise(1.0)
    expected = hidden_states(tiny, audio)[int(layers)].mean(axis=0)
    np.testing.assert_allclose(in_float32(tiny, layers=layers).encode([audio])[0], expected, atol=1e-5)


@pytest.mark.parametrize("final_norm", [False, True], ids=["norm before the layers", "norm after the layers"])
@pytest.mark.parametrize("architecture", ["Wav2Vec2", "Hubert", "WavLM", "Wav2Vec2Conformer", "Data2VecAudio", "UniSpeechSat"])
def test_layers_that_are_not_computed_change_no_other(tmp_path: Path, architecture: str, final_norm: bool) -> None:
    folder, audio = untrained(tmp_path / "other", architecture, do_stable_layer_norm=final_norm), noise(0.5)

    expected = [state.mean(axis=0) for state in hidden_states(folder, audio)]
    found = [in_float32(folder, layers=str(layer)).encode([audio])[0] for layer in range(len(expected))]

    assert len(expected) == 4
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_layers_go_side_by_side_or_are_averaged(tiny: Path) -> None:
    audio = noise(1.0)
    states = hidden_states(tiny, audio)
    beside = in_float32(tiny, layers="0, 3", pooling="mean+std")
    averaged = in_float32(tiny, layers="mean")

    expected = np.concatenate([states[0].mean(0), states[3].mean(0), states[0].std(0), states[3].std(0)])
    np.testing.assert_allclose(beside.encode([audio])[0], expected, atol=1e-5)
    np.testing.assert_allclose(averaged.encode([audio])[0], np.mean(states, axis=(0, 1)), atol=1e-5)
    assert (beside.dim, averaged.dim, in_float32(tiny, layers="all").dim) == (128, 32, 128)


@pytest.mark.parametrize("layers", ["5", "-1", "x", "", "0,0", "1,,2"])
def test_layers_that_do_not_exist_are_refused(layers: str) -> None:
    with pytest.raises(EncoderError, match="from 0 to 4"):
        parse_layers(layers, count=5)
