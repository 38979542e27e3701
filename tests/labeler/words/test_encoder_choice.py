"""`init`, `probe` and the page that sets a project up say which better encoder is there."""

from __future__ import annotations

import pytest

from labeler.words import encoder_choice
from labeler.words.encoder_choice import encoder_offers, offer_lines
from learner.encoders.base import BUILT_IN
from learner.encoders.whisper.packaged import INSTALL, PACKAGE


@pytest.mark.parametrize("installed", [True, False])
def test_an_offer_says_what_it_gains_and_how_to_get_it(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def found(package: str) -> object:
        asked.append(package)
        return object() if installed else None

    monkeypatch.setattr(encoder_choice, "find_spec", found)
    (offer,) = encoder_offers()
    (line,) = offer_lines(but_for=["bundled"])

    assert asked == [PACKAGE, PACKAGE]
    assert offer.name in BUILT_IN
    assert offer.install == (None if installed else INSTALL)
    assert offer.gain in line
    assert line.endswith("earmark embed --encoder whisper")
    assert (INSTALL in line) != installed


def test_what_is_used_already_is_not_offered() -> None:
    assert offer_lines(but_for=["bundled", "whisper"]) == []
