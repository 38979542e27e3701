"""What a run's outlook holds for a team lead, in sentences: for the Progress page and the command line alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AGAINST = {"random": "labels taken at random", "logmel": "hand-made features (log-mel) on labels taken at random"}

Outlook = Mapping[str, Any] | None


def advice_in_words(outlook: Outlook) -> str:
    """Whether to stop, and why; nothing before there is an outlook."""
    stop = (outlook or {}).get("stop")
    if not stop:
        return ""
    head = {True: "You can stop labelling. ", False: "Go on labelling. "}.get(stop["stop"], "")
    return f"{head}{stop['why']}"


def forecast_in_words(outlook: Outlook) -> list[str]:
    """How many more decisions the next accuracies will take."""
    forecast = (outlook or {}).get("forecast")
    if not forecast:
        return []
    if not forecast["known"]:
        return [f"How many more decisions it takes to be better is not yet known: {forecast['why']}."]
    horizon, ahead = forecast.get("horizon"), forecast["ahead"]
    if not horizon:
        # Of a run by an earlier version; the next one tells.
        return []
    limit = _limit(**horizon)
    numbers = [target for target in forecast["targets"] if target["decisions"] is not None]
    # Of those that are out of reach the nearest says it all.
    beyond = [target for target in forecast["targets"] if target["decisions"] is None][:1]
    between = f"{ahead['ua_low']:.0%}–{ahead['ua_high']:.0%}"
    return [
        f"With {ahead['decisions']} more decisions UA is likely to be about {ahead['ua']:.0%} ({between}).",
        *(_target(target, limit) for target in [*numbers, *beyond]),
    ]


def _limit(*, decisions: int, all_left: bool, clips: int | None = None) -> str:
    if not all_left:
        return f"{decisions}"
    if clips in (None, decisions):
        return f"the {decisions} clips left"
    # Clips are answered several times.
    return f"the {decisions} that the {clips} clips left will take"


def _target(target: Mapping[str, Any], limit: str) -> str:
    to, low, high = f"{target['ua']:.0%} UA", target["low"], target["high"]
    if low is None:
        return f"{to} is not likely to be reached with {limit}."
    least = f"at least {low}" if low else "perhaps only a few"
    if target["decisions"] is None:
        return f"{to} takes {least} more decisions, and most likely more than {limit}."
    if high is None:
        return f"About {target['decisions']} more decisions to {to}; {least}, and perhaps more than {limit}."
    return f"About {target['decisions']} more decisions to {to} ({low}–{high})."


def saved_in_words(outlook: Outlook) -> list[str]:
    """How many times less data Earmark's order takes, against each way it was compared with."""
    saved = (outlook or {}).get("data_saved") or {}
    return [_saved(told, against) for name, against in _AGAINST.items() if (told := saved.get(name))]


def _saved(told: Mapping[str, Any], against: str) -> str:
    if not told["known"]:
        return f"Data saved against {against} is not yet known: {told['why']}."
    interval = f"({told['low']:.1f}–{told['high']:.1f})"
    at = f"UA {told['ua']:.2f} took {told['ours']:.0f} labels instead of {told['theirs']:.0f}"
    if told["low"] <= 1 <= told["high"]:
        return f"{told['times']:.1f} times less data {interval} than {against}, which may be chance: {at}."
    return f"{told['times']:.1f} times less data {interval} than {against}: {at}."


def more_clips_in_words(outlook: Outlook) -> str:
    """How many more random clips make the interval narrow; nothing where it is, or for runs that do not tell."""
    told = (outlook or {}).get("more_clips")
    if not told or told["clips"] == 0:
        return ""
    points = f"±{100 * told['wanted']:.0f} points"
    if told["clips"] is None:
        return (
            f"More random clips alone will not bring the interval to {points}: speakers differ too much, it takes more of them."
        )
    left = "" if told["enough_left"] else ", more than are left"
    return f"About {told['clips']} more random clips for {points}{left}."


def calibration_in_words(report: Mapping[str, Any]) -> str:
    """Whether confidence can be believed; nothing before there is an outlook."""
    told = report.get("calibration")
    if not told:
        return ""
    sure = "too sure" if told["temperature"] > 1 else "not sure enough"
    raw = f"As trained it is {sure}: its confidence is {100 * told['ece_raw']:.0f} points off on average"
    return f"{raw}, and {100 * told['ece']:.0f} after a temperature of {told['temperature']:.2f}."
