"""eGeMAPS: an extra of its own licence, used through a stand-in here, so that the checks need no openSMILE."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from db.errors import EncoderError
from learner.encoders.handmade import egemaps
from learner.encoders.registry import encoder_named, encoder_of
from tests.learner.audio_files import RATE, noise


class Smile:
    """88 values of which the first is the mean and the second the number of samples; NaN without any sound."""

    def __init__(self, *, feature_set: str, feature_level: str, sampling_rate: int) -> None:
        assert (feature_set, feature_level, sampling_rate) == ("eGeMAPSv02", "functionals", RATE)

    def __call__(self, signal: NDArray[np.float32], sampling_rate: int) -> NDArray[np.float32]:
        if len(signal) < 1000:
            raise ValueError("too short")
        values = np.full(88, 0.0 if signal.any() else np.nan, np.float32)
        values[:2] = signal.mean(), len(signal)
        return values.reshape(1, 88, 1)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = SimpleNamespace(
        Smile=Smile,
        FeatureSet=SimpleNamespace(eGeMAPSv02="eGeMAPSv02"),
        FeatureLevel=SimpleNamespace(Functionals="functionals"),
    )
    monkeypatch.setitem(sys.modules, "opensmile", module)
    monkeypatch.setattr(egemaps, "release", lambda package: "2.6.0")


@pytest.mark.usefixtures("stand_in")
def test_a_clip_has_88_values_however_short_or_silent() -> None:
    encoder = encoder_named("egemaps")
    vectors = encoder.encode([noise(0.5), noise(0.03), np.zeros(RATE, np.float32)])
    assert vectors.shape == (3, encoder.dim) == (3, 88)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    assert vectors[:, 1].tolist() == [RATE // 2, RATE // 10, RATE]


@pytest.mark.usefixtures("stand_in")
def test_a_clip_in_blocks_is_the_same_and_a_long_one_is_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = encoder_named("egemaps")
    audio = noise(5.0)
    np.testing.assert_array_equal(encoder.encode_stream(np.array_split(audio, 7)), encoder.encode([audio])[0])
    monkeypatch.setattr(egemaps, "_LONGEST", 2 * RATE)
    found = encoder.encode([audio])[0]
    assert found[0] == pytest.approx(audio.mean(), abs=1e-6)
    # Two parts of two seconds and one of one.
    assert found[1] == pytest.approx((2 * 2 * 2 + 1) / 5 * RATE)


@pytest.mark.usefixtures("stand_in")
def test_its_settings_make_it_again_and_it_takes_no_layers_or_pooling() -> None:
    encoder = encoder_named("egemaps")
    assert encoder_of(encoder.settings).settings == encoder.settings
    assert "2.6.0" in encoder.revision
    with pytest.raises(EncoderError, match="no layers"):
        encoder_named("egemaps", layers="3")
    with pytest.raises(EncoderError, match="leave pooling out"):
        encoder_named("egemaps", pooling="mean")


@pytest.mark.usefixtures("stand_in")
def test_an_error_inside_opensmile_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egemaps, "_SHORTEST", 0)
    with pytest.raises(EncoderError, match=r"failed \(ValueError: too short\)"):
        encoder_named("egemaps").encode([noise(0.03)])


def test_without_the_extra_the_error_names_the_licence_and_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(egemaps, "release", not_installed)
    with pytest.raises(EncoderError, match="non-commercial") as caught:
        encoder_named("egemaps")
    assert "pip install 'earmark[egemaps]'" in str(caught.value)
