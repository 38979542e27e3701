"""Texts become vectors as plain transformers computes them, and no text is too odd or too long."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from db.errors import EncoderError
from learner.corpora.encoded_texts import encode_texts
from learner.encoders.checkpoint_files import package_folder, sha256_of
from learner.progress import unseen
from learner.text_encoders import packaged
from learner.text_encoders.encoder import TextEncoder
from learner.text_encoders.registry import text_encoder_named
from tests.learner.text_encoders.small_bert import small_bert


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def encoder(bert: Path) -> TextEncoder:
    return text_encoder_named(str(bert), device="cpu")


def test_a_text_is_the_mean_over_its_tokens_and_padding_changes_nothing(bert: Path, encoder: TextEncoder) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    texts = ["good", "a bad, bad dog!"]
    tokenizer, network = AutoTokenizer.from_pretrained(bert), AutoModel.from_pretrained(bert).eval()
    with torch.inference_mode():
        theirs = [network(**tokenizer(text, return_tensors="pt"), output_hidden_states=True) for text in texts]
    ours = encoder.encode(texts)

    np.testing.assert_allclose(ours.vectors, [states.last_hidden_state[0].mean(dim=0) for states in theirs], atol=1e-5)
    assert ours.has_words.tolist() == [True, True]
    first = text_encoder_named(str(bert), layers="1", device="cpu").encode(texts).vectors
    np.testing.assert_allclose(first, [states.hidden_states[1][0].mean(dim=0) for states in theirs], atol=1e-5)
    # Without [CLS] and [SEP].
    np.testing.assert_allclose(encoder.tokens(texts, most=3)[1], theirs[1].last_hidden_state[0][1:4], atol=1e-5)


def test_a_text_that_is_too_long_is_encoded_in_stretches(encoder: TextEncoder) -> None:
    # Thirty tokens fill a stretch: twice the same gives the same mean.
    once = encoder.encode(["good " * 30]).vectors
    np.testing.assert_allclose(encoder.encode(["good " * 60]).vectors, once, atol=1e-5)


def test_hostile_texts_have_finite_vectors_or_none(encoder: TextEncoder) -> None:
    texts = ["<script>alert(1)</script>", "x" * 100_000, "good " * 400, "😀😀", "\ud800", "\x00\x07", " \n\t", "", None]
    found = encoder.encode(texts)
    assert found.has_words.tolist() == [True] * 5 + [False] * 4
    assert np.isfinite(found.vectors).all()
    assert not found.vectors[5:].any()
    assert [len(tokens) for tokens in encoder.tokens(texts, most=20)][5:] == [0] * 4


def test_each_text_is_encoded_once_and_then_comes_from_the_cache(encoder: TextEncoder, bert: Path, tmp_path: Path) -> None:
    texts = ["good", None, "bad", "good", ""]
    first = encode_texts(texts, encoder, cache=tmp_path, progress=unseen)
    assert first.has_words.tolist() == [True, False, True, True, False]
    again = text_encoder_named(str(bert), device="cpu")
    second = encode_texts(texts, again, cache=tmp_path, progress=unseen)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert "_network" not in vars(again)  # not even loaded
    assert not any(b"good" in path.read_bytes() for path in tmp_path.rglob("*.json"))


@pytest.mark.parametrize("missing", ["tokenizer", "weights", "type"])
def test_a_checkpoint_that_cannot_be_used_is_refused_in_a_sentence(missing: str, bert: Path, tmp_path: Path) -> None:
    for path in bert.iterdir():
        if not path.name.startswith({"tokenizer": "tokenizer", "weights": "model"}.get(missing, "-")):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    if missing == "type":
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2", "hidden_size": 8, "num_hidden_layers": 1}))
    with pytest.raises(EncoderError, match="tokenizer|weights|type 'wav2vec2'"):
        text_encoder_named(str(tmp_path))


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(EncoderError, match="There is no text encoder 'nonsense'; give minilm, a folder"):
        text_encoder_named("nonsense")


def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged, "package_folder", lambda _package: None)
    with pytest.raises(EncoderError, match=r"pip install 'earmark\[text\]'"):
        text_encoder_named("minilm")


def test_another_file_in_the_package_is_refused_by_name(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").symlink_to(bert)
    monkeypatch.setattr(packaged, "package_folder", lambda _package: tmp_path)
    with pytest.raises(EncoderError, match="not the file that Earmark knows"):
        text_encoder_named("minilm")


def test_the_package_is_read_where_it_is_the_known_one(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").symlink_to(bert)
    (tmp_path / "__init__.py").write_text("raise SystemExit('this must not run')")
    monkeypatch.setattr(packaged, "package_folder", lambda _package: tmp_path)
    known = {path.name: sha256_of(path) for path in bert.iterdir()}
    monkeypatch.setattr(packaged, "SHA256", known)
    encoder = text_encoder_named("minilm", device="cpu")
    assert encoder.encode(["good"]).vectors.shape == (1, 16)
    assert encoder.settings["revision"] == f"sha256:{known['model.safetensors']}"


def test_the_extra_knows_which_sentences_mean_the_same() -> None:
    if package_folder(packaged.PACKAGE) is None:
        pytest.skip("the extra earmark[text] is not installed")
    encoder = text_encoder_named("minilm", device="cpu")
    vectors = encoder.encode(["Dinner was wonderful, thank you.", "The meal was great, thanks!", "Give me back my keys."]).vectors
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors[0] @ vectors[1] > 0.7 > 0.3 > vectors[0] @ vectors[2]
    assert packaged.PACKAGE not in sys.modules  # none of its code was run
