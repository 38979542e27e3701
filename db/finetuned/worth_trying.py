"""Whether fine-tuning on a project is possible, and worth its time, before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions
from db.models import Clip
from db.records.labels import active_labels
from db.records.portions import portions
from db.serving.random_slice import blind_answers, slice_answers, slice_clip_ids

LEAST_EACH = 5
"""Labelled clips that each of two labels needs: with fewer, hardly a fold has examples of both."""
ENOUGH_EACH = 100
"""Labelled clips of the rarest label from which on it is worth trying.

docs/fine-tuning.md: with 61 clips a label (EmoDB, `bundled`) V-FT gave .929 where the head gives .914, which is not shown to be
better (+.015, -.008 to +.049), and 25 a label are a quarter of what a head needs no network for. The papers that the recipes come
from fine-tune on some thousand clips of four labels.
"""
ENOUGH_TESTED = 100
"""Labelled clips of the random slice from which on a difference of some hundredths can show at all."""


@dataclass(frozen=True)
class Labelled:
    """What decisions there are.

    Args:
        per_label: labelled clips of each active label.
        tested: labelled clips of the random slice.
        speakers: speakers of the labelled clips; None stands for unknown ones.
    """

    per_label: Mapping[str, int]
    tested: int
    speakers: Collection[str | None]


@dataclass(frozen=True)
class WorthTrying:
    """The answer."""

    possible: bool
    """Whether there is enough to train and to score anything."""
    worth: bool
    """Whether there is enough for a gain to be likely, and to show."""
    sentence: str


def labelled_now(session: Session) -> Labelled:
    """The decisions as they stand."""
    live, active = live_decisions(session), active_labels(session)
    names = {label.id: label.name for label in active}
    labels = {clip: names[label] for clip, label in consensus_labels(live).items() if label in names}
    counts = Counter(labels.values())
    in_slice, of_slice = slice_clip_ids(session, answered=blind_answers(live)), consensus_labels(slice_answers(live))
    speakers: set[str | None] = set()
    for some in portions(sorted(labels)):
        speakers.update(session.scalars(select(Clip.speaker).where(Clip.id.in_(some)).distinct()))
    return Labelled(
        per_label={name: counts[name] for name in names.values()},
        tested=sum(of_slice.get(clip) in names for clip in in_slice),
        speakers=speakers,
    )


def worth_trying(found: Labelled) -> WorthTrying:
    """Whether to fine-tune on these decisions: `LEAST_EACH`, `ENOUGH_EACH` and `ENOUGH_TESTED` say why."""
    impossible = _why_impossible(found)
    if impossible is not None:
        return WorthTrying(possible=False, worth=False, sentence=impossible)
    present = {name: clips for name, clips in found.per_label.items() if clips}
    rarest = min(present, key=lambda name: present[name])
    if present[rarest] < ENOUGH_EACH:
        return WorthTrying(
            possible=True,
            worth=False,
            sentence=f"Fine-tuning is not worth trying yet: label {rarest!r} has {_clips(present[rarest])}, and with fewer than "
            f"{ENOUGH_EACH} of each label a gain is not likely.",
        )
    if found.tested < ENOUGH_TESTED:
        return WorthTrying(
            possible=True,
            worth=False,
            sentence=f"Fine-tuning is not worth trying yet: the random slice has {_clips(found.tested)}, and on fewer than "
            f"{ENOUGH_TESTED} a gain can hardly show.",
        )
    return WorthTrying(
        possible=True,
        worth=True,
        sentence=f"Fine-tuning is worth a try: every label has at least {_clips(present[rarest])}. It may still be no "
        "better than the usual classifier, which it is compared with.",
    )


def _why_impossible(found: Labelled) -> str | None:
    present = {name: clips for name, clips in found.per_label.items() if clips}
    total = sum(present.values())
    if not total:
        return "There is no labelled clip to fine-tune on yet; label some first, with `earmark serve`."
    if len(present) == 1:
        (only,) = present
        return f"All labelled clips ({total}) have the label {only!r}; label clips of a second label first."
    if sum(clips >= LEAST_EACH for clips in present.values()) < 2:
        counts = ", ".join(f"{name} {clips}" for name, clips in present.items())
        return f"There are too few labelled clips to fine-tune on ({counts}); label at least {LEAST_EACH} of each of two labels."
    if not found.tested:
        return (
            "The random slice has no labelled clip yet, so a fine-tuned network could not be scored; "
            "label on with `earmark serve`, which mixes in clips of the slice."
        )
    if len(found.speakers) == 1 and None not in found.speakers:
        (speaker,) = found.speakers
        return (
            f"All labelled clips are of one speaker, {speaker!r}, so a network could not be scored on another one; "
            "label clips of a second speaker, or import the speakers that the clips have."
        )
    return None


def _clips(number: int) -> str:
    return "1 labelled clip" if number == 1 else f"{number} labelled clips"
