"""That better features than those in use can be had, what they gain, and what they cost: the same for pages and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.records.features import FeaturesInUse
from labeler.words.encoder_choice import BUNDLED_RELEASES, OUTDONE, encoder_offers, gain, newest_bundled
from labeler.words.run import counted
from labeler.words.time_left import duration

BUNDLED = "bundled"
WHAT_STAYS = (
    "Answers and labels stay. The old features stay in use until all new ones are there; then the learner makes its run again."
)


@dataclass(frozen=True)
class BetterFeatures:
    """Features that a project could have."""

    encoder: str
    """What `--encoder` takes."""
    is_renewal: bool
    """Whether they are by the encoder in use, which has other weights now."""
    what: str
    """What is there, as a sentence."""
    gain: str
    """As a sentence; empty if it is not known."""
    costs: tuple[str, ...]
    """Sentences; `WHAT_STAYS` is true of all besides."""
    seconds: float
    """That encoding takes, at the speed that was measured on one core."""
    install: str | None
    """The command that must be run before; None where nothing lacks."""

    @property
    def command(self) -> str:
        """The command that makes them."""
        return f"earmark embed --encoder {self.encoder}"

    @property
    def how(self) -> str:
        """The commands, in a phrase."""
        return f"`{self.command}`" if self.install is None else f"`{self.install}`, then `{self.command}`"


def better_features(in_use: FeaturesInUse | None, *, chosen: str, bundled: str) -> list[BetterFeatures]:
    """All there are for a project, those of the encoder that it has already first.

    Args:
        in_use: its features; None before the first ones.
        chosen: the encoder that it is to have, by its settings or else by its features.
        bundled: the revision of the bundled encoder.
    """
    found = [] if in_use is None or chosen != BUNDLED else _renewal(in_use, bundled)
    return found + [
        BetterFeatures(
            encoder=offer.name,
            is_renewal=False,
            what=f"The encoder {offer.name} may need far fewer labels.",
            gain=offer.gain,
            costs=(offer.cost, *_costs(in_use, speed=offer.speed)),
            seconds=_seconds(in_use, speed=offer.speed),
            install=offer.install,
        )
        for offer in encoder_offers()
        if chosen in OUTDONE
    ]


def made_by_other_weights(made_with: Mapping[str, Any], *, bundled: str) -> bool:
    """Whether other weights of the bundled encoder than those with the revision `bundled` made a feature set, by its settings."""
    return made_with.get("encoder") == BUNDLED and made_with.get("revision") != bundled


def _renewal(in_use: FeaturesInUse, bundled: str) -> list[BetterFeatures]:
    made_with = {"encoder": in_use.encoder, "revision": in_use.revision}
    if not in_use.embedded or not made_by_other_weights(made_with, bundled=bundled):
        return []
    newest, old = newest_bundled(), BUNDLED_RELEASES.get(in_use.revision or "")
    is_better = old is not None and bundled == [*BUNDLED_RELEASES][-1]
    what = "The encoder bundled has learned more" if is_better else "The encoder bundled has other weights"
    lacking = (
        f"{counted(in_use.without, 'clip')} cannot get features until then, since the weights of the others are gone."
        if in_use.without
        else "Clips that you add get no features until then, since the weights of the others are gone."
    )
    return [
        BetterFeatures(
            encoder=BUNDLED,
            is_renewal=True,
            what=f"{what} since these features were made.",
            gain=gain(newest, old, of_old="before") if is_better and old is not None else "",
            costs=(*_costs(in_use, speed=newest.speed), lacking),
            seconds=_seconds(in_use, speed=newest.speed),
            install=None,
        )
    ]


def _seconds(in_use: FeaturesInUse | None, *, speed: float) -> float:
    return 0.0 if in_use is None else in_use.seconds / speed


def _costs(in_use: FeaturesInUse | None, *, speed: float) -> tuple[str, ...]:
    if in_use is None or not in_use.clips:
        return ()
    return (
        f"All {counted(in_use.clips, 'clip')} ({_length(in_use.seconds)} of audio) are encoded anew, which takes "
        f"{duration(_seconds(in_use, speed=speed))} at the speed that was measured on one core ({speed:.0f} times real time).",
    )


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 90 * 60 else f"{seconds / 3600:.1f} hours"
