"""What can be had beside the features in use, what it gains, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from db.records.features import FeaturesInUse
from labeler.words import better_features as words
from labeler.words.better_features import better_features
from labeler.words.encoder_choice import BUNDLED_RELEASES, Measured
from learner.features.bundled_weights import bundled_revision

IN_USE = FeaturesInUse(
    feature_set_id=1, encoder="bundled", revision="old", clips=4000, seconds=9000.0, embedded=4000, is_renewal_asked=False
)


@pytest.fixture(autouse=True)
def releases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two releases of the bundled encoder."""
    figures = {"old": Measured(0.771, 0.605, 0.885, speed=142), "new": Measured(0.86, 0.7, 0.9, speed=100)}
    monkeypatch.setattr(words, "BUNDLED_RELEASES", figures)
    monkeypatch.setattr(words, "newest_bundled", lambda: figures["new"])


def test_the_weights_in_the_repository_are_the_newest_that_are_known() -> None:
    """Whoever trains new ones adds them, with their figures, so that old projects can say what they gain."""
    assert [*BUNDLED_RELEASES][-1] == bundled_revision()


def test_newer_weights_say_what_they_gain_and_cost() -> None:
    renewal, whisper = better_features(IN_USE, chosen="bundled", bundled="new")
    assert (renewal.what, renewal.command) == (
        "The encoder bundled has learned more since these features were made.",
        "earmark embed --encoder bundled",
    )
    assert renewal.gain == (
        "For new speakers it gets 86% of EmoDB's emotions right (before: 77%), 70% of RAVDESS's (61%), and 90% of the sounds of "
        "ESC-10 (89%)."
    )
    assert renewal.costs == (
        "All 4000 clips (2.5 hours of audio) are encoded anew, which takes about 2 minutes at the speed that was measured on one "
        "core (100 times real time).",
        "Clips that you add get no features until then, since the weights of the others are gone.",
    )
    assert (whisper.encoder, whisper.is_renewal) == ("whisper", False)


def test_clips_without_features_are_counted() -> None:
    renewal, _ = better_features(replace(IN_USE, embedded=3997), chosen="bundled", bundled="new")
    assert renewal.costs[-1].startswith("3 clips cannot get features until then")


@pytest.mark.parametrize(("made_by", "now"), [("new", "old"), ("of somebody", "new")])
def test_weights_that_are_not_known_to_be_better_are_not_praised(made_by: str, now: str) -> None:
    renewal, _ = better_features(replace(IN_USE, revision=made_by), chosen="bundled", bundled=now)
    assert (renewal.what, renewal.gain) == ("The encoder bundled has other weights since these features were made.", "")


@pytest.mark.parametrize(
    ("in_use", "chosen", "offered"),
    [
        (replace(IN_USE, revision="new"), "bundled", ["whisper"]),
        (replace(IN_USE, embedded=0), "bundled", ["whisper"]),
        (replace(IN_USE, encoder="logmel"), "logmel", ["whisper"]),
        (replace(IN_USE, encoder="whisper"), "whisper", []),
        (IN_USE, "whisper", []),
        (replace(IN_USE, encoder="facebook/wav2vec2-base"), "facebook/wav2vec2-base", []),
        (None, "bundled", ["whisper"]),
    ],
    ids=["same weights", "no vectors", "logmel", "whisper", "whisper on its way", "not measured beside it", "new project"],
)
def test_only_what_was_measured_to_be_better_is_offered(in_use: FeaturesInUse | None, chosen: str, offered: list[str]) -> None:
    assert [each.encoder for each in better_features(in_use, chosen=chosen, bundled="new")] == offered
