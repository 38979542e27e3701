"""Whether fine-tuning on a project is possible, and worth its time, before anything is trained."""

from __future__ import annotations

import math
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
ENOUGH_EACH = 25
"""Labelled clips of the rarest label: with fewer nothing was measured.

docs/fine-tuning.md, V-FT of `bundled`: with 25 clips of each label it changed the UA by +.016 (-.002 to +.034) on EmoDB and by
-.029 (-.043 to -.015) on RAVDESS; with all of EmoDB, 61 clips of each label, by +.015 (-.008 to +.049). So more labels did not
help it more, and nothing that a project knows beforehand says on which side it will be.
"""
ENOUGH_TESTED = 400
"""Labelled clips of the random slice from which on a gain as large as the measured ones can show.

On the 535 clips of EmoDB the interval of that difference is .018 on either side; it shrinks with the root of their number.
"""
_HALF_WIDTH, _MEASURED_ON = 0.018, 535


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
    too_early = _why_too_early(found)
    if too_early is not None:
        return WorthTrying(possible=True, worth=False, sentence=f"Fine-tuning is not worth trying yet: {too_early}")
    return WorthTrying(
        possible=True,
        worth=True,
        sentence=f"Fine-tuning is worth a try: every label has at least {_clips(_rarest(found)[1])}, and a gain of about "
        f"{_visible(found)} can show. It may as well be worse: with the encoder bundled it gained 0.02 on EmoDB and lost 0.03 on "
        "RAVDESS.",
    )


def _rarest(found: Labelled) -> tuple[str, int]:
    """The label in use with the fewest clips, and how many."""
    return min(((name, clips) for name, clips in found.per_label.items() if clips), key=lambda each: each[1])


def _visible(found: Labelled) -> str:
    """About how large a gain must be to show on so many tested clips."""
    return f"{_HALF_WIDTH * math.sqrt(_MEASURED_ON / found.tested):.2f}"


def _why_too_early(found: Labelled) -> str | None:
    rarest, clips = _rarest(found)
    if clips < ENOUGH_EACH:
        return f"label {rarest!r} has {_clips(clips)}; wait until each label has {ENOUGH_EACH}."
    if found.tested < ENOUGH_TESTED:
        return (
            f"the random slice has {_clips(found.tested)}, on which a gain below about {_visible(found)} cannot show, "
            f"and 0.02 is the most that it gained on corpora; wait until the slice has {ENOUGH_TESTED}."
        )
    return None


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
