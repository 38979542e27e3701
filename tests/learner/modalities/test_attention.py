"""The attention network: it reads no padding, learns which sound belongs to a word, and is the same for the same seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from learner.modalities.attention import AttentionClassifier, BothWays, Training
from learner.modalities.sequences import Sequences

QUICK = Training(epochs=1, fewest_steps=60, batch=16, rate=1e-2, dropout=0.0, hidden=8)


def test_both_ways_is_a_bilstm_on_packed_sequences() -> None:
    torch.manual_seed(0)
    ours, theirs = BothWays(3, 4), nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    for name, weights in theirs.named_parameters():
        half = ours.backwards if name.endswith("_reverse") else ours.forwards
        weights.data = half.get_parameter(name.removesuffix("_reverse")).data
    values, counts = torch.randn(3, 6, 3), torch.tensor([6, 1, 4])
    packed = pack_padded_sequence(values, counts, batch_first=True, enforce_sorted=False)
    expected = pad_packed_sequence(theirs(packed)[0], batch_first=True)[0]
    found = ours(values, counts)
    for row, count in enumerate(counts.tolist()):
        torch.testing.assert_close(found[row, :count], expected[row, :count])


def exclusive_or(
    clips: int, *, without_words: tuple[int, ...] = ()
) -> tuple[Sequences, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Clips whose label is known only to who knows both the word and the sound."""
    rng = np.random.default_rng(0)
    sound, word = rng.integers(0, 2, clips), rng.integers(0, 2, clips)
    frames = [np.full((3 + row % 3, 2), 2.0 * sound[row] - 1) + rng.normal(size=(3 + row % 3, 2)) * 0.1 for row in range(clips)]
    tokens = [np.full((1 + row % 2, 2), 2.0 * word[row] - 1).astype(np.float16) for row in range(clips)]
    for row in without_words:
        tokens[row] = tokens[row][:0]
    starts = np.concatenate([[0], np.cumsum([len(part) for part in frames])])
    return Sequences(np.concatenate(frames).astype(np.float16), starts, tokens, np.arange(clips)), sound ^ word


def test_it_learns_what_only_both_together_show_and_clips_without_words_are_masked() -> None:
    sequences, y = exclusive_or(60, without_words=(0, 59))
    rows = np.arange(60)
    classifier = AttentionClassifier(sequences, classes=2, training=QUICK, device="cpu")
    found = [
        classifier.fit_and_predict(y, labelled=rows[:40], unlabelled=rows[:0], tested=rows[40:], seed=seed) for seed in (1, 1)
    ]
    assert (found[0] == y[40:])[:-1].mean() > 0.9
    assert found[0].tolist() == found[1].tolist()


def test_with_one_label_to_learn_from_that_one_is_predicted() -> None:
    sequences, y = exclusive_or(6)
    rows = np.flatnonzero(y == 1)[:2]
    classifier = AttentionClassifier(sequences, classes=2, training=QUICK, device="cpu")
    found = classifier.fit_and_predict(y, labelled=rows, unlabelled=rows[:0], tested=np.arange(3), seed=0)
    assert found.tolist() == [1, 1, 1]
