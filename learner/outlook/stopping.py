"""When to stop labelling: three signs that have to come together, each with its reason in words.

The forecast is flat, the predictions on unlabelled clips no longer change, and no rare class turned up recently. Each sign alone
can mislead: a curve is flat before a new class is found, and wrong predictions can be stable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from db.reports import Forecast, StopAdvice, StopSign
from learner.outlook.forecast import Laws

FLAT_GAIN, FLAT_MOST = 0.01, 0.02
"""The curve counts as flat if `AHEAD` times as many labels bring no more UA than this: in the median, and at most."""
AHEAD = 1.25
"""Times today's labels: how many labels the accuracy is forecast for, and the curve is called flat or not."""
STABLE = 0.95
"""Least mean kappa of successive runs."""
RARE = 0.5
"""A label is rare if it has less than this share of an even share of the labelled clips."""
WINDOW, WINDOW_SHARE = 30, 0.1
"""The last decisions, which must have found no rare class: so many, or this share of all if that is more."""


def flat_sign(laws: Laws | None, forecast: Forecast) -> StopSign:
    """Whether more labels would hardly help.

    What more decisions bring is read from the forecast, as everything else that is reported about them. That it is not much more
    by chance follows from the laws alone: what is measured later is off them, whether the curve is flat or not.
    """
    if laws is None:
        return StopSign(name="flat", met=None, why="The curve is too short for a forecast.")
    if forecast.ahead is None or forecast.now is None:
        return StopSign(name="flat", met=True, why="Hardly any clips are left that could raise UA.")
    gain = max(forecast.ahead.ua - forecast.now, 0.0)
    ua = laws.ua_at(np.array([laws.today, laws.today * AHEAD]))
    most = max(float(np.quantile(ua[:, 1] - ua[:, 0], 0.95)), gain)
    met = gain <= FLAT_GAIN and most <= FLAT_MOST
    perhaps = f", but perhaps by {100 * most:.1f}" if gain <= FLAT_GAIN and not met else ""
    more = "1 more decision" if forecast.ahead.decisions == 1 else f"{forecast.ahead.decisions} more decisions"
    return StopSign(
        name="flat",
        met=met,
        why=f"{more} would raise UA by about {100 * gain:.1f} points{perhaps}.",
    )


def stable_sign(kappas: Sequence[float]) -> StopSign:
    """Whether successive runs predict the same for unlabelled clips."""
    if not kappas:
        return StopSign(name="stable", met=None, why="There are too few runs, or too few clips left, to compare predictions.")
    mean = float(np.mean(kappas))
    return StopSign(
        name="stable",
        met=mean >= STABLE,
        why=f"Successive runs agree on unlabelled clips with a kappa of {mean:.2f} ({STABLE} counts as stable).",
    )


def rare_sign(labels_in_order: Sequence[int], label_ids: Sequence[int], label_names: Sequence[str]) -> StopSign:
    """Whether rare classes have stopped turning up.

    Args:
        labels_in_order: label id of each labelling decision, oldest first.
    """
    counts = Counter(labels_in_order)
    names = dict(zip(label_ids, label_names, strict=True))
    missing = [names[label] for label in label_ids if not counts[label]]
    if missing:
        return StopSign(name="rare", met=False, why=f"No example of {_listed(missing)} has been found yet.")
    rare = {label for label in label_ids if counts[label] < RARE * len(labels_in_order) / len(label_ids)}
    if not rare:
        return StopSign(name="rare", met=True, why="No label is rare.")
    window = max(WINDOW, round(WINDOW_SHARE * len(labels_in_order)))
    found = [label for label in labels_in_order[-window:] if label in rare]
    named = _listed([names[label] for label in label_ids if label in rare])
    if len(labels_in_order) < 2 * window:
        return StopSign(name="rare", met=None, why=f"There are too few answers to know whether more of {named} will be found.")
    why = f"{len(found) or 'None'} of the last {window} answers gave a rare label ({named})."
    return StopSign(name="rare", met=not found, why=why)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def stop_advice(signs: Sequence[StopSign], *, left: int) -> StopAdvice:
    """The advice that follows from the signs.

    Args:
        left: clips that nobody has answered.
    """
    stop, why = _advice(signs, left)
    return StopAdvice(stop=stop, why=why, signs=list(signs))


def _advice(signs: Sequence[StopSign], left: int) -> tuple[bool | None, str]:
    reasons = " ".join(sign.why for sign in signs)
    if not left:
        return True, "Every clip has an answer."
    if all(sign.met for sign in signs):
        return True, f"All three signs show that more labels will hardly help. {reasons}"
    against = " ".join(sign.why for sign in signs if sign.met is False)
    if against:
        return False, f"More labels are likely to help. {against}"
    unknown = " ".join(sign.why for sign in signs if sign.met is None)
    return None, f"It is not yet known whether more labels will help. {unknown}"
